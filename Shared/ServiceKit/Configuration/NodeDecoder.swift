import Foundation
import Yams

/// A decoder over a YAML tree that records what is read of it. Scalars are read by their plain form (YAML 1.2 core schema).
struct NodeDecoder: Decoder, SingleValueDecodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    let record: ConfigurationRecord
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let mapping = node.mapping else { throw mismatch([String: String].self, "a mapping is expected") }
        record.opened(mapping, at: codingPath.dotted)
        return KeyedDecodingContainer(NodeMappingContainer<Key>(mapping: mapping, decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let sequence = node.sequence else { throw mismatch([String].self, "a list is expected") }
        return NodeSequenceContainer(nodes: Array(sequence), decoder: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func child(_ node: Node, _ key: any CodingKey) -> NodeDecoder {
        NodeDecoder(node: node, codingPath: codingPath + [key], record: record)
    }

    func decodeValue<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try type.init(from: self)
        record.decoded(value, at: codingPath.dotted)
        return value
    }

    func decodeNil() -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    func decode(_ type: Bool.Type) throws -> Bool {
        switch try plainText(type, "true or false is expected") {
        case "true": return true
        case "false": return false
        default: throw mismatch(type, "true or false is expected")
        }
    }

    func decode(_ type: String.Type) throws -> String {
        guard let scalar = node.scalar, !decodeNil() else { throw mismatch(type, "a text is expected") }
        return scalar.string
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let value = Double(try plainText(type, "a number is expected")), value.isFinite else { throw mismatch(type, "a number is expected") }
        return value
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decodeValue(type) }

    private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        let text = try plainText(type, "a whole number is expected")
        guard let value = Value(text) else { throw mismatch(type, "a whole number from \(Value.min) to \(Value.max) is expected, not \"\(text.prefix(40))\"") }
        return value
    }

    private func plainText(_ type: Any.Type, _ expectation: String) throws -> String {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { throw mismatch(type, expectation) }
        return scalar.string
    }

    private func mismatch(_ type: Any.Type, _ expectation: String) -> DecodingError {
        let line = node.mark.map { " (line \($0.line))" } ?? ""
        return DecodingError.typeMismatch(type, .init(codingPath: codingPath, debugDescription: expectation + line))
    }
}
