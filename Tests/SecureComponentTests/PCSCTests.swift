import CPCSC
import GlobalPlatform
import TestMaterial
import Testing
@testable import SecureComponent

/// What can be tested without a daemon; `CardTests` has one.
@Suite("PC/SC")
struct PCSCTests {
    init() { _ = ReaderSocket.directory }

    @Test("no daemon is a typed error that names what is missing")
    func noDaemon() async throws {
        do {
            let service = try PCSCService(accessControl: .unrestricted)
            // Another suite's daemon may be there.
            for reader in try await service.readers { #expect(!reader.name.isEmpty) }
        } catch {
            #expect(error.code == "service-unavailable")
            #expect(error.description.contains("8010"))
        }
    }

    @Test("T=0 has no Le beside data and no extended lengths; T=1 carries APDUs as they are", arguments: [
        ("00a40400", "00a40400"), ("80ca9f7f00", "80ca9f7f00"), ("00a4040002a0b0", "00a4040002a0b0"), ("00a4040002a0b000", "00a4040002a0b0"), ("80e2800000000100", nil), ("80ca9f7f000000", nil),
    ] as [(String, String?)])
    func transmission(_ command: String, _ sent: String?) throws {
        let bytes = try Hex.decode(command)
        #expect(try TransmissionProtocol.t1.outgoing(bytes) == bytes)
        if let sent {
            #expect(try Hex.encode(TransmissionProtocol.t0.outgoing(bytes)) == sent)
        } else {
            #expect { _ = try TransmissionProtocol.t0.outgoing(bytes) } throws: { ($0 as? SecureComponentError)?.code == "malformed-command" }
        }
        #expect(TransmissionProtocol(active: 1) == .t0 && TransmissionProtocol(active: 2) == .t1)
        #expect(TransmissionProtocol.t0.identifier == 1 && TransmissionProtocol.t1.identifier == 2)
    }

    private func state(_ name: String, card: Bool, movements: UInt32 = 0) -> ReaderState {
        ReaderState(name: name, flags: (card ? 0x20 : 0x10) | movements << 16, atr: card ? [0x3B, 0x00] : [])
    }

    @Test("what happened between two looks at the readers")
    func changes() {
        let (empty, full) = (state("a", card: false), state("a", card: true, movements: 1))
        #expect(ReaderChange.between([], [empty]) == [.readerAdded("a")])
        #expect(ReaderChange.between([], [full]) == [.readerAdded("a"), .cardInserted(reader: "a", atr: [0x3B, 0x00])])
        #expect(ReaderChange.between([empty], [full]) == [.cardInserted(reader: "a", atr: [0x3B, 0x00])])
        #expect(ReaderChange.between([full], [state("a", card: false, movements: 2)]) == [.cardRemoved(reader: "a")])
        #expect(ReaderChange.between([full], []) == [.cardRemoved(reader: "a"), .readerRemoved("a")])
        #expect(ReaderChange.between([full], [full]).isEmpty)
        // Out and in again between two looks.
        #expect(ReaderChange.between([full], [state("a", card: true, movements: 3)]) == [.cardRemoved(reader: "a"), .cardInserted(reader: "a", atr: [0x3B, 0x00])])
        #expect(ReaderChange.between([full, state("b", card: false)], [state("c", card: false), full]) == [.readerRemoved("b"), .readerAdded("c")])
    }

    @Test("return codes as errors: what ends the connection is told apart from what leaves the outcome open", arguments: [
        (0x8010_0069, "not-present", "component-lost"), (0x8010_0068, "component-lost", "component-lost"), (0x8010_000C, "not-present", "component-lost"),
        (0x8010_0016, "transmit-failed", "transmit-failed"), (0x8010_0013, "service-unavailable", "transmit-failed"), (0x8010_001D, "service-unavailable", "component-lost"),
        (0x8010_0003, "service-unavailable", "component-lost"), (0x8010_0009, "reader-not-found", "component-lost"), (0x8010_000B, "channel-not-available", "channel-not-available"),
        (0x8010_0066, "channel-not-available", "transmit-failed"), (0x8010_006A, "service-unavailable", "transmit-failed"),
    ] as [(UInt32, String, String)])
    func codes(_ code: UInt32, _ looking: String, _ connected: String) {
        #expect(PCSCStatus(code).error("x", reader: "r").code == looking)
        #expect(PCSCStatus(code).connectionError("x", reader: "r").code == connected)
    }

    @Test("a call that does not come back is given up, and told when it does")
    func timeOut() async throws {
        let queue = BlockingQueue(label: "test")
        let (ends, end) = AsyncStream.makeStream(of: Int.self)
        let (gate, open) = (DispatchSemaphoreBox(), SecureComponentError.componentLost("late"))
        await #expect(throws: open) {
            try await queue.run(within: .milliseconds(1), timedOut: open, late: { end.yield((try? $0.get()) ?? -1) }) {
                gate.wait()
                return Result<Int, SecureComponentError>.success(7)
            }
        }
        gate.signal()
        var iterator = ends.makeAsyncIterator()
        #expect(await iterator.next() == 7)
        #expect(try await queue.run(within: .seconds(60), timedOut: open, late: { _ in }) { .success(8) } == 8)
        #expect(try await queue.run(within: nil, timedOut: open, late: { _ in }) { .success(9) } == 9)
        await #expect(throws: SecureComponentError.channelClosed) {
            try await queue.run(within: .seconds(1_000_000_000_000), timedOut: open, late: { _ in }) { Result<Int, SecureComponentError>.failure(.channelClosed) }
        }
    }
}
