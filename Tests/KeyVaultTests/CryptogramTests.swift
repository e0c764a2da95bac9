import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct CryptogramTests {
    private func verify(_ vault: TestVault, _ card: inout TestCard, _ candidates: [KeyReference], length: Int = 8) async throws -> VerifyCryptogramAnswer {
        let challenge = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30, length: length))
        return try await vault.vault.verifyCryptogram(
            VerifyCryptogramRequest(
                challengeId: challenge.challengeId, initializeUpdateResponse: HexBytes(try card.transmit(challenge.initializeUpdate.bytes)),
                securityDomain: .issuerSecurityDomain, candidates: candidates))
    }

    @Test(arguments: [(0x70, 8), (0x60, 8), (0x71, 16)] as [(UInt8, Int)]) func theRightCandidateIsFound(parameter: UInt8, length: Int) async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(32)
        let wrong = try await vault.importKnown(randomKeys(32), version: 0x30, purpose: .supplementarySecurityDomain)
        let right = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        _ = try await vault.vault.changeState(ofKeySet: right.id, ChangeKeySetStateRequest(state: .retired))
        var card = TestCard(keys, version: 0x30, parameter: parameter)
        card.counters[0x30] = SequenceCounter(8)
        let answer = try await verify(vault, &card, [.keySet(id: wrong.id), .keySet(id: right.id)], length: length)
        #expect(answer.matched == .keySet(id: right.id) && answer.keyVersionNumber == 0x30 && answer.scpParameter == parameter)
        #expect(answer.sequenceCounter == (parameter & 0x10 != 0 ? HexBytes([0, 0, 9]) : nil))
        #expect(answer.keyDiversificationData.bytes == Array(0...9))
        #expect(try await verify(vault, &card, [.keySet(id: wrong.id)], length: length).matched == nil)
        // No authentication was attempted.
        #expect(try await vault.vault.keySet(id: right.id).unprovenAuthentications == 0)
        try await vault.stop()
    }

    @Test func aChallengeServesOnce() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        var card = TestCard(keys, version: 0x30)
        let challenge = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        let answer = HexBytes(try card.transmit(challenge.initializeUpdate.bytes))
        let request = VerifyCryptogramRequest(
            challengeId: challenge.challengeId, initializeUpdateResponse: answer, securityDomain: .issuerSecurityDomain, candidates: [.keySet(id: set.id)])
        try await vault.restart()
        #expect(try await vault.vault.verifyCryptogram(request).matched != nil)
        #expect(await refusal { try await vault.vault.verifyCryptogram(request) } == .challengeUnknown)
        // Used up by a failure, too.
        let second = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        var other = request
        other.challengeId = second.challengeId
        other.initializeUpdateResponse = HexBytes([0x6A, 0x88])
        #expect(await refusal { try await vault.vault.verifyCryptogram(other) } == .invalidRequest)
        #expect(await refusal { try await vault.vault.verifyCryptogram(other) } == .challengeUnknown)
        try await vault.stop()
    }

    @Test func challengesExpire() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        for (seconds, expected) in [(299.0, nil), (300.0, KeyVaultError.Code.challengeUnknown)] {
            var card = TestCard(keys, version: 0x30)
            let challenge = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
            let answer = HexBytes(try card.transmit(challenge.initializeUpdate.bytes))
            vault.advance(seconds: seconds)
            let code = await refusal {
                try await vault.vault.verifyCryptogram(
                    VerifyCryptogramRequest(
                        challengeId: challenge.challengeId, initializeUpdateResponse: answer, securityDomain: .issuerSecurityDomain, candidates: [.keySet(id: set.id)]))
            }
            #expect(code == expected)
        }
        try await vault.stop()
    }

    @Test func whatIsRefused() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        #expect(await refusal { try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0)) } == .invalidRequest)
        #expect(await refusal { try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30, length: 12)) } == .invalidRequest)
        var card = TestCard(keys, version: 0x30)
        #expect(await refusal { try await verify(vault, &card, []) } == .invalidRequest)
        #expect(await refusal { try await verify(vault, &card, [.keySet(id: set.id)], length: 16) } == .invalidRequest)
        let other = try vault.engine.as(VaultCaller(identity: "spiffe://x.example/y", roles: [.channelOpener]))
        let challenge = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        let request = VerifyCryptogramRequest(
            challengeId: challenge.challengeId, initializeUpdateResponse: HexBytes(try card.transmit(challenge.initializeUpdate.bytes)),
            securityDomain: .issuerSecurityDomain, candidates: [.keySet(id: set.id)])
        #expect(await refusal { try await other.verifyCryptogram(request) } == .challengeUnknown)
        #expect(try await vault.vault.verifyCryptogram(request).matched != nil)
        _ = try await vault.vault.changeState(ofKeySet: set.id, ChangeKeySetStateRequest(state: .retired))
        _ = try await vault.vault.changeState(ofKeySet: set.id, ChangeKeySetStateRequest(state: .destroyed))
        #expect(await refusal { try await verify(vault, &card, [.keySet(id: set.id)]) } == .wrongState)
        try await vault.stop()
    }
}
