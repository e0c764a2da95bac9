import Foundation

/// A JSON document before it is known to be an entity: the rules need to see unknown, missing, null and empty attributes.
enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Neither null nor `""`, `[]`, `{}`: what the TR calls a value.
    var isMeaningful: Bool {
        switch self {
        case .null, .string(""), .array([]): false
        case .object(let members): !members.isEmpty
        default: true
        }
    }

    var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    var string: String? { if case .string(let text) = self { text } else { nil } }

    /// For messages: what was there, in the form it was sent.
    var shown: String {
        switch self {
        case .null: "null"
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let text): text
        case .array: "[…]"
        case .object: "{…}"
        }
    }

    /// - Throws: ``JSONReader/Failure``.
    init(parsing bytes: [UInt8]) throws(JSONReader.Failure) {
        self = try JSONReader.read(bytes)
    }

    /// The document form of a value of ours.
    init(encoding value: some Encodable) throws {
        self = try JSONReader.read(Array(try JSONEncoder().encode(value)))
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: try JSONEncoder().encode(self))
    }
}

extension JSONValue: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
