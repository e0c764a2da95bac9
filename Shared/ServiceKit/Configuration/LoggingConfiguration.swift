import Logging

/// `logging:` of every service.
public struct LoggingConfiguration: Sendable, Hashable, Decodable {
    public enum Format: String, Sendable, Hashable, Decodable, CaseIterable {
        /// Text on a terminal, JSON otherwise.
        case auto
        case text
        case json
    }

    /// trace, debug, info, notice, warning, error or critical; default info. `--log-level` overrides it.
    public var level: Logger.Level
    public var format: Format

    public init(level: Logger.Level = .info, format: Format = .auto) {
        self.level = level
        self.format = format
    }

    private enum CodingKeys: String, CodingKey { case level, format }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let level = try keys.decode(String.self, forKey: .level, default: "info")
        guard let parsed = Logger.Level(rawValue: level) else {
            throw DecodingError.dataCorruptedError(
                forKey: .level, in: keys, debugDescription: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        self.level = parsed
        let format = try keys.decode(String.self, forKey: .format, default: "auto")
        guard let parsed = Format(rawValue: format) else {
            throw DecodingError.dataCorruptedError(
                forKey: .format, in: keys, debugDescription: "one of \(Format.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        self.format = parsed
    }
}
