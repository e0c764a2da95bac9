/// What is wrong with a configuration: the place, what was found there, and what belongs there.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        case unreadableFile
        case notYAML
        case unknownKey
        case missingKey
        case wrongType
        case invalidValue
    }

    public let code: Code
    /// Keys from the top, joined by dots; empty for the document itself.
    public let path: String
    public let reason: String
    /// Line in the file, from 1; nil where it is unknown.
    public let line: Int?

    public init(_ code: Code, path: String, reason: String, line: Int? = nil) {
        self.code = code
        self.path = path
        self.reason = reason
        self.line = line
    }

    public var description: String {
        let place = path.isEmpty ? "" : "\(path): "
        return place + reason + (line.map { " (line \($0))" } ?? "")
    }
}
