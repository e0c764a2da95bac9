import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Which keys a card holds, found out without authenticating to it.
extension VaultEngine {
    public func hostChallenge(_ request: HostChallengeRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> HostChallenge {
        try await perform(VaultCall(.hostChallenge, caller.identity), caller) { call in
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

    /// The challenge is used up whatever comes of it.
    public func verifyCryptogram(_ request: VerifyCryptogramRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        let call = VaultCall(.verifyCryptogram, caller.identity, keys: request.candidates.prefix(64).map(\.name))
        return try await transact(keeping: call, caller) { work, call in
            let (challenge, version) = try work.takeChallenge(request.challengeId)
            do {
                guard let challenge else { throw KeyVaultError(.challengeUnknown, "the host challenge has expired: draw another") }
                return .success(try work.verifyCryptogram(request, challenge, version, &call))
            } catch let error as DatabaseError {
                throw error
            } catch {
                return .failure(KeyVaultError(mapping: error))
            }
        }
    }
}

extension VaultWork {
    fileprivate func verifyCryptogram(_ request: VerifyCryptogramRequest, _ challenge: [UInt8], _ version: UInt8, _ call: inout VaultCall) throws -> VerifyCryptogramAnswer {
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
            let keys = try staticKeys(candidate, for: .verifyCryptogram, keyVersionNumber: nil)
            guard try SCP03HostSession.verifies(response, hostChallenge: challenge, staticKeys: keys) else { continue }
            answer.matched = candidate
            answer.sequenceCounter = try provenCounter(response, keys, request.securityDomain)
            break
        }
        call.detail = answer.matched.map { "matched \($0.name)" } ?? "no match"
        return answer
    }

    /// - Returns: no challenge once it has expired.
    fileprivate func takeChallenge(_ id: String) throws -> (challenge: [UInt8]?, keyVersionNumber: UInt8) {
        guard let row = try db.row("SELECT * FROM host_challenge WHERE id = ? AND caller = ?", [id, caller.identity]),
              let version = UInt8(exactly: row["key_version_number"] as Int)
        else { throw KeyVaultError(.challengeUnknown, "there is no such host challenge; each serves once and for a limited time: draw another") }
        try db.run("DELETE FROM host_challenge WHERE id = ?", [id])
        return ((row["expires_at"] as Int64) > milliseconds ? row.bytes("challenge") : nil, version)
    }
}
