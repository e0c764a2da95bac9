import Foundation

/// A request's URL as proofs compare it: no query, no fragment, syntax-normalised (RFC 9449, section 4.3; RFC 3986, section 6.2.2 and 6.2.3).
struct TargetURI: Sendable, Hashable {
    let text: String

    init?(_ url: String) {
        guard let components = URLComponents(string: url), let scheme = components.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = components.host?.lowercased(), !host.isEmpty, components.user == nil, components.password == nil
        else { return nil }
        let port = components.port.flatMap { $0 == (scheme == "https" ? 443 : 80) ? nil : $0 }
        let path = components.percentEncodedPath.isEmpty ? "/" : components.percentEncodedPath
        // Dot segments have no place in a request target; a proof that carries them is not normalised but refused.
        guard !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { return nil }
        let authority = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        text = scheme + "://" + authority + (port.map { ":\($0)" } ?? "") + path
    }
}
