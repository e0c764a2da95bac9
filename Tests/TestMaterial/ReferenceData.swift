import Foundation

/// The TR and GlobalPlatform as data, where they are at hand: in the directory that TSMS_REFERENCE names, or in
/// `../shared/reference` beside the repository. Tests that need them are skipped without.
public enum ReferenceData {
    public static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    public static let directory: URL = ProcessInfo.processInfo.environment["TSMS_REFERENCE"].map { URL(fileURLWithPath: $0) }
        ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/reference")

    public static let isPresent = file("globalplatform-vectors.json") != nil

    public static func file(_ name: String) -> Data? {
        FileManager.default.contents(atPath: directory.appendingPathComponent(name).path)
    }

    /// A JSON file as it is.
    public static func json(_ name: String) throws -> [String: Any] {
        guard let data = file(name), let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw Missing(name: name) }
        return object
    }

    /// One top-level member of globalplatform-vectors.json.
    public static func vectors<Value: Decodable>(_ member: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value = try json("globalplatform-vectors.json")[member] else { throw Missing(name: member) }
        return try JSONDecoder().decode(Value.self, from: JSONSerialization.data(withJSONObject: value))
    }

    public struct Missing: Error { public let name: String }
}
