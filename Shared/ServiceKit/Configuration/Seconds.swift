/// A length of time in a configuration, in seconds: a number of at least 0, fractions allowed.
public struct Seconds: Sendable, Hashable, Codable {
    public let value: Double

    public init(_ value: Double) { self.value = value }

    public var duration: Duration { .milliseconds(Int64((value * 1000).rounded())) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let value = try container.decode(Double.self)
        guard value >= 0, value <= 10_000_000_000 else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a number of seconds from 0 on is expected")
        }
        self.value = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
