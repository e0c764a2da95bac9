/// The lines of a file that should be a script.
enum ScriptText {
    /// - Throws: ``ScriptError`` for more bytes than a script has, and for the first line that is not UTF-8.
    static func lines(_ bytes: [UInt8]) throws(ScriptError) -> [Substring] {
        guard bytes.count <= ScriptLimits.bytes else {
            throw ScriptError(.limit, line: 1, column: 1, "a script has at most \(ScriptLimits.bytes) bytes, not \(bytes.count)")
        }
        // A byte order mark is how some editors say UTF-8.
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        do {
            _ = try UTF8Span(validating: content.span)
        } catch {
            throw fault(content, error.byteOffsets.lowerBound)
        }
        let text = String(decoding: content, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { $0 }.flatMap { line in
            // CR LF is one character, so that lines ending so were not split.
            line.split(separator: "\r\n", omittingEmptySubsequences: false)
        }
    }

    /// - Parameter offset: of the first byte that belongs to no character.
    private static func fault(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> ScriptError {
        let before = bytes.prefix(offset)
        let line = before.count { $0 == 0x0A } + 1
        let column = String(decoding: before.suffix(from: before.lastIndex(of: 0x0A).map { $0 + 1 } ?? before.startIndex), as: UTF8.self).unicodeScalars.count + 1
        return ScriptError(.encoding, line: line, column: column, "the file is not text in UTF-8")
    }
}
