/// The tag of a Version, `Major.Minor.Revision` with one to three digits each (TR-03165 4.1.4.4). Ordered by number: 1.10.0 is newer than 1.9.0.
///
/// Tags are told apart as they are written, but 1.0.0 and 1.00.0 have the same place in the order (reading: the TR does not say).
public struct VersionTag: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Major, minor, revision.
    public let numbers: [Int]

    /// Nil for anything but a concrete tag.
    public init?(_ text: String) {
        guard let parts = VersionComponent.parse(text) else { return nil }
        var numbers: [Int] = []
        for case .number(let number) in parts { numbers.append(number) }
        guard numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    /// - Parameters:
    ///   - attribute: the argument's name in the TR.
    ///   - request: the request's name in the TR, for the message.
    /// - Throws: `TSMFailure(.invalidArgument)`.
    public init(concrete text: String, attribute: String, of request: String) throws(TSMFailure) {
        guard let tag = VersionTag(text) else {
            throw TSMFailure(.invalidArgument, "\(attribute) in \(request) has invalid format: a concrete version a.b.c is needed")
        }
        self = tag
    }

    public static func < (one: VersionTag, other: VersionTag) -> Bool { one.numbers.lexicographicallyPrecedes(other.numbers) }

    public var description: String { numbers.map(String.init).joined(separator: ".") }
}

/// One of the three parts of a tag or pattern.
enum VersionComponent: Sendable, Hashable {
    case number(Int)
    /// `x` or `X`.
    case any

    /// Nil for what has not three parts of one to three digits, or the one letter.
    static func parse(_ text: String) -> [VersionComponent]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var components: [VersionComponent] = []
        for part in parts {
            if part.count == 1, part.first == UInt8(ascii: "x") || part.first == UInt8(ascii: "X") {
                components.append(.any)
            } else if (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }) {
                components.append(.number(part.reduce(0) { $0 * 10 + Int($1 - 0x30) }))
            } else {
                return nil
            }
        }
        return components
    }
}
