/// An object identifier of X.660, as the content bytes of its DER encoding (X.690, 8.19), without tag and length.
public struct ASN1ObjectIdentifier: Hashable, Sendable, CustomStringConvertible {
    public let content: [UInt8]

    /// Checks that the bytes are whole arcs, each in its shortest form.
    public init(content: [UInt8]) throws(FormatError) {
        var fresh = true
        var length = 0
        for byte in content {
            guard !(fresh && byte == 0x80) else { throw FormatError(.data, "object identifier", "content", "an arc is not in its shortest form") }
            length = fresh ? 1 : length + 1
            guard length <= 9 else { throw FormatError(.data, "object identifier", "content", "an arc is too large") }
            fresh = byte & 0x80 == 0
        }
        guard fresh, !content.isEmpty else { throw FormatError(.data, "object identifier", "content", "it is empty or cut short") }
        self.content = content
    }

    /// Reads "1.3.6.1.4.1.…".
    public init(_ dotted: some StringProtocol) throws(FormatError) {
        var arcs: [UInt64] = []
        for part in dotted.split(separator: ".", omittingEmptySubsequences: false) {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let arc = UInt64(part), arc < 1 << 62 else {
                throw FormatError(.data, "object identifier", "text", "numbers with dots between them were expected")
            }
            arcs.append(arc)
        }
        guard arcs.count >= 2, arcs[0] <= 2, arcs[0] == 2 || arcs[1] < 40 else {
            throw FormatError(.data, "object identifier", "text", "the first two arcs are not allowed")
        }
        var content: [UInt8] = []
        for arc in [arcs[0] * 40 + arcs[1]] + arcs.dropFirst(2) {
            var bytes = [UInt8(arc & 0x7F)]
            var rest = arc >> 7
            while rest > 0 {
                bytes.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                rest >>= 7
            }
            content += bytes
        }
        self.content = content
    }

    /// With dots.
    public var description: String {
        var arcs: [UInt64] = []
        var value: UInt64 = 0
        for byte in content {
            value = value << 7 | UInt64(byte & 0x7F)
            guard byte & 0x80 == 0 else { continue }
            if arcs.isEmpty {
                let first = min(value / 40, 2)
                arcs = [first, value - first * 40]
            } else {
                arcs.append(value)
            }
            value = 0
        }
        return arcs.map { String($0) }.joined(separator: ".")
    }
}
