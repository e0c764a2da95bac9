/// The token in an Authorization header. The TR shows it bare, its OpenAPI file with `Bearer`; some clients hand over the JSON literal of
/// `POST /auth` with its quotes. All three are read.
enum PresentedToken {
    static func read(_ header: String?) -> String? {
        guard var text = header.map({ $0[...] }) else { return nil }
        text = text.drop { $0 == " " }
        if text.prefix(7).lowercased() == "bearer " { text = text.dropFirst(7).drop { $0 == " " } }
        while text.last == " " { text = text.dropLast() }
        if text.count >= 2, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
        return text.isEmpty ? nil : String(text)
    }
}

/// What a call brings to show who it is from.
struct Credentials: Sendable, Hashable {
    var token: String?
    /// SHA-256 of the client certificate as the gateway saw it, lower-case hexadecimal.
    var clientCertificateSHA256: String?
    var clientAddress: String?

    /// For limits and log. The gateway always says it; what comes without shares one place.
    var address: String { clientAddress ?? "-" }
}
