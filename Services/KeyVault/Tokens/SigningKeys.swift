import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// A signing key of the vault's own: made once, never exported, one for each purpose.
enum SigningPurpose: String, Sendable, CaseIterable {
    case attestation
    case providerToken = "provider-token"
    case handsetToken = "handset-token"
    /// Anchors of the audit log.
    case audit

    init(_ audience: TokenAudience) {
        switch audience {
        case .provider: self = .providerToken
        case .handset: self = .handsetToken
        }
    }
}

/// A signing key at work.
struct SigningKey {
    let description: SigningKeyDescription
    let publicKey: ECPublicKey
    fileprivate let held: SecretBytes
    fileprivate let backend: any KeyBackend

    var id: String { description.keyId }

    /// ECDSA with SHA-256.
    func signature(of message: [UInt8]) throws -> ECDSASignature { try backend.sign(message, with: held) }
}

extension VaultWork {
    func signingKey(_ purpose: SigningPurpose) throws -> SigningKey {
        guard let row = try db.row("SELECT key_id, public_key, sealed FROM signing_key WHERE purpose = ?", [purpose.rawValue]) else {
            throw KeyVaultError(.internalError, "the signing key \(purpose.rawValue) is missing from the store")
        }
        return SigningKey(
            description: SigningKeyDescription(keyId: row["key_id"], subjectPublicKeyInfo: HexBytes(row.bytes("public_key"))),
            publicKey: try ECPublicKey(subjectPublicKeyInfo: row.bytes("public_key")),
            held: try sealer.openSecret(row.bytes("sealed"), row: purpose.rawValue, .signingKey), backend: backend)
    }
}

extension VaultEngine {
    /// Makes the keys that do not exist yet.
    func makeSigningKeys(_ sealer: Sealer) async throws {
        let present = try await read { db in Set(try SigningPurpose.allCases.filter { try db.row("SELECT 1 FROM signing_key WHERE purpose = ?", [$0.rawValue]) != nil }) }
        for purpose in SigningPurpose.allCases where !present.contains(purpose) {
            let (held, key) = try await offLoop { [backend] in
                let made = try backend.makeSigningKey(purpose.rawValue)
                return (made.held, made.publicKey)
            }
            let publicKey = try key.subjectPublicKeyInfo()
            let identifier = Hex.encode(try AttestationContent.subjectKeyIdentifier(ofPublicKey: key.point()))
            let now = milliseconds
            var call = VaultCall(.maintenance, "vault", keys: ["signing:\(purpose.rawValue)"])
            call.detail = "made signing key \(identifier)"
            do {
                try await commit(call) { db in
                    try db.run(
                        "INSERT INTO signing_key (purpose, key_id, public_key, sealed, created_at) VALUES (?, ?, ?, ?, ?)",
                        [purpose.rawValue, identifier, Data(publicKey), Data(try sealer.seal(held, row: purpose.rawValue, .signingKey)), now])
                }
            } catch {
                try await offLoop { [backend] in try backend.discard(held) }
                throw error
            }
        }
    }

    func signingKeyDescription(_ purpose: SigningPurpose) async throws -> SigningKeyDescription {
        let found = try await read { db in
            try db.row("SELECT key_id, public_key FROM signing_key WHERE purpose = ?", [purpose.rawValue])
                .map { SigningKeyDescription(keyId: $0["key_id"], subjectPublicKeyInfo: HexBytes($0.bytes("public_key"))) }
        }
        guard let found else { throw KeyVaultError(.internalError, "the signing key \(purpose.rawValue) is missing from the store") }
        return found
    }
}
