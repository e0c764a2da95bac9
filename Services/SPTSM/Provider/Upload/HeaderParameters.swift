/// A header value with parameters (`form-data; name="x"`), as in RFC 9110 section 5.6.6. Lenient in space, strict in nothing that matters:
/// what cannot be read is not there.
struct HeaderParameters: Hashable, Sendable {
    /// Before the first semicolon, lower case.
    let value: String
    /// By lower-case name; the first of a name counts.
    let parameters: [String: String]

    init(_ text: String) {
        var rest = Substring(text)
        value = String(rest.prefix { $0 != ";" }).trimmed.lowercased()
        rest = rest.drop { $0 != ";" }
        var found: [String: String] = [:]
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
            let name = String(rest.prefix { $0 != "=" && $0 != ";" }).trimmed.lowercased()
            rest = rest.drop { $0 != "=" && $0 != ";" }
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            let content: String
            if rest.first == "\"" {
                content = HeaderParameters.quoted(&rest)
            } else {
                content = String(rest.prefix { $0 != ";" }).trimmed
            }
            rest = rest.drop { $0 != ";" }
            if !name.isEmpty, found[name] == nil { found[name] = content }
        }
        parameters = found
    }

    /// Backslash escapes only a quote or a backslash: browsers send Windows paths unescaped.
    private static func quoted(_ rest: inout Substring) -> String {
        rest = rest.dropFirst()
        var content = ""
        while let character = rest.popFirst(), character != "\"" {
            if character == "\\", let next = rest.first, next == "\"" || next == "\\" {
                content.append(next)
                rest = rest.dropFirst()
            } else {
                content.append(character)
            }
        }
        return content
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return String(text)
    }
}
