/// A canonical Huffman code of DEFLATE (RFC 1951, 3.2.2), kept as the number of codes of each length and the symbols in order.
struct HuffmanCode {
    private(set) var counts: [Int]
    private(set) var symbols: [Int]

    /// nil when the lengths describe more codes than there are. An incomplete code is allowed only with at most one symbol,
    /// which RFC 1951, 3.2.7 allows for distances.
    init?(lengths: some Collection<UInt8>) {
        counts = Array(repeating: 0, count: 16)
        for length in lengths { counts[Int(length & 15)] += 1 }
        let used = lengths.count - counts[0]
        counts[0] = 0
        var left = 1
        for length in 1...15 {
            left = left * 2 - counts[length]
            if left < 0 { return nil }
        }
        if left > 0 && used > 1 { return nil }
        var offsets = Array(repeating: 0, count: 16)
        for length in 1..<15 { offsets[length + 1] = offsets[length] + counts[length] }
        symbols = Array(repeating: 0, count: used)
        for (symbol, length) in lengths.enumerated() where length != 0 {
            symbols[offsets[Int(length)]] = symbol
            offsets[Int(length)] += 1
        }
    }
}
