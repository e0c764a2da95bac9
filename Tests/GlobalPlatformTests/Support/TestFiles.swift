import Foundation

/// Files that the tests read: the applets that the product carries and, when it is there, the reference data.
enum TestFiles {
    static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func applet(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: packageRoot.appendingPathComponent("deploy/testbed/applets/\(name).cap")))
    }

    /// globalplatform-vectors.json as it is; nil when the reference data is absent. Unsafe in name only: it is never changed.
    nonisolated(unsafe) static let vectors: [String: Any]? = {
        let folder = ProcessInfo.processInfo.environment["TSMS_REFERENCE"].map { URL(fileURLWithPath: $0) }
            ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/reference")
        guard let data = try? Data(contentsOf: folder.appendingPathComponent("globalplatform-vectors.json")) else { return nil }
        return try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    }()
}
