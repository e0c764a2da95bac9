import Foundation

/// The reference data beside the repository, or in the directory that TSMS_REFERENCE names. Tests that need it are skipped without it.
enum ReferenceData {
    static let directory: URL = {
        if let named = ProcessInfo.processInfo.environment["TSMS_REFERENCE"] { return URL(fileURLWithPath: named) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("shared/reference")
    }()

    static let isPresent = FileManager.default.fileExists(atPath: directory.appendingPathComponent("globalplatform-vectors.json").path)

    /// One top-level member of globalplatform-vectors.json.
    static func vectors<Value: Decodable>(_ member: String, as type: Value.Type = Value.self) throws -> Value {
        let data = try Data(contentsOf: directory.appendingPathComponent("globalplatform-vectors.json"))
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        guard let value = object?[member] else { throw Missing(member: member) }
        return try JSONDecoder().decode(Value.self, from: JSONSerialization.data(withJSONObject: value))
    }

    struct Missing: Error { let member: String }
}
