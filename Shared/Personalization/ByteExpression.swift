/// Line and column, counted from 1.
struct ScriptPlace: Sendable, Hashable {
    var line: Int
    var column: Int
}

/// What becomes bytes once values are given.
indirect enum ByteExpression: Sendable, Hashable {
    case bytes([UInt8])
    case value(ValueName, ScriptPlace)
    case sequence([ByteExpression])
    /// LV{…}: one byte of length.
    case lengthPrefixed(ByteExpression, ScriptPlace)
    /// TLV(tag){…}: BER length.
    case object(tag: [UInt8], ByteExpression)
    /// DGI(id){…}
    case grouping(identifier: [UInt8], ByteExpression)
    /// PAD{…}: 80 and zeros up to whole blocks of 16 bytes (ISO/IEC 7816-4).
    case padded(ByteExpression)
    /// DEK{…}: encrypted by the vault under the session's data encryption key.
    case encrypted(ByteExpression, ScriptPlace)

    static let block = 16

    var references: [(name: ValueName, place: ScriptPlace)] {
        switch self {
        case .bytes: []
        case .value(let name, let place): [(name, place)]
        case .sequence(let parts): parts.flatMap(\.references)
        case .lengthPrefixed(let inner, _), .object(_, let inner), .grouping(_, let inner), .padded(let inner), .encrypted(let inner, _): inner.references
        }
    }

    /// Bytes that this can become.
    func lengths(_ declared: [ValueName: ValueDeclaration]) -> ClosedRange<Int> {
        switch self {
        case .bytes(let bytes): return bytes.count...bytes.count
        case .value(let name, _): return declared[name]?.byteLengths ?? 0...0
        case .sequence(let parts):
            return parts.reduce(0...0) { sum, part in
                let own = part.lengths(declared)
                return sum.lowerBound + own.lowerBound...sum.upperBound + own.upperBound
            }
        case .lengthPrefixed(let inner, _): return inner.lengths(declared).mapped { $0 + 1 }
        case .object(let tag, let inner): return inner.lengths(declared).mapped { tag.count + BERLength.count($0) + $0 }
        case .grouping(_, let inner): return inner.lengths(declared).mapped { 2 + ($0 < 0xFF ? 1 : 3) + $0 }
        case .padded(let inner): return inner.lengths(declared).mapped { ($0 / Self.block + 1) * Self.block }
        case .encrypted(let inner, _): return inner.lengths(declared)
        }
    }

    /// Remainder of the length by the block length; nil where it is not always the same.
    func remainder(_ declared: [ValueName: ValueDeclaration]) -> Int? {
        switch self {
        case .padded: return 0
        case .encrypted(let inner, _): return inner.remainder(declared)
        case .sequence(let parts):
            var sum = 0
            for part in parts {
                guard let own = part.remainder(declared) else { return nil }
                sum += own
            }
            return sum % Self.block
        case .bytes, .value, .lengthPrefixed, .object, .grouping:
            let lengths = lengths(declared)
            return lengths.lowerBound == lengths.upperBound ? lengths.lowerBound % Self.block : nil
        }
    }
}

extension ClosedRange<Int> {
    /// For functions that grow with their argument.
    fileprivate func mapped(_ function: (Int) -> Int) -> ClosedRange<Int> { function(lowerBound)...function(upperBound) }
}

/// Definite lengths of BER.
enum BERLength {
    static func count(_ length: Int) -> Int { length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 4 }
}
