import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct ReportTamperingTests {
    private struct Run {
        let vault: TestVault
        let set: KeySetDescription
        let script: ChannelScript
        let answers: [[UInt8]]
        var card: TestCard

        var unproven: Int { get async throws { try await vault.vault.keySet(id: set.id).unprovenAuthentications } }
        func report(_ report: ChannelReport) async throws -> VerifiedReport { try await vault.vault.report(channel: script.channelId, report) }
    }

    /// Three commands under R-MAC, done by a genuine card whose counter may be ahead of what the vault was told.
    private func run(level: UInt8 = 0x33, ahead: UInt32 = 0, keys: SCP03StaticKeys? = nil, answer: ((CommandAPDU) -> ResponseAPDU)? = nil) async throws -> Run {
        let vault = try await TestVault.make()
        let keys = try keys ?? randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, level: level, commands: [.apdu(getStatus), .apdu(setStatus), .apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        card.counters[0x30] = SequenceCounter(ahead)
        card.answer = answer ?? { _ in ResponseAPDU(data: [1, 2, 3], statusWord: .success) }
        let answers = try card.run(script.all)
        return Run(vault: vault, set: set, script: script, answers: answers, card: card)
    }

    @Test func untouched() async throws {
        let run = try await run()
        #expect(try await run.unproven == 1)
        let verified = try await run.report(predictedReport(run.answers))
        #expect(verified.outcome == .complete && verified.responses.count == 3 && verified.responses.allSatisfy { $0.proven && $0.data.bytes == [1, 2, 3] })
        #expect(try await run.unproven == 0)
        // Again, also after a restart: the same answer.
        try await run.vault.restart()
        #expect(try await run.report(predictedReport(run.answers)) == verified)
        try await run.vault.stop()
    }

    @Test(arguments: 2..<5) func anAlteredResponse(place: Int) async throws {
        let run = try await run()
        for position in run.answers[place].indices {
            var altered = run.answers
            altered[place][position] ^= 0x01
            let status = try ResponseAPDU(bytes: altered[place]).statusWord
            let verified = try await run.report(predictedReport(altered))
            // 9000 turned into 9001 or 9100 is an error status word, with data that nothing authenticates.
            #expect(verified.outcome == .responseMACMismatch, "byte \(position)")
            #expect(verified.responses.map(\.proven) == (0..<3).map { $0 < place - 2 })
            #expect(verified.responses[place - 2].data.bytes.isEmpty && verified.responses[place - 2].statusWord == status.rawValue)
        }
        // Nothing was learned from forgeries but what was proven; the genuine report still counts.
        #expect(try await run.unproven == (place > 2 ? 0 : 1))
        #expect(try await run.report(predictedReport(run.answers)).outcome == .complete)
        #expect(try await run.unproven == 0)
        try await run.vault.stop()
    }

    @Test func swappedRepeatedAndBareResponses() async throws {
        let run = try await run()
        var swapped = run.answers
        swapped.swapAt(2, 4)
        #expect(try await run.report(predictedReport(swapped)).outcome == .responseMACMismatch)
        var repeated = run.answers
        repeated[3] = repeated[2]
        #expect(try await run.report(predictedReport(repeated)).outcome == .responseMACMismatch)
        var bare = run.answers
        bare[4] = [0x90, 0x00]
        let verified = try await run.report(predictedReport(bare))
        #expect(verified.outcome == .responseMACMismatch && verified.responses.map(\.proven) == [true, true, false])
        // After a forged report no more commands, until the genuine one has come.
        #expect(await refusal { try await run.vault.vault.continueChannel(run.script.channelId, ContinueChannelRequest(commands: [])) } == .wrongState)
        #expect(try await run.report(predictedReport(run.answers)).outcome == .complete)
        #expect(await refusal { try await run.vault.vault.continueChannel(run.script.channelId, ContinueChannelRequest(commands: [])) } == nil)
        try await run.vault.stop()
    }

    /// The MACs of later answers do not cover it, so it could stand for any answer: never a complete report.
    @Test(arguments: 2..<5, [[0x62, 0xF1], [0x63, 0x00]] as [[UInt8]]) func aBareWarningInPlaceOfAnAnswer(place: Int, bare: [UInt8]) async throws {
        let run = try await run()
        var swapped = run.answers
        swapped[place] = bare
        let verified = try await run.report(predictedReport(swapped))
        #expect(verified.outcome == .stopped)
        #expect(verified.responses.map(\.proven) == (0..<3).map { $0 != place - 2 })
        try await run.vault.stop()
    }

    @Test func aCutReportAndItsRest() async throws {
        let run = try await run()
        let verified = try await run.report(predictedReport(Array(run.answers[..<3])))
        #expect(verified.outcome == .stopped && verified.responses.count == 1 && verified.responses[0].proven)
        #expect(await refusal { try await run.vault.vault.continueChannel(run.script.channelId, ContinueChannelRequest(commands: [])) } == .wrongState)
        let rest = try await run.report(laterReport(Array(run.answers[3...])))
        #expect(rest.outcome == .complete && rest.responses.count == 2)
        #expect(await refusal { try await run.report(laterReport([run.answers[4]])) } == .invalidRequest)
        try await run.vault.stop()
    }

    @Test func nothingCameBack() async throws {
        let run = try await run()
        let verified = try await run.report(laterReport([]))
        #expect(verified.outcome == .stopped && verified.responses.isEmpty && verified.sequenceCounter == nil)
        #expect(try await run.unproven == 1)
        #expect(try await run.report(predictedReport(Array(run.answers[..<1]))).outcome == .stopped)
        #expect(try await run.unproven == 1)
        try await run.vault.stop()
    }

    @Test func anotherChallengeThanPredicted() async throws {
        let run = try await run(ahead: 6)
        #expect(run.answers.count == 2 && run.answers[1] == [0x63, 0x00])
        let verified = try await run.report(predictedReport(run.answers))
        #expect(verified.outcome == .challengeMismatch && verified.sequenceCounter == HexBytes([0, 0, 7]))
        #expect(try await run.unproven == 0)
        // A counter that somebody wrote into the answer is not the card's.
        let second = try await self.run(ahead: 6)
        var lying = second.answers
        lying[0][31] = 0xEE
        let lied = try await second.report(predictedReport(lying))
        #expect(lied.outcome == .challengeMismatch && lied.sequenceCounter == nil)
        try await run.vault.stop()
        try await second.vault.stop()
    }

    @Test func aCardWithOtherKeys() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        var card = TestCard(try randomKeys(16), version: 0x30)
        let answers = try card.run(script.all)
        let verified = try await vault.vault.report(channel: script.channelId, predictedReport(answers))
        #expect(verified.outcome == .cardCryptogramMismatch && verified.responses.isEmpty && verified.sequenceCounter == nil)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 1)
        try await vault.stop()
    }

    @Test func anAlteredAnswerToInitializeUpdate() async throws {
        let run = try await run()
        for position in 13..<29 {
            var altered = run.answers
            altered[0][position] ^= 0x80
            #expect(try await run.report(predictedReport(altered)).outcome == .cardCryptogramMismatch)
        }
        #expect(try await run.unproven == 1)
        #expect(try await run.report(predictedReport(run.answers)).outcome == .complete)
        try await run.vault.stop()
    }

    @Test func authenticationRefused() async throws {
        let run = try await run()
        let verified = try await run.report(predictedReport([run.answers[0], [0x63, 0x00]]))
        #expect(verified.outcome == .authenticationRefused && verified.responses.isEmpty)
        #expect(try await run.unproven == 1)
        try await run.vault.stop()
    }

    @Test func initializeUpdateRefused() async throws {
        let run = try await run()
        let verified = try await run.report(predictedReport([[0x6A, 0x88]]))
        #expect(verified.outcome == .stopped && verified.responses.map(\.statusWord) == [0x6A88])
        try await run.vault.stop()
    }

    @Test func aBareErrorStops() async throws {
        let run = try await run(answer: { $0.ins == Instruction.setStatus ? ResponseAPDU(statusWord: .conditionsNotSatisfied) : ResponseAPDU(data: [9], statusWord: .success) })
        #expect(run.answers.count == 4)
        let verified = try await run.report(predictedReport(run.answers))
        #expect(verified.outcome == .stopped && verified.responses.map(\.statusWord) == [0x9000, 0x6985] && verified.responses.map(\.proven) == [true, false])
        #expect(try await run.unproven == 0)
        try await run.vault.stop()
    }

    @Test func anErrorAtTheVeryEndLeavesTheSessionOpen() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(setStatus), .apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        card.answer = { ResponseAPDU(statusWord: $0.ins == Instruction.getStatus ? .referencedDataNotFound : .success) }
        let verified = try await vault.vault.report(channel: script.channelId, predictedReport(try card.run(script.all)))
        #expect(verified.outcome == .stopped && verified.responses.last?.statusWord == 0x6A88)
        let more = try await vault.vault.continueChannel(script.channelId, ContinueChannelRequest(commands: [.apdu(setStatus)]))
        #expect(try await vault.vault.report(channel: script.channelId, laterReport(try card.run(more.all))).outcome == .complete)
        try await vault.stop()
    }

    @Test func aWarningGoesOn() async throws {
        let run = try await run(answer: { ResponseAPDU(data: [1], statusWord: $0.ins == Instruction.getStatus ? .moreDataAvailable : .success) })
        let verified = try await run.report(predictedReport(run.answers))
        #expect(verified.outcome == .complete && verified.responses.map(\.statusWord) == [0x6310, 0x9000, 0x6310] && verified.responses.allSatisfy { $0.proven })
        try await run.vault.stop()
    }

    @Test func withoutResponseMACNothingIsProven() async throws {
        let run = try await run(level: 0x03)
        var altered = run.answers
        altered[2][0] ^= 1
        let verified = try await run.report(predictedReport(altered))
        #expect(verified.outcome == .complete && verified.responses.allSatisfy { !$0.proven })
        try await run.vault.stop()
    }

    @Test func reportsThatAreNone() async throws {
        let run = try await run()
        var generator = SeededGenerator(seed: 42)
        for count in [0, 1, 3, 12, 13, 20, 28, 33, 60, 300] {
            let garbage = generator.bytes(count)
            var answers = run.answers
            answers[0] = garbage + (count == 0 ? [] : [0x90, 0x00])
            let code = await refusal { try await run.report(predictedReport(answers)) }
            #expect(code == .invalidRequest || code == nil)
            if code == nil {
                answers[0] = garbage
                #expect(try await run.report(predictedReport(answers)).outcome != .complete)
            }
        }
        #expect(await refusal { try await run.report(ChannelReport(initializeUpdateResponse: HexBytes(run.answers[0]), externalAuthenticateResponse: HexBytes([0x90]), responses: [])) } == .invalidRequest)
        #expect(await refusal { try await run.report(predictedReport(run.answers + [run.answers[2]])) } == .invalidRequest)
        #expect(await refusal { try await run.report(ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: HexBytes([0x90, 0]), responses: [])) } == .invalidRequest)
        #expect(await refusal { try await run.report(ChannelReport(initializeUpdateResponse: HexBytes(run.answers[0]), externalAuthenticateResponse: nil, responses: [HexBytes([0x90, 0])])) } == .invalidRequest)
        #expect(await refusal { try await run.vault.vault.report(channel: "none", predictedReport(run.answers)) } == .notFound)
        #expect(try await run.report(predictedReport(run.answers)).outcome == .complete)
        try await run.vault.stop()
    }
}
