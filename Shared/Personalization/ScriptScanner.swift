import TrustedServiceModel

/// One line of a script, taken apart.
struct ScriptToken: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Letters, digits, `.`, `_` and `-`.
        case word(String)
        /// "…"
        case text(String)
        /// ${…}, without its delimiters.
        case placeholder(String)
        /// One of : { } ( ) or ->
        case mark(String)
    }

    var kind: Kind
    var column: Int

    var words: String {
        switch kind {
        case .word(let word): "'\(word.prefix(codePoints: 32))'"
        case .text: "a text"
        case .placeholder: "a placeholder"
        case .mark(let mark): "'\(mark)'"
        }
    }
}

/// Reads a line's tokens. Pure.
struct ScriptScanner {
    private let scalars: [Unicode.Scalar]
    private let line: Int
    private var at = 0

    static func tokens(_ text: Substring, line: Int) throws(ScriptError) -> [ScriptToken] {
        var scanner = ScriptScanner(scalars: Array(text.unicodeScalars), line: line)
        return try scanner.all()
    }

    private init(scalars: [Unicode.Scalar], line: Int) {
        self.scalars = scalars
        self.line = line
    }

    private mutating func all() throws(ScriptError) -> [ScriptToken] {
        guard scalars.count <= ScriptLimits.line else {
            throw ScriptError(.limit, line: line, column: ScriptLimits.line + 1, "a line has at most \(ScriptLimits.line) characters")
        }
        if let control = scalars.firstIndex(where: { $0 != "\t" && $0.properties.generalCategory == .control }) {
            throw ScriptError(.encoding, line: line, column: control + 1, "there is a control character")
        }
        var tokens: [ScriptToken] = []
        while at < scalars.count {
            let column = at + 1
            switch scalars[at] {
            case " ", "\t": at += 1
            case "#": return tokens
            case ":", "{", "}", "(", ")":
                tokens.append(ScriptToken(kind: .mark(String(scalars[at])), column: column))
                at += 1
            case "-" where next == ">":
                tokens.append(ScriptToken(kind: .mark("->"), column: column))
                at += 2
            case "\"": tokens.append(ScriptToken(kind: .text(try text()), column: column))
            case "$": tokens.append(ScriptToken(kind: .placeholder(try placeholder()), column: column))
            case let scalar where Self.isWord(scalar): tokens.append(ScriptToken(kind: .word(word()), column: column))
            default: throw error(column, "'\(scalars[at])' has no meaning here; text stands in quotation marks, a comment after #")
            }
        }
        return tokens
    }

    private var next: Unicode.Scalar? { at + 1 < scalars.count ? scalars[at + 1] : nil }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private mutating func word() -> String {
        var word = String.UnicodeScalarView()
        while at < scalars.count, Self.isWord(scalars[at]), !(scalars[at] == "-" && next == ">") {
            word.append(scalars[at])
            at += 1
        }
        return String(word)
    }

    private mutating func text() throws(ScriptError) -> String {
        let start = at + 1
        at += 1
        var text = String.UnicodeScalarView()
        while at < scalars.count, scalars[at] != "\"" {
            if scalars[at] == "\\" {
                guard let escaped = next, escaped == "\"" || escaped == "\\" else { throw error(at + 1, "only \\\" and \\\\ are escaped in a text") }
                at += 1
            } else if scalars[at] == "$", next == "{" {
                throw error(at + 1, "there are no placeholders in a text; put the placeholder beside it")
            }
            text.append(scalars[at])
            at += 1
        }
        guard at < scalars.count else { throw error(start, "the text has no end") }
        at += 1
        return String(text)
    }

    private mutating func placeholder() throws(ScriptError) -> String {
        let start = at + 1
        guard next == "{" else { throw error(start, "'{' was expected after '$'") }
        at += 2
        var name = String.UnicodeScalarView()
        while at < scalars.count, scalars[at] != "}" {
            if scalars[at] == "$" || scalars[at] == "{" { throw ScriptError(.name, line: line, column: at + 1, "placeholders do not nest") }
            name.append(scalars[at])
            at += 1
        }
        guard at < scalars.count else { throw error(start, "the placeholder has no end") }
        at += 1
        return String(name)
    }

    private func error(_ column: Int, _ reason: String) -> ScriptError { ScriptError(.syntax, line: line, column: column, reason) }
}
