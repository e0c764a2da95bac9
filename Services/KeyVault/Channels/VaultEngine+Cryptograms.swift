import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI

/// Which keys a card holds, found out without authenticating to it.
extension VaultEngine {
    public func hostChallenge(_ request: HostChallengeRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> HostChallenge {
        try await perform(VaultCall(.hostChallenge, caller.identity), caller) { call, _ in
            guard request.keyVersionNumber != 0 else { throw KeyVaultError(.invalidRequest, "key version 0 leaves the choice to the card and is not allowed") }
            guard request.length == 8 || request.length == 16 else { throw KeyVaultError(.invalidRequest, "host challenges have 8 or 16 bytes, not \(request.length)") }
            let id = environment.uuid()
            let challenge = try environment.publicRandom.bytes(request.length)
            let now = milliseconds
            let expiry = now + Int64(settings.limits.hostChallengeLifetime) * 1000
            call.detail = "challenge \(id)"
            try await commit(call) { db in
                try db.run("DELETE FROM host_challenge WHERE expires_at <= ?", [now])
                try db.run(
                    "INSERT INTO host_challenge (id, caller, key_version_number, challenge, expires_at) VALUES (?, ?, ?, ?, ?)",
                    [id, caller.identity, Int(request.keyVersionNumber), Data(challenge), expiry])
            }
            return HostChallenge(
                challengeId: id, initializeUpdate: HexBytes(SCP03HostSession.initializeUpdate(kvn: request.keyVersionNumber, hostChallenge: challenge).bytes))
        }
    }

    public func verifyCryptogram(_ request: VerifyCryptogramRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        try await perform(VaultCall(.verifyCryptogram, caller.identity, keys: request.candidates.prefix(64).map(\.name)), caller) { call, sealer in
            // Used up whatever comes of it, and before anything is computed.
            let (challenge, version) = try await takeChallenge(request.challengeId, caller)
            guard (1...64).contains(request.candidates.count) else { throw KeyVaultError(.invalidRequest, "1 to 64 candidates are expected") }
            let response = try InitializeUpdateResponse(ResponseAPDU(bytes: request.initializeUpdateResponse.bytes))
            guard response.keyVersionNumber == version else {
                throw KeyVaultError(.invalidRequest, "the card answered with key version \(Hex.encode([response.keyVersionNumber])), asked for was \(Hex.encode([version]))")
            }
            guard response.parameter.challengeLength == challenge.count else {
                throw KeyVaultError(.invalidRequest, "the card uses challenges of \(response.parameter.challengeLength) bytes, the host challenge has \(challenge.count)")
            }
            var answer = VerifyCryptogramAnswer(
                matched: nil, keyVersionNumber: response.keyVersionNumber, scpParameter: response.parameter.rawValue,
                keyDiversificationData: HexBytes(response.keyDiversificationData), sequenceCounter: nil)
            for candidate in request.candidates {
                let keys = try await staticKeys(candidate, for: .verifyCryptogram, keyVersionNumber: nil, sealer)
                guard try SCP03HostSession.verifies(response, hostChallenge: challenge, staticKeys: keys) else { continue }
                answer.matched = candidate
                answer.sequenceCounter = try provenCounter(response, keys, request.securityDomain)
                break
            }
            call.detail = answer.matched.map { "matched \($0.name)" } ?? "no match"
            try await commit(call) { _ in }
            return answer
        }
    }

    private func takeChallenge(_ id: String, _ caller: VaultCaller) async throws -> (challenge: [UInt8], keyVersionNumber: UInt8) {
        let now = milliseconds
        return try await store.write { db -> (challenge: [UInt8], keyVersionNumber: UInt8)? in
            guard let row = try db.row("SELECT * FROM host_challenge WHERE id = ? AND caller = ?", [id, caller.identity]),
                  let version = UInt8(exactly: row["key_version_number"] as Int)
            else { throw KeyVaultError(.challengeUnknown, "there is no such host challenge; each serves once and for a limited time: draw another") }
            try db.run("DELETE FROM host_challenge WHERE id = ?", [id])
            guard (row["expires_at"] as Int64) > now else { return nil }
            return (row.bytes("challenge"), version)
        }.orThrow(KeyVaultError(.challengeUnknown, "the host challenge has expired: draw another"))
    }
}

extension Optional {
    fileprivate func orThrow(_ error: KeyVaultError) throws(KeyVaultError) -> Wrapped {
        guard let self else { throw error }
        return self
    }
}
