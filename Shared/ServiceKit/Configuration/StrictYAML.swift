import Foundation
import Yams

/// Reads a configuration from YAML so that nothing in it is ignored: a key that the type does not read is an error,
/// as are duplicate keys, a quoted number, or `yes` for `true`.
public enum StrictYAML {
    /// - Throws: ``ConfigurationError``; the first problem found.
    public static func decode<Value: Decodable>(_ type: Value.Type, from yaml: String) throws(ConfigurationError) -> Value {
        try decodeCollecting(type, from: yaml).value
    }

    /// - Throws: ``ConfigurationError``
    public static func decode<Value: Decodable>(_ type: Value.Type, fromFile path: String) throws(ConfigurationError) -> Value {
        try decode(type, from: text(ofFile: path))
    }

    /// The decoded value, and every value in it that can check itself against the outside, with its path.
    static func decodeCollecting<Value: Decodable>(_ type: Value.Type, from yaml: String) throws(ConfigurationError) -> (value: Value, checks: [ConfigurationRecord.Check]) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationError(.notYAML, path: "", reason: "not valid YAML: \(error)")
        }
        // An empty file is an empty mapping: every key may be optional.
        let root = node ?? .mapping(Node.Mapping([]))
        let record = ConfigurationRecord()
        let value: Value
        do {
            value = try NodeDecoder(node: root, codingPath: [], record: record).decodeValue(type)
        } catch {
            throw Self.configurationError(error, record)
        }
        if let unknown = record.firstUnknownKey() { throw unknown }
        return (value, record.checks)
    }

    static func text(ofFile path: String) throws(ConfigurationError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(.unreadableFile, path: "", reason: "\(path): cannot be read (missing, or not readable for this user)")
        }
        guard data.count <= 1 << 20, let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(.unreadableFile, path: "", reason: "\(path): not a UTF-8 text of at most 1 MiB")
        }
        return text
    }

    private static func configurationError(_ error: any Error, _ record: ConfigurationRecord) -> ConfigurationError {
        switch error {
        case let error as ConfigurationError: error
        case DecodingError.keyNotFound(let key, let context):
            // A misspelt key shows as a missing one here.
            ConfigurationError(
                .missingKey, path: (context.codingPath + [key]).dotted,
                reason: "is missing" + (record.misspelling(of: key.stringValue, at: context.codingPath.dotted).map { "; \"\($0)\" is there: a misspelling?" } ?? ""))
        case DecodingError.typeMismatch(_, let context):
            ConfigurationError(.wrongType, path: context.codingPath.dotted, reason: context.debugDescription)
        case DecodingError.valueNotFound(_, let context):
            ConfigurationError(.missingKey, path: context.codingPath.dotted, reason: "has no value")
        case DecodingError.dataCorrupted(let context):
            ConfigurationError(.invalidValue, path: context.codingPath.dotted, reason: context.debugDescription)
        default:
            ConfigurationError(.invalidValue, path: "", reason: "\(error)")
        }
    }
}

extension [any CodingKey] {
    var dotted: String {
        reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
    }
}
