import Foundation

/// `store:` of a service: the one directory that is its own. Nobody else opens it.
public struct StoreConfiguration: Sendable, Hashable, Decodable, CheckedConfiguration {
    public var directory: String

    public init(directory: String) { self.directory = directory }

    public func check(_ conditions: CheckConditions) throws {
        var isDirectory: ObjCBool = false
        let parent = (directory as NSString).deletingLastPathComponent
        if FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) {
            guard isDirectory.boolValue, FileManager.default.isWritableFile(atPath: directory) else {
                throw ConfigurationError(.invalidValue, path: "directory", reason: "\(directory) is not a directory that this user may write")
            }
        } else if !FileManager.default.isWritableFile(atPath: parent.isEmpty ? "." : parent) {
            throw ConfigurationError(.invalidValue, path: "directory", reason: "\(directory) does not exist and cannot be made by this user")
        }
    }
}
