import GlobalPlatform
import SecureComponent
import Testing

@Suite("Sessions and channels")
struct ChannelTests {
    private let read = CommandAPDU(cla: 0x80, ins: 0xCA, p1: 0x00, p2: 0x66, expectedLength: 256)

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SecureComponentError)?.code ?? "\(error)"
        }
    }

    private func session(_ card: ScriptedCard) async throws -> any Session {
        try await CardReader(connector: card, accessControl: .unrestricted).openSession()
    }

    @Test("a logical channel: opened, selected, numbered, closed")
    func logical() async throws {
        let card = ScriptedCard(["029000", "6f009000", "119000", "9000"])
        let channel = try await session(card).openLogicalChannel(.issuerSecurityDomain)
        #expect(channel.selectResponse?.data == [0x6F, 0x00])
        #expect(!channel.isBasic)
        #expect(try await channel.transmit(read).data == [0x11])
        await channel.close()
        await channel.close()
        #expect(channel.isClosed)
        #expect(card.commands == ["0070000001", "02a4040008a00000015100000000", "82ca006600", "00708002"])
    }

    @Test("channels from 4 on have the other form of class byte")
    func furtherChannels() async throws {
        let card = ScriptedCard(["069000", "9000", "9000", "9000"])
        let channel = try await session(card).openLogicalChannel(nil)
        _ = try await channel.transmit(read)
        _ = try await channel.transmit(CommandAPDU(cla: 0x84, ins: 0xF2, p1: 0, p2: 0))
        #expect(Array(card.commands.suffix(2)) == ["c2ca006600", "e2f20000"])
    }

    @Test("61xx is fetched on the same channel, 6Cxx repeated")
    func moreData() async throws {
        let card = ScriptedCard(["019000", "aabb6102", "cc6101", "dd9000", "6c03", "0102039000", "6c05", "6c06"])
        let channel = try await session(card).openLogicalChannel(nil)
        let response = try await channel.transmit(read)
        #expect(response == ResponseAPDU(data: [0xAA, 0xBB, 0xCC, 0xDD], statusWord: .success))
        #expect(Array(card.commands.suffix(2)) == ["01c0000002", "01c0000001"])
        #expect(try await channel.transmit(read).data == [1, 2, 3])
        #expect(card.commands.last == "81ca006603")
        // Once, not for ever.
        #expect(try await channel.transmit(read).statusWord == .correctLength(6))
    }

    @Test("a card that announces more for ever is given up")
    func endless() async throws {
        let card = ScriptedCard(["019000"] + [String](repeating: "006101", count: 400))
        let channel = try await session(card).openLogicalChannel(nil)
        #expect(await code { _ = try await channel.transmit(read) } == "malformed-response")
    }

    @Test("what a channel does not send")
    func refused() async throws {
        let card = ScriptedCard(["019000"])
        let channel = try await session(card).openLogicalChannel(nil)
        let select = CommandAPDU(cla: 0x00, ins: 0xA4, p1: 0x04, p2: 0x00, data: [1, 2, 3, 4, 5])
        #expect(await code { _ = try await channel.transmit(select) } == "command-not-allowed")
        #expect(await code { _ = try await channel.transmit(CommandAPDU(cla: 0x41, ins: 0xA4, p1: 0x04, p2: 0x00)) } == "command-not-allowed")
        #expect(await code { _ = try await channel.transmit(CommandAPDU(cla: 0x03, ins: 0x70, p1: 0x00, p2: 0x00)) } == "command-not-allowed")
        #expect(await code { _ = try await channel.transmit(CommandAPDU(cla: 0xFF, ins: 0xCA, p1: 0x00, p2: 0x00)) } == "malformed-command")
        #expect(await code { _ = try await channel.transmit(CommandAPDU(cla: 0x00, ins: 0x6A, p1: 0x00, p2: 0x00)) } == "malformed-command")
        let long = CommandAPDU(cla: 0x00, ins: 0xCA, p1: 0x00, p2: 0x00, data: [UInt8](repeating: 0, count: 65536))
        #expect(await code { _ = try await channel.transmit(long) } == "malformed-command")
        #expect(card.commands.count == 1)
    }

    @Test("why a channel does not open", arguments: [
        (["6a81"], "channel-not-available"), (["059000", "6a82", "9000"], "application-not-found"), (["019000", "6999", "9000"], "selection-refused"),
        (["019000", "6985", "9000"], "channel-not-available"), (["9000"], "malformed-response"), (["90"], "malformed-response"), ([], "transmit-failed"),
    ] as [([String], String)])
    func notOpened(_ answers: [String], _ expected: String) async throws {
        let card = ScriptedCard(answers)
        let session = try await session(card)
        #expect(await code { _ = try await session.openLogicalChannel(.issuerSecurityDomain) } == expected)
        // A channel that was opened for nothing is closed again.
        if answers.count == 3 { #expect(card.commands.last?.hasPrefix("007080") == true) }
    }

    @Test("a warning selects all the same; the next application is asked for by the same AID")
    func selection() async throws {
        let card = ScriptedCard(["019000", "6f006283", "6f019000", "6a82", "6985"])
        let channel = try await session(card).openLogicalChannel(.issuerSecurityDomain)
        #expect(channel.selectResponse?.statusWord == .selectedLocked)
        #expect(try await channel.selectNext())
        #expect(channel.selectResponse?.data == [0x6F, 0x01])
        #expect(try await channel.selectNext() == false)
        #expect(channel.selectResponse?.data == [0x6F, 0x01])
        #expect(await code { _ = try await channel.selectNext() } == "selection-refused")
        #expect(card.commands[2] == "01a4040208a00000015100000000")
    }

    @Test("the basic channel has one user")
    func basic() async throws {
        let card = ScriptedCard(["9000", "9000", "9000"])
        let session = try await session(card)
        let channel = try await session.openBasicChannel(.issuerSecurityDomain)
        #expect(channel.isBasic)
        #expect(await code { _ = try await session.openBasicChannel(nil) } == "channel-not-available")
        await channel.close()
        #expect(card.commands == ["00a4040008a00000015100000000", "00a4040000"])
        _ = try await session.openBasicChannel(nil)
    }

    @Test("commands of many tasks go one after the other, each with its own GET RESPONSE")
    func concurrent() async throws {
        let card = ScriptedCard(["019000"] + (0..<50).flatMap { _ in ["6101", "779000"] })
        let channel = try await session(card).openLogicalChannel(nil)
        try await withThrowingTaskGroup(of: ResponseAPDU.self) { group in
            for _ in 0..<50 { group.addTask { try await channel.transmit(self.read) } }
            for try await response in group { #expect(response == ResponseAPDU(data: [0x77], statusWord: .success)) }
        }
        #expect(!card.wasInterleaved)
        let pairs = card.commands.dropFirst()
        #expect(pairs.enumerated().allSatisfy { $0.offset.isMultiple(of: 2) == $0.element.hasPrefix("81ca") })
    }

    @Test("a component that is lost: everything on it fails, a new session connects anew; an empty slot says so")
    func lost() async throws {
        let card = ScriptedCard(["019000"])
        let reader = CardReader(connector: card, accessControl: .unrestricted)
        let channel = try await reader.openSession().openLogicalChannel(nil)
        card.answer(.failure(.componentLost("pulled")), .success([0x01, 0x90, 0x00]))
        #expect(await code { _ = try await channel.transmit(read) } == "component-lost")
        #expect(await code { _ = try await channel.transmit(read) } == "component-lost")
        #expect(card.connections == 1)
        _ = try await reader.openSession().openLogicalChannel(nil)
        #expect(card.connections == 2)
        await reader.closeSessions()
        card.remove()
        #expect(await code { _ = try await reader.openSession() } == "not-present")
    }

    @Test("sessions of one reader share its connection; the last one takes it along")
    func sharedConnection() async throws {
        let card = ScriptedCard([])
        let reader = CardReader(connector: card, accessControl: .unrestricted)
        let first = try await reader.openSession()
        let second = try await reader.openSession()
        #expect(card.connections == 1)
        await first.close()
        await second.close()
        _ = try await reader.openSession()
        #expect(card.connections == 2)
        let service = CardReaderService([card], accessControl: .unrestricted)
        #expect(try await service.reader(named: "scripted").name == "scripted")
    }
}
