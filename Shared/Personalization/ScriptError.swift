/// Why a text is no PersonalizationScript, and where: for the person who wrote it. Never holds a value that was given for a placeholder.
public struct ScriptError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// Not UTF-8, or a control character.
        case encoding
        /// Text where something else was expected.
        case syntax
        /// A placeholder that no declaration fills, a declaration that fills none, or one in the wrong place.
        case name
        /// More than the format takes: see ``ScriptLimits``.
        case limit
        /// DEK{…} over what is not always whole blocks.
        case encryption
        /// A command that a script may not send, or not there.
        case command
        /// A status word that cannot be waited for.
        case status
    }

    public var code: Code
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, in code points.
    public var column: Int
    /// Without a full stop.
    public var reason: String

    public init(_ code: Code, line: Int, column: Int, _ reason: String) {
        self.code = code
        self.line = line
        self.column = column
        self.reason = reason
    }

    public var description: String { "Line \(line), column \(column): \(reason)" }
}

/// What a script may be at most. A card's and an order's limits are kept by any script within these.
public enum ScriptLimits {
    /// Bytes of the text.
    public static let bytes = 256_000
    /// Code points of a line.
    public static let line = 4096
    public static let declarations = 64
    /// Commands, without the INSTALL [for personalization] of each session.
    public static let commands = 256
    /// Braces within braces.
    public static let nesting = 8
    /// Bytes of one `store` line, which may become several STORE DATA.
    public static let storeData = 4096
    /// Bytes of one `apdu` line's data: what one command takes under the strongest secure messaging with long MACs.
    public static let plainData = 223
    /// Bytes of one DEK{…}: it is never cut.
    public static let encrypted = 208
    /// Bytes that a script may add to the install parameters.
    public static let installParameters = 127
    /// Bytes of all commands' data together.
    public static let total = 32_768
    /// Bytes of a value that fills a placeholder.
    public static let value = 2048
}
