import Foundation
import Identity

/// Tells other programs on the machine where a service listens, when the system picked its ports.
public struct EndpointsFile: Codable, Sendable, Hashable {
    public static let name = "endpoints.json"

    /// The service.
    public let name: String
    public let pid: Int32
    /// Port of each listener by its name.
    public let listeners: [String: Int]

    public init(name: String, pid: Int32, listeners: [String: Int]) {
        self.name = name
        self.pid = pid
        self.listeners = listeners
    }

    /// - Throws: ``IdentityError`` `unwritableFile`.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try AtomicFile.write(encoder.encode(self), to: path, mode: AtomicFile.publicMode)
    }

    /// - Throws: a file or decoding error.
    public static func read(from path: String) throws -> EndpointsFile {
        try JSONDecoder().decode(EndpointsFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
