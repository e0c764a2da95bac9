/// DEFLATE with the fixed codes (RFC 1951, 3.2.6): literals, and runs of one byte as copies from one byte before.
public enum SampleDeflate {
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var writer = BitWriter()
        writer.bits(1, 1)
        writer.bits(1, 2)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            writer.literal(Int(byte))
            index += 1
            // Only the longest copy is used: symbol 285 has no further bits, and its distance is code 0, one byte back.
            while bytes.count - index >= 258, bytes[index..<index + 258].allSatisfy({ $0 == byte }) {
                writer.literal(285)
                writer.code(0, 5)
                index += 258
            }
        }
        writer.literal(256)
        return writer.finish()
    }

    private struct BitWriter {
        private var bytes: [UInt8] = []
        private var current: UInt8 = 0
        private var count = 0

        /// Least significant bit first.
        mutating func bits(_ value: Int, _ length: Int) {
            for bit in 0..<length {
                if value >> bit & 1 == 1 { current |= 1 << count }
                count += 1
                if count == 8 {
                    bytes.append(current)
                    (current, count) = (0, 0)
                }
            }
        }

        /// Huffman codes come most significant bit first.
        mutating func code(_ value: Int, _ length: Int) {
            for bit in (0..<length).reversed() { bits(value >> bit & 1, 1) }
        }

        mutating func literal(_ symbol: Int) {
            switch symbol {
            case ..<144: code(0x30 + symbol, 8)
            case ..<256: code(0x190 + symbol - 144, 9)
            case ..<280: code(symbol - 256, 7)
            default: code(0xC0 + symbol - 280, 8)
            }
        }

        consuming func finish() -> [UInt8] {
            count > 0 ? bytes + [current] : bytes
        }
    }
}
