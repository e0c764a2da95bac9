import Foundation

/// The TR as data, where it is at hand: in the directory that TSMS_REFERENCE names, or in `../shared/reference` beside the repository.
enum ReferenceData {
    static let directory: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["TSMS_REFERENCE"].map { URL(filePath: $0) }
        return [named, root.appending(path: "../shared/reference")].compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0.appending(path: "tsmapi.json").path) }
    }()

    static func json(_ name: String) throws -> [String: Any] {
        guard let directory, let object = try JSONSerialization.jsonObject(with: Data(contentsOf: directory.appending(path: name))) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return object
    }
}
