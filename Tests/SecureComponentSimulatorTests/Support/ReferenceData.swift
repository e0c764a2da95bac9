import Foundation

/// The reference data beside the repository, or in the directory that TSMS_REFERENCE names. Tests that need it are skipped without it.
enum ReferenceData {
    static let directory: URL = {
        if let named = ProcessInfo.processInfo.environment["TSMS_REFERENCE"] { return URL(fileURLWithPath: named) }
        return packageRoot.deletingLastPathComponent().appendingPathComponent("shared/reference")
    }()

    static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

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

/// The CAP files that the testbed deploys, in the repository.
enum Applets {
    static let directory: URL = {
        let own = ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/applets")
        if FileManager.default.fileExists(atPath: own.path) { return own }
        return ReferenceData.packageRoot.deletingLastPathComponent().appendingPathComponent("shared/applets")
    }()

    static let arePresent = FileManager.default.fileExists(atPath: directory.appendingPathComponent("ticket-1.0-jc304.cap").path)

    static func archive(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appendingPathComponent(name + ".cap")))
    }
}
