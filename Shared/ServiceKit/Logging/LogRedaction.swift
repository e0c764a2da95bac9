/// Keeps secrets and forged lines out of the log, whatever a caller passes by mistake.
enum LogRedaction {
    static let placeholder = "[withheld]"

    private static let secretWords = ["authorization", "dpop", "password", "passphrase", "secret", "privatekey", "private-key", "cookie", "token", "pin"]

    /// Whether metadata under this key is never written.
    static func isSecret(_ key: String) -> Bool {
        let lower = key.lowercased()
        if lower == "pin" { return true }
        return secretWords.contains { $0 != "pin" && lower.contains($0) }
    }

    /// Replaces what looks like a JSON Web Token or a PEM private key inside a text.
    static func text(_ text: String) -> String {
        var result = text
        if result.contains("PRIVATE KEY-----") { result = placeholder }
        guard result.contains("eyJ") else { return result }
        var out = ""
        var rest = Substring(result)
        while let start = rest.firstRange(of: "eyJ") {
            let token = rest[start.lowerBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".") }
            out += rest[..<start.lowerBound]
            out += token.contains(".") ? Substring(placeholder) : token
            rest = rest[token.endIndex...]
        }
        return out + rest
    }

    /// Control characters escaped, so that one event stays one line.
    static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0.value == 0x2028 || $0.value == 0x2029 || $0.value == 0x85 }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: out += "\\n"
            case 0x0D: out += "\\r"
            case 0x09: out += "\\t"
            case 0..<0x20, 0x7F, 0x85, 0x2028, 0x2029: out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
