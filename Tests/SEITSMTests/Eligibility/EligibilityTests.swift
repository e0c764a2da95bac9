import GlobalPlatform
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

@Suite struct EligibilityTests {
    @Test(arguments: [CardProfile.eSE, .eSERandom]) func genuineComponentIsEligible(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.addCard(profile: profile)
            let verdict = try await bench.prove(card)
            #expect(verdict.eligible)
            #expect(verdict.reason == nil)
            let component = try #require(verdict.secureComponent)
            #expect(component.id == "42001799" + "0001")
            #expect(component.profileId == IssuerBench.profile)
            #expect(component.scpParameter == profile.scp03Options[0])
            #expect(component.accessRuleApplication == .accessRuleApplicationMaster)
            // The counter is the one that INITIALIZE UPDATE used; a card with random challenges has none to rely on.
            #expect(component.sequenceCounter == (profile == .eSE ? try card.counter() : nil))
            #expect(try await bench.desk.secureComponent(card.id) == component)
        }
    }

    @Test func commandsAreInTheOrderThatAnyCardAnswers() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            let instructions = challenge.commands.map { Hex.encode($0.bytes.prefix(4)) }
            #expect(instructions == ["00a40400", "80ca0042", "80ca0045", "80ca0066", "80ca00e0", "80ca00c1", "80503000", "80ca9f7f"])
            #expect(challenge.issuerSecurityDomain == .issuerSecurityDomain)
        }
    }

    @Test func cardWithOtherKeysIsNotBelieved() async throws {
        try await withBench { bench in
            let real = try await bench.addCard()
            let clone = try BenchCard(master: [UInt8](repeating: 0x11, count: 16))
            #expect(clone.id == real.id)
            await #expect(throws: SEIError.self) { try await bench.prove(clone) }
            do {
                _ = try await bench.prove(clone)
            } catch let error as SEIError {
                #expect(error.code == .cardCryptogramMismatch)
            }
            await expect(.unknownSecureComponent) { try await bench.desk.secureComponent(real.id) }
        }
    }

    @Test func alteredCryptogramIsRefused() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            card.card.inject(.at(6, .wrongCardCryptogram))
            await expect(.cardCryptogramMismatch) { try await bench.prove(card) }
        }
    }

    @Test func unknownComponents() async throws {
        try await withBench { bench in
            let card = try BenchCard()
            await expect(.unknownSecureComponent) { try await bench.prove(card) }
            let claim = SEI.ComponentClaim(issuerIdentificationNumber: card.entry.issuerIdentificationNumber, cardImageNumber: nil)
            await expect(.unknownSecureComponent) { try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: claim)) }
            // The same digits, cut elsewhere, are another component.
            let real = try await bench.addCard()
            let id = try bytes(real.id).bytes
            let shifted = SEI.ComponentClaim(issuerIdentificationNumber: HexBytes(id.prefix(4)), cardImageNumber: HexBytes(id.dropFirst(4)))
            await expect(.unknownSecureComponent) { try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: shifted)) }
        }
    }

    @Test func profileOutsideTheContractIsUnknown() async throws {
        try await withBench { bench in
            var entry = try BenchCard().entry
            entry.profileId = "another-profile"
            _ = try await bench.engine.addComponents([entry])
            await expect(.unknownSecureComponent) { try await bench.prove(try BenchCard()) }
        }
    }

    @Test func blockedComponentIsProvenButNotEligible() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            _ = try await bench.engine.setBlocked(true, component: card.id)
            let verdict = try await bench.prove(card)
            #expect(!verdict.eligible)
            #expect(verdict.reason == "the issuer has blocked this component")
            #expect(verdict.secureComponent?.blocked == true)
            _ = try await bench.engine.setBlocked(false, component: card.id)
            #expect(try await bench.prove(card).eligible)
        }
    }

    @Test func evidenceServesOnce() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            let evidence = SEI.Evidence(responses: try card.run(challenge.commands))
            let verdict = try await bench.desk.submitEvidence(challenge.eligibilityId, evidence)
            #expect(verdict.eligible)
            // The answer may have been lost: the same evidence gets it again, and no other does.
            bench.clock.advance(by: 1000)
            try await bench.restart()
            #expect(try await bench.desk.submitEvidence(challenge.eligibilityId, evidence) == verdict)
            await expect(.notFound) { try await bench.engine.as(IssuerBench.otherSpTsm).submitEvidence(challenge.eligibilityId, evidence) }
            #expect(try await bench.engine.journal(subject: challenge.eligibilityId).map(\.kind) == [.script, .results, .outcome])
            let other = SEI.Evidence(responses: Array(evidence.responses.dropLast()))
            await expect(.invalidRequest) { try await bench.desk.submitEvidence(challenge.eligibilityId, other) }
            // Recorded answers to an older challenge prove nothing.
            let next = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            await expect(.cardCryptogramMismatch) { try await bench.desk.submitEvidence(next.eligibilityId, evidence) }
            // What got no verdict gets none by repetition.
            await expect(.invalidRequest) { try await bench.desk.submitEvidence(next.eligibilityId, evidence) }
        }
    }

    @Test func evidenceExpires() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            bench.clock.advance(by: 121)
            let evidence = SEI.Evidence(responses: try card.run(challenge.commands))
            await expect(.invalidRequest) { try await bench.desk.submitEvidence(challenge.eligibilityId, evidence) }
        }
    }

    @Test func checkOfAnotherSPTSMDoesNotExist() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            let evidence = SEI.Evidence(responses: try card.run(challenge.commands))
            await expect(.notFound) { try await bench.engine.as(IssuerBench.otherSpTsm).submitEvidence(challenge.eligibilityId, evidence) }
            await expect(.forbidden) { try await bench.engine.as("spiffe://stranger.example/x").submitEvidence(challenge.eligibilityId, evidence) }
            #expect(try await bench.desk.submitEvidence(challenge.eligibilityId, evidence).eligible)
            // Proven to one SP TSM is not proven to another.
            await expect(.unknownSecureComponent) { try await bench.engine.as(IssuerBench.otherSpTsm).secureComponent(card.id) }
        }
    }

    @Test func wrongInventoryIsFound() async throws {
        try await withBench { bench in
            let card = try BenchCard(profile: .eSERandom)
            var entry = card.entry
            entry.scpParameter = 0x70
            _ = try await bench.engine.addComponents([entry])
            // The card has no counter to read, and its agent stops there.
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            let responses = try challenge.commands.map { HexBytes(try card.card.transmit($0.bytes)) }
            let verdict = try await bench.desk.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: responses))
            #expect(!verdict.eligible)
            #expect(verdict.reason?.contains("i=60") == true)
            #expect(verdict.reason?.contains("70") == true)
        }
    }

    @Test func malformedEvidence() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            for responses in [[], [try bytes("90")], [try bytes("9000")], Array(repeating: try bytes("9000"), count: 7), Array(repeating: try bytes("9000"), count: 20),
                              [HexBytes(Array(repeating: 0, count: 300))]] as [[HexBytes]] {
                let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
                await expect(.invalidRequest) { try await bench.desk.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: responses)) }
            }
            let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            await expect(.notEligible) { try await bench.desk.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: [try bytes("6a82")])) }
            var generator = SeededGenerator(seed: 7)
            for _ in 0..<50 {
                let challenge = try await bench.desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
                let responses = (0..<8).map { _ in HexBytes((0..<Int.random(in: 0...60, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) } + [0x90, 0x00]) }
                await #expect(throws: SEIError.self) { try await bench.desk.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: responses)) }
            }
        }
    }
}
