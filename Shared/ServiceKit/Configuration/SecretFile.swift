import Foundation

/// A reference to a file that holds a secret. Configuration never holds the secret itself; the file must not be readable by others.
public struct SecretFile: Sendable, Hashable, Decodable, CheckedConfiguration {
    public let path: String

    public init(path: String) { self.path = path }

    public init(from decoder: any Decoder) throws {
        path = try decoder.singleValueContainer().decode(String.self)
    }

    /// The content, byte for byte.
    /// - Throws: ``ConfigurationError`` `unreadableFile`, or `invalidValue` when others may read it.
    public func read(maximumBytes: Int = 65_536) throws(ConfigurationError) -> [UInt8] {
        try requirePrivate()
        guard let data = FileManager.default.contents(atPath: path), data.count <= maximumBytes else {
            throw ConfigurationError(.unreadableFile, path: "", reason: "\(path): cannot be read, or is larger than \(maximumBytes) bytes")
        }
        return Array(data)
    }

    public func check(_ conditions: CheckConditions) throws {
        try requirePrivate()
    }

    private func requirePrivate() throws(ConfigurationError) {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
            throw ConfigurationError(.unreadableFile, path: "", reason: "\(path): missing, or not readable for this user")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw ConfigurationError(.invalidValue, path: "", reason: "\(path): others may read this secret; chmod 600 it")
        }
    }
}
