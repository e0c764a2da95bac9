import Foundation
import GlobalPlatform
import Testing
@testable import SecureComponent

extension InReaders {
    /// Our side of PC/SC against a real daemon.
    @Suite("Our readers", .serialized)
    struct Readers {
        private func code(_ body: () async throws -> Void) async -> String? {
            do {
                try await body()
                return nil
            } catch {
                return (error as? SecureComponentError)?.code ?? "\(error)"
            }
        }

        private func send(_ connection: any CardConnection, _ command: CommandAPDU) async throws -> ResponseAPDU {
            try ResponseAPDU(bytes: try await connection.transmit(command.bytes))
        }

        private let select = SelectCommand(aid: .issuerSecurityDomain).apdu

        @Test("readers are listed; cards that come and go are told, also a second one")
        func comeAndGo() async throws {
            let daemon = try PrivateDaemon.required()
            let (first, second) = (try await CardOnDisk(), try await CardOnDisk())
            // What a test that failed left there goes first.
            for reader in [PrivateDaemon.reader, PrivateDaemon.secondReader] { try await daemon.present(false, in: reader) }
            let service = try PCSCService(accessControl: .unrestricted)
            #expect(try await service.readers.map(\.name) == [PrivateDaemon.reader, PrivateDaemon.secondReader])
            var changes = try service.changes().makeAsyncIterator()
            #expect(Set([try await changes.next(), try await changes.next()]) == [.readerAdded(PrivateDaemon.reader), .readerAdded(PrivateDaemon.secondReader)])
            let one = try await daemon.insert(first)
            #expect(try await changes.next() == .cardInserted(reader: PrivateDaemon.reader, atr: [0x3B, 0x80, 0x01, 0x81]))
            let two = try await daemon.insert(second, port: 35964)
            #expect(try await changes.next() == .cardInserted(reader: PrivateDaemon.secondReader, atr: [0x3B, 0x80, 0x01, 0x81]))
            try await daemon.pull(one)
            #expect(try await changes.next() == .cardRemoved(reader: PrivateDaemon.reader))
            try await daemon.pull(two, from: PrivateDaemon.secondReader)
            #expect(try await changes.next() == .cardRemoved(reader: PrivateDaemon.secondReader))
        }

        @Test("no such reader, no card, somebody else's card: each has its error")
        func refusals() async throws {
            let daemon = try PrivateDaemon.required()
            #expect(await code { _ = try await PCSCConnector(reader: "no such reader").isCardPresent } == "reader-not-found")
            #expect(await code { _ = try await PCSCConnector(reader: "no such reader").connect() } == "reader-not-found")
            #expect(try await PCSCConnector(reader: PrivateDaemon.reader).isCardPresent == false)
            #expect(await code { _ = try await PCSCConnector(reader: PrivateDaemon.reader).connect() } == "not-present")
            let card = try await daemon.insert(try await CardOnDisk())
            let alone = try await PCSCConnector(reader: PrivateDaemon.reader, options: PCSCOptions(sharing: .exclusive)).connect()
            try await alone.beginTransaction()
            #expect(try await send(alone, select).statusWord == .success)
            #expect(await code { _ = try await PCSCConnector(reader: PrivateDaemon.reader).connect() } == "channel-not-available")
            await alone.disconnect()
            #expect(await code { _ = try await alone.transmit(select.bytes) } == "component-lost")
            let shared = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
            #expect(try await send(shared, select).statusWord == .success)
            await shared.disconnect()
            try await daemon.pull(card)
        }

