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

    init(_ audience: TokenAudience) {
        switch audience {
        case .provider: self = .providerToken
        case .handset: self = .handsetToken
        }
    }

    func key(_ sealer: Sealer, _ db: Database) throws -> (key: ECPrivateKey, id: String) {
        guard let row = try db.row("SELECT key_id, sealed FROM signing_key WHERE purpose = ?", [rawValue]) else {
            throw KeyVaultError(.internalError, "the signing key \(rawValue) is missing from the store")
        }
        return (try ECPrivateKey(pkcs8: sealer.openSecret(row.bytes("sealed"), row: rawValue, .signingKey)), row["key_id"])
    }
}

extension VaultEngine {
    /// Makes the keys that do not exist yet.
    func makeSigningKeys(_ sealer: Sealer) async throws {
        let present = try await read { db in Set(try SigningPurpose.allCases.filter { try db.row("SELECT 1 FROM signing_key WHERE purpose = ?", [$0.rawValue]) != nil }) }
        for purpose in SigningPurpose.allCases where !present.contains(purpose) {
            let key = try ECPrivateKey.generate(on: .p256)
            let publicKey = try key.publicKey.subjectPublicKeyInfo()
            let identifier = Hex.encode(try AttestationContent.subjectKeyIdentifier(ofPublicKey: key.publicKey.point()))
            let sealed = try sealer.seal(key.pkcs8(), row: purpose.rawValue, .signingKey)
            let now = milliseconds
            var call = VaultCall(.maintenance, "vault", keys: ["signing:\(purpose.rawValue)"])
            call.detail = "made signing key \(identifier)"
            try await commit(call) { db in
                try db.run(
                    "INSERT INTO signing_key (purpose, key_id, public_key, sealed, created_at) VALUES (?, ?, ?, ?, ?)",
                    [purpose.rawValue, identifier, Data(publicKey), Data(sealed), now])
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
