/// Decompression of DEFLATE (RFC 1951), bounded by the size that is announced: never a byte more, never a byte less.
struct Inflate {
    enum Failure: Error, Equatable {
        case truncated, invalidBlock, invalidCode, invalidDistance, tooLong, tooShort, trailingBytes
    }

    private let input: [UInt8]
    private var position = 0
    private var bitBuffer: UInt32 = 0
    private var bitCount: UInt32 = 0
    private var output: [UInt8] = []
    private let size: Int

    private init(_ input: [UInt8], size: Int) {
        self.input = input
        self.size = size
    }

    /// The `size` bytes that `input` holds compressed. Memory grows with what is really there, not with what is announced.
    static func inflate(_ input: [UInt8], size: Int) throws(Failure) -> [UInt8] {
        var inflate = Inflate(input, size: size)
        var last = false
        while !last {
            last = try inflate.bits(1) == 1
            switch try inflate.bits(2) {
            case 0: try inflate.stored()
            case 1: try inflate.fixed()
            case 2: try inflate.dynamic()
            default: throw .invalidBlock
            }
        }
        guard inflate.position == input.count else { throw .trailingBytes }
        guard inflate.output.count == size else { throw .tooShort }
        return inflate.output
    }

    private mutating func bits(_ count: UInt32) throws(Failure) -> Int {
        while bitCount < count {
            guard position < input.count else { throw .truncated }
            bitBuffer |= UInt32(input[position]) << bitCount
            position += 1
            bitCount += 8
        }
        let value = bitBuffer & ((1 << count) - 1)
        bitBuffer >>= count
        bitCount -= count
        return Int(value)
    }

    private mutating func stored() throws(Failure) {
        bitBuffer = 0
        bitCount = 0
        guard input.count - position >= 4 else { throw .truncated }
        let length = Int(input[position]) | Int(input[position + 1]) << 8
        let complement = Int(input[position + 2]) | Int(input[position + 3]) << 8
        guard length == ~complement & 0xFFFF else { throw .invalidBlock }
        position += 4
        guard length <= input.count - position else { throw .truncated }
        guard length <= size - output.count else { throw .tooLong }
        output += input[position..<position + length]
        position += length
    }

    private mutating func symbol(_ code: HuffmanCode) throws(Failure) -> Int {
        var value = 0
        var first = 0
        var index = 0
        for length in 1...15 {
            value |= try bits(1)
            let count = code.counts[length]
            if value - first < count { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw .invalidCode
    }

    private mutating func compressed(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(Failure) {
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                guard output.count < size else { throw .tooLong }
                output.append(UInt8(symbol))
            } else if symbol == 256 {
                return
            } else {
                guard symbol - 257 < Inflate.lengthBases.count else { throw .invalidCode }
                let length = Inflate.lengthBases[symbol - 257] + (try bits(Inflate.lengthExtraBits[symbol - 257]))
                let code = try self.symbol(distances)
                guard code < Inflate.distanceBases.count else { throw .invalidCode }
                let distance = Inflate.distanceBases[code] + (try bits(Inflate.distanceExtraBits[code]))
                guard distance <= output.count else { throw .invalidDistance }
                guard length <= size - output.count else { throw .tooLong }
                // Source and target may overlap: the copied bytes are then repeated.
                for _ in 0..<length { output.append(output[output.count - distance]) }
            }
        }
    }

    private mutating func fixed() throws(Failure) {
        guard let literals = Inflate.fixedLiterals, let distances = Inflate.fixedDistances else { throw .invalidBlock }
        try compressed(literals, distances)
    }

    private mutating func dynamic() throws(Failure) {
        let literalCount = try bits(5) + 257
        let distanceCount = try bits(5) + 1
        let codeLengthCount = try bits(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw .invalidBlock }
        var codeLengths = Array(repeating: UInt8(0), count: 19)
        for index in 0..<codeLengthCount { codeLengths[Inflate.codeLengthOrder[index]] = UInt8(try bits(3)) }
        guard let code = HuffmanCode(lengths: codeLengths) else { throw .invalidBlock }
        var lengths: [UInt8] = []
        let total = literalCount + distanceCount
        while lengths.count < total {
            let symbol = try symbol(code)
            var repeated: UInt8 = 0
            let count: Int
            switch symbol {
            case 0...15:
                lengths.append(UInt8(symbol))
                continue
            case 16:
                guard let previous = lengths.last else { throw .invalidBlock }
                repeated = previous
                count = 3 + (try bits(2))
            case 17: count = 3 + (try bits(3))
            default: count = 11 + (try bits(7))
            }
            guard count <= total - lengths.count else { throw .invalidBlock }
            lengths += repeatElement(repeated, count: count)
        }
        guard lengths[256] != 0, let literals = HuffmanCode(lengths: lengths[..<literalCount]),
              let distances = HuffmanCode(lengths: lengths[literalCount...]) else { throw .invalidBlock }
        try compressed(literals, distances)
    }

    private static let codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengthBases = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
    private static let lengthExtraBits: [UInt32] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBases = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
                                        8193, 12289, 16385, 24577]
    private static let distanceExtraBits: [UInt32] = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]

    /// The fixed codes of RFC 1951, 3.2.6; they have 32 distances so as to be complete, of which 30 and 31 are never valid.
    private static let fixedLiterals = HuffmanCode(lengths: Array(repeating: UInt8(8), count: 144) + Array(repeating: UInt8(9), count: 112)
        + Array(repeating: UInt8(7), count: 24) + Array(repeating: UInt8(8), count: 8))
    private static let fixedDistances = HuffmanCode(lengths: Array(repeating: UInt8(5), count: 32))
}
