import GlobalPlatform

/// Where a placeholder's value comes from.
public enum ValueSource: String, Sendable, Hashable, CaseIterable {
    /// InstallServiceCommand.installationData (TR-03165 4.2.3.3).
    case installationData
    /// PersonalizeServiceCommand.personalizationData (TR-03165 4.2.3.4).
    case personalizationData
    /// Service's and Flavor's spParameters: configuration, not secret.
    case spParameters

    /// Given by the SP app for one call, and to be kept from stores, logs and messages.
    public var isSecret: Bool { self != .spParameters }
}

/// `personalizationData.holder`
public struct ValueName: Sendable, Hashable, CustomStringConvertible {
    public var source: ValueSource
    public var name: String

    public init(_ source: ValueSource, _ name: String) {
        self.source = source
        self.name = name
    }

    public var description: String { "\(source.rawValue).\(name)" }
}

/// A value that a script takes: name, type and length.
public struct ValueDeclaration: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Hexadecimal digits, two a byte; lengths in bytes.
        case hex
        /// Text; lengths in bytes of its UTF-8.
        case utf8
        /// Decimal digits, two a byte, the last half byte F if their number is odd; lengths in digits.
        case bcd
    }

    public var name: ValueName
    public var kind: Kind
    /// In the kind's unit.
    public var lengths: ClosedRange<Int>
    var place: ScriptPlace

    /// Bytes that the value can have.
    public var byteLengths: ClosedRange<Int> {
        kind == .bcd ? (lengths.lowerBound + 1) / 2...(lengths.upperBound + 1) / 2 : lengths
    }

    /// The bytes that the text stands for. The text is taken as it is: a placeholder in it is only text.
    /// - Throws: ``ValueError``, which does not hold the text.
    public func encode(_ text: String) throws(ValueError) -> [UInt8] {
        switch kind {
        case .hex:
            // Before decoding, so that a value of any length costs nothing.
            guard text.utf8.count <= 2 * lengths.upperBound else { throw wrongLength(text.utf8.count / 2, "bytes") }
            guard let bytes = try? Hex.decode(text) else { throw ValueError(name, "is not hexadecimal, two digits a byte") }
            guard lengths.contains(bytes.count) else { throw wrongLength(bytes.count, "bytes") }
            return bytes
        case .utf8:
            guard lengths.contains(text.utf8.count) else { throw wrongLength(text.utf8.count, "bytes") }
            return Array(text.utf8)
        case .bcd:
            guard lengths.contains(text.utf8.count) else { throw wrongLength(text.utf8.count, "digits") }
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw ValueError(name, "has something else than decimal digits") }
            let digits = text.utf8.map { $0 - 0x30 } + (text.utf8.count.isMultiple(of: 2) ? [] : [0x0F])
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
    }

    private func wrongLength(_ count: Int, _ unit: String) -> ValueError { ValueError(name, "has \(count) \(unit), \(lengths.words) are expected") }
}

/// What is wrong with a value, without the value.
public struct ValueError: Error, Sendable, Hashable, CustomStringConvertible {
    public var name: ValueName
    public var reason: String

    init(_ name: ValueName, _ reason: String) {
        self.name = name
        self.reason = reason
    }

    public var description: String { "\(name) \(reason)" }
}

extension ClosedRange<Int> {
    var words: String { lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)" }
}
