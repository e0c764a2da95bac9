/// Looks for many byte strings at once: one pass over the bytes, whatever their number.
///
/// The tests are built without optimisation, so the inner loop is plain arithmetic on pointers.
final class Searcher {
    private struct Pattern {
        var needle: String
        var form: String
        var bytes: [UInt8]
    }

    private static let bits: UInt32 = 16
    private let patterns: [Pattern]
    /// Index of the first pattern of each hash of four bytes, -1 for none; the others follow in `next`.
    private let heads: UnsafeMutablePointer<Int32>
    private var next: [Int32]
    /// Bytes that two portions of one whole have to share, so that nothing at their seam is missed.
    let overlap: Int

    /// - Parameter needles: of at least 8 bytes in every form.
    init(_ needles: [Needle]) {
        patterns = needles.flatMap { needle in needle.forms.map { Pattern(needle: needle.name, form: $0.name, bytes: $0.bytes) } }
        heads = .allocate(capacity: 1 << Int(Self.bits))
        heads.initialize(repeating: -1, count: 1 << Int(Self.bits))
        next = Array(repeating: -1, count: patterns.count)
        overlap = patterns.map(\.bytes.count).max() ?? 0
        for (index, pattern) in patterns.enumerated() {
            let word = pattern.bytes[..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let slot = Self.slot(word)
            next[index] = heads[slot]
            heads[slot] = Int32(index)
        }
    }

    deinit { heads.deallocate() }

    private static func slot(_ word: UInt32) -> Int { Int((word &* 2_654_435_761) >> (32 - bits)) }

    func search(_ bytes: UnsafeBufferPointer<UInt8>, place: String, into findings: inout Set<Finding>) {
        guard let base = bytes.baseAddress, bytes.count >= 4 else { return }
        let (heads, count, shift) = (self.heads, bytes.count, 32 - Self.bits)
        var word = UInt32(base[0]) << 8 | UInt32(base[1]) << 16 | UInt32(base[2]) << 24
        var position = 3
        while position < count {
            word = word >> 8 | UInt32(base[position]) << 24
            let head = heads[Int((word &* 2_654_435_761) >> shift)]
            if head >= 0 { compare(head, base, position - 3, count, place, &findings) }
            position += 1
        }
    }

    private func compare(_ head: Int32, _ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int, _ place: String, _ findings: inout Set<Finding>) {
        var index = head
        while index >= 0 {
            let pattern = patterns[Int(index)]
            if start + pattern.bytes.count <= count, UnsafeBufferPointer(start: base + start, count: pattern.bytes.count).elementsEqual(pattern.bytes) {
                findings.insert(Finding(needle: pattern.needle, form: pattern.form, place: place))
            }
            index = next[Int(index)]
        }
    }
}
