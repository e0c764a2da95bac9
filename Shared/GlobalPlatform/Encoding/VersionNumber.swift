/// A version of numeric components, compared as numbers from the left; missing components count as zero, so 1.6 equals 1.6.0.
public struct VersionNumber: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// As they were written.
    public let components: [Int]

    public init(_ components: [Int]) {
        self.components = components
    }

    /// One to four numbers of at most nine digits with dots between them: "1.6.0".
    public init(_ text: some StringProtocol) throws(VersionNumberError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { throw VersionNumberError(text: String(text.prefix(64))) }
        var components: [Int] = []
        for part in parts {
            guard (1...9).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(part) else {
                throw VersionNumberError(text: String(text.prefix(64)))
            }
            components.append(number)
        }
        self.components = components
    }

    private var significant: ArraySlice<Int> {
        var components = components[...]
        while components.last == 0 { components.removeLast() }
        return components
    }

    public static func == (left: VersionNumber, right: VersionNumber) -> Bool { left.significant == right.significant }

    public func hash(into hasher: inout Hasher) { hasher.combine(significant) }

    public static func < (left: VersionNumber, right: VersionNumber) -> Bool {
        left.significant.lexicographicallyPrecedes(right.significant)
    }

    public var description: String { components.map { String($0) }.joined(separator: ".") }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A text that is no version.
public struct VersionNumberError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public var code: String { "version-number" }
    public var description: String { "'\(text)' is not one to four numbers with dots between them" }
}