        @Test("61xx and 6Cxx are dealt with whatever the protocol", arguments: ["t0", "t1"])
        func transmission(_ name: String) async throws {
            let daemon = try PrivateDaemon.required()
            let card = try await daemon.insert(try await CardOnDisk(), "--transmission", name)
            let session = try await CardReader(connector: PCSCConnector(reader: PrivateDaemon.reader), accessControl: .unrestricted).openSession()
            #expect(session.atr == (name == "t0" ? [0x3B, 0x00] : [0x3B, 0x80, 0x01, 0x81]))
            let channel = try await session.openLogicalChannel(.issuerSecurityDomain)
            let answer = try #require(channel.selectResponse)
            #expect(try SelectResponse(parsing: answer.data).aid == .issuerSecurityDomain)
            var command = GetDataCommand.cardProductionLifeCycle.apdu
            #expect(try await channel.transmit(command).data.count == 45)
            command.expectedLength = 200
            #expect(try await channel.transmit(command).data.count == 45)
            command.expectedLength = 45
            #expect(try await channel.transmit(command).data.count == 45)
            // Forbidden by T=0 alone, and refused by this card in any case.
            let long = CommandAPDU(cla: 0x80, ins: Instruction.storeData, p1: 0, p2: 0, data: [UInt8](repeating: 0, count: 300))
            if name == "t0" {
                #expect(await code { _ = try await channel.transmit(long) } == "malformed-command")
            } else {
                #expect(try await channel.transmit(long).statusWord.isError)
            }
            await session.close()
            try await daemon.pull(card)
        }

        @Test("a card that is pulled in the middle of a command: lost, outcome unknown, and the next card is another session")
        func pulledMidCommand() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let slow = try await daemon.insert(onDisk, "--latency", "60000")
            let reader = CardReader(connector: PCSCConnector(reader: PrivateDaemon.reader), accessControl: .unrestricted)
            let session = try await reader.openSession()
            async let outcome = code { _ = try await session.openLogicalChannel(nil) }
            try await Task.sleep(for: .milliseconds(100))
            slow.signal(SIGKILL)
            let lost = await outcome
            #expect(lost == "component-lost")
            #expect(await code { _ = try await session.openLogicalChannel(nil) } == "component-lost")
            _ = await slow.end(within: .seconds(10))
            try await daemon.present(false)
            #expect(await code { _ = try await reader.openSession() } == "not-present")
            let again = try await daemon.insert(onDisk)
            let fresh = try await reader.openSession()
            #expect(try await fresh.openLogicalChannel(.issuerSecurityDomain).selectResponse?.statusWord == .success)
            await reader.closeSessions()
            try await daemon.pull(again)
        }

