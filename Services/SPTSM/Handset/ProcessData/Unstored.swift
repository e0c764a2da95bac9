/// A value that lives as long as the step that made it: where it stands in a record it is written as null, and read as nothing.
struct Unstored<Value: Sendable>: Codable, Sendable {
    let value: Value?

    init(_ value: Value) { self.value = value }

    init(from decoder: any Decoder) throws { value = nil }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
