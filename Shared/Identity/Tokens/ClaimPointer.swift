/// Where a value stands among a token's claims: a JSON Pointer (RFC 6901) through objects, such as `/cnf/jkt`.
///
/// Names that hold a slash, as claims named by a URL do, have it as `~1`; a tilde is `~0`.
public struct ClaimPointer: Sendable, Hashable, CustomStringConvertible {
    static let maximumLength = 256

    public let description: String
    private let names: [String]

    /// - Throws: ``TokenError`` `malformed`: no pointer, or one to the whole of the claims.
    public init(_ text: String) throws(TokenError) {
        guard text.hasPrefix("/"), text.utf8.count <= Self.maximumLength else {
            throw TokenError(.malformed, "'\(text.prefix(80))' is no JSON Pointer of at most \(Self.maximumLength) bytes to a claim, such as /cnf/jkt")
        }
        var names: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            names.append(try Self.unescaped(part))
        }
        description = text
        self.names = names
    }

    /// The text that stands there; nil: nothing, or something else than a text.
    func text(in claims: [String: Any]) -> String? {
        var value: Any = claims
        for name in names {
            guard let object = value as? [String: Any], let next = object[name] else { return nil }
            value = next
        }
        return value as? String
    }

    private static func unescaped(_ part: Substring) throws(TokenError) -> String {
        var name = ""
        var rest = part[...]
        while let character = rest.popFirst() {
            guard character == "~" else {
                name.append(character)
                continue
            }
            switch rest.popFirst() {
            case "0": name.append("~")
            case "1": name.append("/")
            default: throw TokenError(.malformed, "in a JSON Pointer ~ is followed by 0 or 1 (RFC 6901, section 3)")
            }
        }
        return name
    }
}

extension ClaimPointer: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(TokenError) {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