        @Test("a card that was pulled and put back between two commands, and one that others reset: the old session is lost, a new one works")
        func lostBetweenCommands() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let card = try await daemon.insert(onDisk)
            let reader = CardReader(connector: PCSCConnector(reader: PrivateDaemon.reader), accessControl: .unrestricted)
            let old = try await reader.openSession().openLogicalChannel(.issuerSecurityDomain)
            try await daemon.pull(card)
            let again = try await daemon.insert(onDisk)
            #expect(await code { _ = try await old.transmit(GetDataCommand.cardImageNumber.apdu) } == "component-lost")
            let next = try await reader.openSession().openLogicalChannel(.issuerSecurityDomain)
            #expect(try await next.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
            let others = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
            try await others.reset()
            #expect(await code { _ = try await next.transmit(GetDataCommand.cardImageNumber.apdu) } == "component-lost")
            let last = try await reader.openSession().openLogicalChannel(.issuerSecurityDomain)
            #expect(try await last.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
            await others.disconnect()
            await reader.closeSessions()
            try await daemon.pull(again)
        }

        @Test("the daemon ends: sessions are lost, watching ends, and with the next daemon everything works again")
        func daemonEnds() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let card = try await daemon.insert(onDisk)
            let service = try PCSCService(accessControl: .unrestricted)
            var changes = try service.changes().makeAsyncIterator()
            for _ in 0..<3 { _ = try await changes.next() }
            let reader = try await service.reader(named: PrivateDaemon.reader)
            let channel = try await reader.openSession().openLogicalChannel(.issuerSecurityDomain)
            await daemon.stop()
            #expect(await code { _ = try await channel.transmit(GetDataCommand.cardImageNumber.apdu) } == "component-lost")
            #expect(await code { _ = try await changes.next() } == "service-unavailable")
            #expect(await code { _ = try await service.readers } == "service-unavailable")
            // Its program says why it ended.
            #expect(await card.end(within: .seconds(10)) == 1)
            #expect(card.output.contains("the virtual reader is gone"), "\(card.output)")
            try await daemon.startAgain()
            let again = try await daemon.insert(onDisk)
            let fresh = try await service.reader(named: PrivateDaemon.reader).openSession().openLogicalChannel(.issuerSecurityDomain)
            #expect(try await fresh.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
            await reader.closeSessions()
            try await daemon.pull(again)
        }

        @Test("a card that thinks for too long is given up, and the connection with it")
        func tooSlow() async throws {
            let daemon = try PrivateDaemon.required()
            let slow = try await daemon.insert(try await CardOnDisk(), "--latency", "700")
            let options = PCSCOptions(commandLimit: .milliseconds(100))
            let connection = try await PCSCConnector(reader: PrivateDaemon.reader, options: options).connect()
            #expect(await code { _ = try await connection.transmit(select.bytes) } == "component-lost")
            #expect(await code { _ = try await connection.transmit(select.bytes) } == "component-lost")
            await connection.disconnect()
            // More patience. When the card has answered after all it is reset, which ends whoever was quick to connect.
            let answered = try await eventually {
                let patient = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
                let status = try? ResponseAPDU(bytes: try await patient.transmit(select.bytes)).statusWord
                await patient.disconnect()
                return status == .success
            }
            #expect(answered)
            try await daemon.pull(slow)
        }

        @Test("another program's transaction keeps us out until it ends, or until our patience does")
        func transactions() async throws {
            let daemon = try PrivateDaemon.required()
            let card = try await daemon.insert(try await CardOnDisk())
            let holder = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
            let waiter = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
            let impatient = try await PCSCConnector(reader: PrivateDaemon.reader, options: PCSCOptions(transactionLimit: .milliseconds(150))).connect()
            try await holder.beginTransaction()
            #expect(await code { try await impatient.beginTransaction() } == "channel-not-available")
            async let entered: Void = waiter.beginTransaction()
            #expect(try await send(holder, select).statusWord == .success)
            await holder.endTransaction()
            try await entered
            #expect(try await send(waiter, select).statusWord == .success)
            await waiter.endTransaction()
            for connection in [holder, waiter, impatient] { await connection.disconnect() }
            try await daemon.pull(card)
        }

        @Test("a reset and a power cycle end sessions: ours when we do it, others' when we do")
        func resets() async throws {
            let daemon = try PrivateDaemon.required()
            let card = try await daemon.insert(try await CardOnDisk())
            let ours = try await PCSCConnection.connect(reader: PrivateDaemon.reader, options: PCSCOptions())
            let others = try await PCSCConnection.connect(reader: PrivateDaemon.reader, options: PCSCOptions())
            let open = ManageChannelCommand.open.apdu
            #expect(try await send(ours, open).data == [1])
            #expect(try await send(ours, open).data == [2])
            try await ours.reset()
            #expect(try await send(ours, open).data == [1])
            #expect(await code { _ = try await others.transmit(select.bytes) } == "component-lost")
            try await ours.powerCycle()
            #expect(try await send(ours, open).data == [1])
            await others.disconnect()
            await ours.disconnect()
            try await daemon.pull(card)
        }

        @Test("two cards are spoken to at the same time: a slow one does not hold up the other")
        func side() async throws {
            let daemon = try PrivateDaemon.required()
            let slow = try await daemon.insert(try await CardOnDisk(), "--latency", "1500")
            let quick = try await daemon.insert(try await CardOnDisk(), port: 35964)
            let first = try await PCSCConnector(reader: PrivateDaemon.reader).connect()
            let second = try await PCSCConnector(reader: PrivateDaemon.secondReader).connect()
            let begin = ContinuousClock.now
            async let slowEnd = { _ = try await first.transmit(select.bytes); return ContinuousClock.now }()
            for _ in 0..<20 { #expect(try await send(second, select).statusWord == .success) }
            let quickEnd = ContinuousClock.now
            #expect(try await slowEnd > quickEnd, "20 commands to the other card took \(quickEnd - begin)")
            await first.disconnect()
            await second.disconnect()
            try await daemon.pull(slow)
            try await daemon.pull(quick, from: PrivateDaemon.secondReader)
        }
    }
}
