import GlobalPlatform
import SecureComponent
import Testing
@testable import SecureComponentSimulator

@Suite("A card in a virtual reader, without the socket")
struct SlotTests {
    private let select: [UInt8] = [0x00, 0xA4, 0x04, 0x00]

    private func failure(_ body: () throws(AttachmentError) -> Void) -> String? {
        do throws(AttachmentError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("frames in pieces of any size give the same payloads")
    func pieces() {
        let payloads: [[UInt8]] = [[4], [1], select, [UInt8](repeating: 0xAB, count: 300), [], [2]]
        let stream = payloads.flatMap { ReaderSide.frame($0) }
        for size in 1...stream.count {
            var reader = VPCDFrameReader()
            var found: [[UInt8]] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                reader.append(stream[start..<min(start + size, stream.count)])
                while let payload = reader.next() { found.append(payload) }
            }
            #expect(found == payloads, "in pieces of \(size)")
            #expect(!reader.isInsideFrame)
        }
        #expect(VPCDFrameReader.frame([UInt8](repeating: 0, count: 65535))?.count == 65537)
        #expect(VPCDFrameReader.frame([UInt8](repeating: 0, count: 65536)) == nil)
    }

    @Test("random bytes never trap, and end in an answer or a typed error")
    func random() throws {
        var state: UInt64 = 0x5EED
        for _ in 0..<2000 {
            let card = try CardSlotFuzz.card
            var slot = CardSlot(card)
            let count = Int(CardSlotFuzz.next(&state) % 40)
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: CardSlotFuzz.next(&state) % 5) }
            _ = failure { () throws(AttachmentError) in _ = try slot.receive(bytes) }
        }
    }

    @Test("power: commands need it, off and reset make the card forget, on does not twice")
    func power() throws {
        let card = ListedCard("9000", "9000", "9000")
        var slot = CardSlot(card)
        #expect(try slot.receive(ReaderSide.frame([4])) == ReaderSide.frame(card.atr))
        #expect(failure { () throws(AttachmentError) in _ = try slot.receive(ReaderSide.frame(select)) } == "command-without-power")
        #expect(try slot.receive(ReaderSide.frame([1])).isEmpty)
        #expect(card.resets == 1)
        #expect(try slot.receive(ReaderSide.frame([1])).isEmpty)
        #expect(card.resets == 1)
        #expect(try slot.receive(ReaderSide.frame(select)) == ReaderSide.frame([0x90, 0x00]))
        #expect(try slot.receive(ReaderSide.frame([2])).isEmpty)
        #expect(card.resets == 2)
        #expect(try slot.receive(ReaderSide.frame([0])).isEmpty)
        #expect(card.resets == 3)
        // The reader looks whether a card is there whatever its power.
        #expect(try slot.receive(ReaderSide.frame([4])) == ReaderSide.frame(card.atr))
        #expect(failure { () throws(AttachmentError) in _ = try slot.receive(ReaderSide.frame(select)) } == "command-without-power")
        #expect(card.commands == ["00a40400"])
    }

    @Test("what a reader must not say", arguments: [([], "empty-frame"), ([3], "unknown-control"), ([0xFF], "unknown-control")] as [([UInt8], String)])
    func refused(_ payload: [UInt8], _ code: String) {
        var slot = CardSlot(ListedCard())
        #expect(failure { () throws(AttachmentError) in _ = try slot.receive(ReaderSide.frame(payload)) } == code)
    }

    @Test("a card that does not answer, or answers too much, leaves the reader")
    func cardFails() {
        var slot = CardSlot(ListedCard([.failure(.componentLost("pulled"))]))
        #expect(failure { () throws(AttachmentError) in _ = try slot.receive(ReaderSide.frame([1]) + ReaderSide.frame(select)) } == "card-failed")
        var wordy = CardSlot(ListedCard([.success([UInt8](repeating: 0, count: 65536))]))
        #expect(failure { () throws(AttachmentError) in _ = try wordy.receive(ReaderSide.frame([1]) + ReaderSide.frame(select)) } == "response-too-long")
    }

    @Test("a command of 65535 bytes is the card's to refuse")
    func longest() throws {
        var slot = CardSlot(try Cards.make())
        let answer = try slot.receive(ReaderSide.frame([1]) + ReaderSide.frame([UInt8](repeating: 0, count: 65535)))
        #expect(answer == ReaderSide.frame([0x67, 0x00]))
    }

    @Test("codes are distinct and messages say something")
    func codes() {
        let errors: [AttachmentError] = [.readerUnreachable("a"), .connectionFailed("b"), .truncatedFrame, .emptyFrame, .unknownControl(7), .commandWithoutPower,
                                         .responseTooLong(70000), .cardFailed(.componentLost("c"))]
        #expect(Set(errors.map(\.code)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.count > 10 })
    }
}

/// Material of the random test.
enum CardSlotFuzz {
    static var card: SimulatedCard { get throws { try Cards.make() } }

    /// SplitMix64.
    static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
