import GlobalPlatform

/// Answer to reset of ISO/IEC 7816-3, 8.2, as far as a virtual reader needs it: which protocols it offers, and the historical bytes.
public struct AnswerToReset: Hashable, Sendable {
    public static let direct: UInt8 = 0x3B

    public let bytes: [UInt8]
    /// 0 for T=0, 1 for T=1, in the order in which they are offered. T=0 where the card offers none.
    public let protocols: [UInt8]
    public let historicalBytes: [UInt8]

    /// - Returns: nil for what is no answer to reset.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2, bytes.count <= 33, bytes[0] == Self.direct || bytes[0] == 0x3F else { return nil }
        let historicalCount = Int(bytes[1] & 0x0F)
        var protocols: [UInt8] = []
        var position = 2
        var follows = bytes[1] >> 4
        var hasCheck = false
        while true {
            // TA, TB and TC, where they are there.
            position += (follows & 0x07).nonzeroBitCount
            guard follows & 0x08 != 0 else { break }
            guard position < bytes.count else { return nil }
            let kind = bytes[position] & 0x0F
            // A check byte follows unless T=0 is all that is said.
            if kind != 0 { hasCheck = true }
            // 15 qualifies interface bytes and is no protocol.
            if kind != 15, !protocols.contains(kind) { protocols.append(kind) }
            follows = bytes[position] >> 4
            position += 1
        }
        guard bytes.count >= position + historicalCount + (hasCheck ? 1 : 0) else { return nil }
        self.bytes = bytes
        self.protocols = protocols.isEmpty ? [0] : protocols
        historicalBytes = Array(bytes[position..<position + historicalCount])
    }

    /// T=1 alone with default parameters and these historical bytes (at most 15).
    public static func t1(historicalBytes: [UInt8]) -> [UInt8] {
        let historical = historicalBytes.prefix(15)
        let body: [UInt8] = [0x80 | UInt8(historical.count), 0x01] + historical
        return [direct] + body + [body.reduce(0, ^)]
    }

    /// T=0 alone: no interface bytes, no check byte.
    public static func t0(historicalBytes: [UInt8]) -> [UInt8] {
        let historical = historicalBytes.prefix(15)
        return [direct, UInt8(historical.count)] + historical
    }
}
