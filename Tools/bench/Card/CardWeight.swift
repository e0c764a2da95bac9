import Foundation

/// What many simulated cards in one process take.
struct CardWeight {
    let cards: Int

    /// Kilobytes (10³ bytes) of resident memory a card.
    func measure() throws -> Double {
        let before = try ProcessFigures.memory(getpid()).anonymous
        var kept: [BenchCard] = []
        kept.reserveCapacity(cards)
        for number in 0..<cards {
            let card = try BenchCard(number: number)
            try card.furnish()
            kept.append(card)
        }
        let after = try ProcessFigures.memory(getpid()).anonymous
        // All of them are still there.
        guard try kept.allSatisfy({ try $0.card.transmit([0x80, 0xCA, 0x00, 0x45, 0x00]).suffix(2) == [0x90, 0x00] }) else { throw BenchFailure("a card does not answer") }
        return (after - before) * 1e3 / Double(cards)
    }
}
