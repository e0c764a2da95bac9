import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct ChannelRoundTripTests {
    struct Setting: Sendable, CustomStringConvertible {
        let keyLength: Int
        let parameter: UInt8
        let level: UInt8
        var description: String { "AES-\(keyLength * 8) i=\(Hex.encode([parameter])) level \(Hex.encode([level]))" }
    }

    static let settings: [Setting] = [16, 24, 32].flatMap { length in
        [(0x70, 0x33), (0x70, 0x13), (0x70, 0x03), (0x71, 0x33), (0x71, 0x13), (0x71, 0x03), (0x30, 0x13), (0x10, 0x03)].map {
            Setting(keyLength: length, parameter: $0.0, level: $0.1)
        }
    }

    private static let entry: [UInt8] = [0xE3, 0x05, 0x4F, 0x03, 1, 2, 3]

    private func card(_ keys: SCP03StaticKeys, _ parameter: UInt8) -> TestCard {
        var card = TestCard(keys, version: 0x30, parameter: parameter)
        card.answer = { $0.ins == Instruction.getStatus ? ResponseAPDU(data: Self.entry, statusWord: .success) : ResponseAPDU(statusWord: .success) }
        return card
    }

    /// One order: first session puts the new keys in place of the first ones, the second session runs under them.
    @Test(arguments: settings) func predictedOrderWithRotation(_ setting: Setting) async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(setting.keyLength)
        let first = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        let final = try await vault.createSSD(keyLength: setting.keyLength)
        let one = try await vault.vault.openChannel(
            openRequest(
                first.id, parameter: setting.parameter, level: setting.level,
                commands: [.putKey(keySetId: final.id, keyVersionNumber: 0x31, replacing: 0x30)]))
        let two = try await vault.vault.openChannel(
            openRequest(
                final.id, version: 0x31, parameter: setting.parameter, level: setting.level,
                commands: [.apdu(setStatus), .apdu(getStatus)]))
        var card = card(keys, setting.parameter)
        let answers = try card.run(one.all + two.all)
        #expect(answers.count == 7)
        #expect(card.keySets.keys.sorted() == [0x31])

        let hasMAC = setting.level & 0x10 != 0
        let put = try await vault.vault.report(channel: one.channelId, predictedReport(Array(answers[..<3])))
        #expect(put.outcome == .complete && put.sequenceCounter == HexBytes([0, 0, 1]))
        #expect(put.responses.map(\.proven) == [hasMAC])
        #expect(try PutKeyResponse(parsing: put.responses[0].data.bytes).checkValues == final.keyCheckValues.map(\.bytes))
        let rest = try await vault.vault.report(channel: two.channelId, predictedReport(Array(answers[3...])))
        #expect(rest.outcome == .complete)
        #expect(rest.responses.map(\.data.bytes) == [[], Self.entry] && rest.responses.map(\.statusWord) == [0x9000, 0x9000])
        #expect(card.received.map(\.ins) == [Instruction.putKey, Instruction.setStatus, Instruction.getStatus])
        #expect(card.received[1].data == [1, 2, 3, 4, 5])
        for id in [first.id, final.id] { #expect(try await vault.vault.keySet(id: id).unprovenAuthentications == 0) }
        try await vault.stop()
    }

    @Test(arguments: settings.filter { $0.keyLength != 24 } + [Setting(keyLength: 16, parameter: 0x60, level: 0x33), Setting(keyLength: 16, parameter: 0x00, level: 0x03)])
    func challengeThenContinue(_ setting: Setting) async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(setting.keyLength)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let opened = try await vault.vault.openChannel(openRequest(set.id, parameter: setting.parameter, level: setting.level, mode: .challenge))
        #expect(opened.externalAuthenticate == nil && opened.wrapped.isEmpty)
        var card = card(keys, setting.parameter)
        let challenge = try card.run(opened.all)
        let script = try await vault.vault.authenticate(
            channel: opened.channelId, AuthenticateChannelRequest(initializeUpdateResponse: HexBytes(challenge[0]), commands: [.apdu(getStatus)]))
        #expect(script.initializeUpdate == nil)
        let more = try await vault.vault.continueChannel(opened.channelId, ContinueChannelRequest(commands: [.apdu(setStatus), .apdu(setStatus)]))
        #expect(more.externalAuthenticate == nil)
        let answers = try card.run(script.all + more.all)
        try await vault.restart()
        let report = try await vault.vault.report(
            channel: opened.channelId,
            ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: HexBytes(answers[0]), responses: answers[1...].map { HexBytes($0) }))
        #expect(report.outcome == .complete)
        #expect(report.sequenceCounter == (setting.parameter & 0x10 != 0 ? HexBytes([0, 0, 1]) : nil))
        #expect(report.responses.first?.data.bytes == Self.entry)
        // After the report the same session goes on.
        let again = try await vault.vault.continueChannel(opened.channelId, ContinueChannelRequest(commands: [.apdu(getStatus)]))
        let last = try await vault.vault.report(channel: opened.channelId, laterReport(try card.run(again.all)))
        #expect(last.outcome == .complete && last.responses.first?.data.bytes == Self.entry)
        #expect(card.received.count == 4)
        try await vault.stop()
    }

    @Test(arguments: [16, 24, 32]) func firstKeysOfANewDomain(length: Int) async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(length)
        let isd = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let first = try await vault.createSSD(version: 0x30, keyLength: 32)
        let script = try await vault.vault.openChannel(openRequest(isd.id, commands: [.storeFirstKeys(keySetId: first.id, keyVersionNumber: 0x30), .apdu(getStatus)]))
        #expect(script.wrapped.count == 2 && script.wrapped[0].count >= 1 && script.wrapped[1].count == 1)
        var card = card(keys, 0x70)
        let answers = try card.run(script.all)
        let report = try await vault.vault.report(channel: script.channelId, predictedReport(answers))
        #expect(report.outcome == .complete)
        #expect(try card.stored[0x30]?.keyCheckValues() == first.keyCheckValues.map(\.bytes))
        // And the keys open the domain.
        var domain = TestCard(try #require(card.stored[0x30]), version: 0x30)
        let ssd = try await vault.vault.openChannel(openRequest(first.id, commands: [.apdu(getStatus)]))
        #expect(try await vault.vault.report(channel: ssd.channelId, predictedReport(try domain.run(ssd.all))).outcome == .complete)
        try await vault.stop()
    }

    @Test func keysDerivedOnTheFly() async throws {
        let vault = try await TestVault.make()
        let master = try SystemRandom().bytes(32)
        try await vault.importNamed("isd-master", .master, master, owner: "issuer")
        let reference = KeyReference.diversified(masterKeyIndex: "isd-master", keyDiversificationData: HexBytes(Array(0...9)), scheme: .kdf3, keyVersionNumber: 0x30)
        let keys = try GlobalPlatform.DiversificationScheme.kdf3.keys(master: SecretBytes(copying: master), keyDiversificationData: Array(0...9))
        var request = openRequest("", commands: [.apdu(getStatus)])
        request.keys = reference
        let script = try await vault.vault.openChannel(request)
        var card = card(keys, 0x70)
        #expect(try await vault.vault.report(channel: script.channelId, predictedReport(try card.run(script.all))).outcome == .complete)
        request.keyVersionNumber = 0x31
        #expect(await refusal { try await vault.vault.openChannel(request) } == .invalidRequest)
        try await vault.stop()
    }

    @Test func aWrongCardIsTurnedAway() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        let opened = try await vault.vault.openChannel(openRequest(set.id, mode: .challenge))
        var impostor = TestCard(try randomKeys(16), version: 0x30)
        let answer = try impostor.run(opened.all)[0]
        let request = AuthenticateChannelRequest(initializeUpdateResponse: HexBytes(answer), commands: [])
        #expect(await refusal { try await vault.vault.authenticate(channel: opened.channelId, request) } == .cardCryptogramMismatch)
        // Closed: the same challenge is not judged twice.
        #expect(await refusal { try await vault.vault.authenticate(channel: opened.channelId, request) } == .wrongState)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        try await vault.stop()
    }

    @Test func whatAChannelRefuses() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        let ssd = try await vault.createSSD()
        func open(_ change: (inout OpenChannelRequest) -> Void) async -> KeyVaultError.Code? {
            var request = openRequest(set.id, commands: [.apdu(getStatus)])
            change(&request)
            return await refusal { try await vault.vault.openChannel(request) }
        }
        #expect(await open { _ in } == nil)
        for level in [0x00, 0x01, 0x11, 0x02, 0x23, 0xFF] as [UInt8] { #expect(await open { $0.securityLevel = level } == .invalidRequest) }
        #expect(await open { $0.scpParameter = 0x10 } == .invalidRequest)
        #expect(await open { $0.scpParameter = 0x60 } == .invalidRequest)
        #expect(await open { $0.keyVersionNumber = 0 } == .invalidRequest)
        #expect(await open { $0.keyVersionNumber = 0x31 } == .invalidRequest)
        #expect(await open { $0.mode = .predicted(sequenceCounter: HexBytes([0, 1])) } == .invalidRequest)
        #expect(await open { $0.mode = .challenge } == .invalidRequest)
        #expect(await open { $0.keys = .keySet(id: "none") } == .notFound)
        #expect(await open { $0.process = String(repeating: "x", count: 200) } == .invalidRequest)
        for bad in ["84f24002024f0000", "80d80081", "00a4040005a000000151", "8050300008010203040506070800", "8482330010", "0070000001", "80f2", "80e20000", "80e2000000010000"] {
            let code = await open { $0.commands = [.apdu(HexBytes((try? hex(bad)) ?? []))] }
            #expect(code == (bad == "80e20000" ? nil : .invalidRequest), "\(bad)")
        }
        let long = HexBytes([0x80, 0xE2, 0x00, 0x00, 240] + [UInt8](repeating: 0, count: 240))
        #expect(await open { $0.commands = [.apdu(long)] } == .invalidRequest)
        #expect(await open { $0.commands = [.putKey(keySetId: set.id, keyVersionNumber: 0x30, replacing: nil)] } == .usageNotAllowed)
        #expect(await open { $0.commands = [.putKey(keySetId: ssd.id, keyVersionNumber: 0x32, replacing: nil)] } == .invalidRequest)
        #expect(await open { $0.commands = [.putKey(keySetId: ssd.id, keyVersionNumber: 0x31, replacing: 0)] } == .invalidRequest)
        #expect(await open { $0.commands = [.storeFirstKeys(keySetId: "none", keyVersionNumber: 0x31)] } == .notFound)
        // None of these let the set go.
        #expect(try await vault.vault.changeState(ofKeySet: ssd.id, ChangeKeySetStateRequest(state: .destroyed)).state == .destroyed)
        #expect(await open { $0.commands = [.putKey(keySetId: ssd.id, keyVersionNumber: 0x31, replacing: nil)] } == .wrongState)
        try await vault.stop()
    }

    @Test func replacementsHaveTheSameLength() async throws {
        let vault = try await TestVault.make()
        let first = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .supplementarySecurityDomain)
        let final = try await vault.createSSD(keyLength: 32)
        let put = { (replacing: UInt8?) in openRequest(first.id, commands: [.putKey(keySetId: final.id, keyVersionNumber: 0x31, replacing: replacing)]) }
        #expect(await refusal { try await vault.vault.openChannel(put(0x30)) } == .invalidRequest)
        #expect(await refusal { try await vault.vault.openChannel(put(nil)) } == nil)
        // What has left in a script may be on a card.
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: final.id, ChangeKeySetStateRequest(state: .destroyed)) } == .wrongState)
        try await vault.stop()
    }

    @Test(arguments: [KeySetState.retired, .destroyed]) func retiredAndDestroyedSetsOpenNothing(state: KeySetState) async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .supplementarySecurityDomain)
        let waiting = try await vault.vault.openChannel(openRequest(set.id, mode: .challenge))
        let running = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        _ = try await vault.vault.changeState(ofKeySet: set.id, ChangeKeySetStateRequest(state: .retired))
        if state == .destroyed { _ = try await vault.vault.changeState(ofKeySet: set.id, ChangeKeySetStateRequest(state: .destroyed)) }
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id)) } == .wrongState)
        #expect(await refusal { try await vault.vault.continueChannel(running.channelId, ContinueChannelRequest(commands: [.apdu(getStatus)])) } == .wrongState)
        #expect(
            await refusal {
                try await vault.vault.authenticate(
                    channel: waiting.channelId, AuthenticateChannelRequest(initializeUpdateResponse: HexBytes([0x90, 0x00]), commands: []))
            } == .wrongState)
        try await vault.stop()
    }

    @Test func aHostChallengeIsNeverUsedTwice() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        vault.random.lay([1, 2, 3, 4, 5, 6, 7, 8])
        _ = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        vault.random.lay([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(setStatus)])) } == .internalError)
        // Nor after the first one was closed, nor in the other mode.
        vault.random.lay([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, mode: .challenge)) } == .internalError)
        try await vault.stop()
    }

    @Test func anotherCallersChannelDoesNotExist() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        let other = try vault.engine.as(VaultCaller(identity: "spiffe://sp-tsm.example/second", roles: [.channelOpener]))
        #expect(await refusal { try await other.report(channel: script.channelId, laterReport([])) } == .notFound)
        #expect(await refusal { try await other.continueChannel(script.channelId, ContinueChannelRequest(commands: [])) } == .notFound)
        #expect(await refusal { try await other.closeChannel(script.channelId) } == .notFound)
        try await vault.vault.closeChannel(script.channelId)
        try await vault.vault.closeChannel(script.channelId)
        #expect(await refusal { try await vault.vault.report(channel: script.channelId, laterReport([])) } == .wrongState)
        try await vault.stop()
    }

    @Test func concurrentContinuationsDoNotShareACounter() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        let outcomes = await withTaskGroup(of: ChannelScript?.self) { group in
            for _ in 0..<6 { group.addTask { try? await vault.vault.continueChannel(script.channelId, ContinueChannelRequest(commands: [.apdu(setStatus)])) } }
            return await group.reduce(into: [ChannelScript?]()) { $0.append($1) }
        }
        let wrapped = outcomes.compactMap { $0?.flat.first }
        #expect(!wrapped.isEmpty && Set(wrapped).count == wrapped.count)
        var card = card(keys, 0x70)
        _ = try card.run(script.all)
        // Those that got through are one after the other: in some order the card takes every one of them.
        var left = wrapped
        while !left.isEmpty {
            let taken = left.firstIndex { candidate in
                var copy = card
                return (try? copy.transmit(candidate).suffix(2)).map(Array.init) == [0x90, 0x00]
            }
            guard let taken else { break }
            _ = try card.transmit(left.remove(at: taken))
        }
        #expect(left.isEmpty)
        try await vault.stop()
    }
}
