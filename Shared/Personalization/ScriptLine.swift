import GlobalPlatform
import TrustedServiceModel

/// The tokens of one line, read from left to right.
struct ScriptLine {
    private let tokens: [ScriptToken]
    private let number: Int
    private let end: Int
    private var at = 0

    init(tokens: [ScriptToken], number: Int, end: Int) {
        self.tokens = tokens
        self.number = number
        self.end = end
    }

    /// Of the next token, or of the line's end.
    var place: ScriptPlace { ScriptPlace(line: number, column: at < tokens.count ? tokens[at].column : end) }

    private var next: ScriptToken? { at < tokens.count ? tokens[at] : nil }

    func isAt(_ mark: String) -> Bool { next?.kind == .mark(mark) }

    var isAtWord: Bool { if case .word = next?.kind { true } else { false } }

    mutating func word(_ expected: String) throws(ScriptError) -> String {
        guard case .word(let word) = next?.kind else { throw unexpected(expected) }
        at += 1
        return word
    }

    mutating func require(_ mark: String) throws(ScriptError) {
        guard isAt(mark) else { throw unexpected("'\(mark)'") }
        at += 1
    }

    func requireEnd() throws(ScriptError) {
        if next != nil { throw unexpected("the end of the line") }
    }

    /// `-> 9000 62xx`; without it, 9000.
    mutating func expectedStatus() throws(ScriptError) -> [StatusPattern] {
        guard isAt("->") else { return [.success] }
        at += 1
        var patterns: [StatusPattern] = []
        repeat {
            let place = place
            guard let pattern = StatusPattern(try word("a status word")) else {
                throw ScriptError(.status, line: place.line, column: place.column, "a status word has four hexadecimal digits, or x for any")
            }
            guard pattern.isAfterwardsContinued else {
                throw ScriptError(.status, line: place.line, column: place.column,
                                  "the handset stops at \(pattern): only \(StatusPattern.continuing.map(\.description).joined(separator: ", ")) can be expected")
            }
            guard patterns.count < 8 else { throw ScriptError(.limit, line: place.line, column: place.column, "a command expects at most 8 status words") }
            patterns.append(pattern)
        } while next != nil
        return patterns
    }

    /// One part or more, up to the end, an arrow or a brace.
    mutating func expression(depth: Int = 0) throws(ScriptError) -> ByteExpression {
        var parts: [ByteExpression] = []
        while let token = next, token.kind != .mark("->"), token.kind != .mark("}") { parts.append(try part(token, depth)) }
        guard let first = parts.first else { throw unexpected("bytes: hexadecimal digits, a text, a placeholder, LV{…}, TLV(…){…}, DGI(…){…}, PAD{…} or DEK{…}") }
        return parts.count == 1 ? first : .sequence(parts)
    }

    /// `{ EXPRESSION }`, or `{}` for no bytes.
    mutating func braced(depth: Int) throws(ScriptError) -> ByteExpression {
        let place = place
        try require("{")
        guard depth <= ScriptLimits.nesting else { throw ScriptError(.limit, line: place.line, column: place.column, "braces nest at most \(ScriptLimits.nesting) deep") }
        if isAt("}") {
            at += 1
            return .bytes([])
        }
        let inner = try expression(depth: depth)
        try require("}")
        return inner
    }

    private mutating func part(_ token: ScriptToken, _ depth: Int) throws(ScriptError) -> ByteExpression {
        let place = place
        switch token.kind {
        case .text(let text):
            at += 1
            return .bytes(Array(text.utf8))
        case .placeholder(let name):
            at += 1
            return .value(try ScriptNames.valueName(name, place), place)
        case .mark: throw unexpected("bytes")
        case .word(let word):
            at += 1
            switch word {
            case "LV": return .lengthPrefixed(try braced(depth: depth + 1), place)
            case "TLV":
                let tag = try parenthesized("a tag of one to three bytes", place)
                guard TagForm.isWhole(tag) else { throw ScriptError(.syntax, line: place.line, column: place.column, "\(Hex.encodeUpperCase(tag)) is no BER tag") }
                return .object(tag: tag, try braced(depth: depth + 1))
            case "DGI":
                let identifier = try parenthesized("an identifier of two bytes", place)
                guard identifier.count == 2 else { throw ScriptError(.syntax, line: place.line, column: place.column, "a DGI has two bytes") }
                return .grouping(identifier: identifier, try braced(depth: depth + 1))
            case "PAD": return .padded(try braced(depth: depth + 1))
            case "DEK": return .encrypted(try braced(depth: depth + 1), place)
            default:
                guard let bytes = try? Hex.decode(word) else {
                    throw ScriptError(.syntax, line: place.line, column: place.column, "'\(word.prefix(codePoints: 32))' is neither an even number of hexadecimal digits nor LV, TLV, DGI, PAD or DEK")
                }
                return .bytes(bytes)
            }
        }
    }

    private mutating func parenthesized(_ expected: String, _ place: ScriptPlace) throws(ScriptError) -> [UInt8] {
        try require("(")
        guard let bytes = try? Hex.decode(try word(expected)), (1...3).contains(bytes.count) else { throw ScriptError(.syntax, line: place.line, column: place.column, "\(expected) is expected in parentheses, in hexadecimal") }
        try require(")")
        return bytes
    }

    private func unexpected(_ expected: String) -> ScriptError {
        ScriptError(.syntax, line: number, column: place.column, "\(expected) was expected, not \(next.map(\.words) ?? "the end of the line")")
    }
}

/// Names that people choose.
enum ScriptNames {
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
        return (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first)
    }

    /// `personalizationData.holder`
    static func valueName(_ text: String, _ place: ScriptPlace) throws(ScriptError) -> ValueName {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let source = ValueSource(rawValue: String(parts[0])) else {
            throw ScriptError(.name, line: place.line, column: place.column,
                              "'\(text.prefix(codePoints: 48))' is no name: one begins with \(ValueSource.allCases.map(\.rawValue).joined(separator: ", ")) and a dot")
        }
        let name = String(parts[1])
        guard isName(name), name.utf8.allSatisfy({ $0 == 0x2E || $0 == 0x5F || $0 == 0x2D || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
            throw ScriptError(.name, line: place.line, column: place.column, "a name begins with a letter and has at most 64 letters, digits, '.', '_' or '-'")
        }
        return ValueName(source, name)
    }
}

/// ISO/IEC 8825-1, 8.1.2: whether bytes are one whole tag.
enum TagForm {
    static func isWhole(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        guard first & 0x1F == 0x1F else { return bytes.count == 1 }
        guard bytes.count >= 2, let last = bytes.last else { return false }
        return last & 0x80 == 0 && bytes.dropFirst().dropLast().allSatisfy { $0 & 0x80 != 0 }
    }
}
