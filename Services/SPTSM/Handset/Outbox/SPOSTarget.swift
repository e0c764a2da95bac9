import DeploymentDocument
import Foundation
import TrustedServiceModel

/// Why a result cannot be sent to a SPOS at all: its configuration has to change.
struct SPOSTargetError: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Where the SPOS-Service is, from `SposConfig.url` (TR-03165 4.3.1). Pure.
struct SPOSTarget: Sendable, Hashable {
    /// `https://host[:port]`.
    let origin: URL
    let host: String
    /// Of process-results.
    let path: String

    init(_ document: SposDocument) throws(SPOSTargetError) {
        guard let url = URL(string: document.url), let parts = URLComponents(url: url, resolvingAgainstBaseURL: false), let host = parts.host, !host.isEmpty else {
            throw SPOSTargetError("'\(document.url)' of the SposConfig is no absolute URL")
        }
        guard parts.scheme?.lowercased() == "https" else { throw SPOSTargetError("the SposConfig's URL is not https: results go over mutual TLS only") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil, parts.port.map({ (1...65_535).contains($0) }) ?? true else {
            throw SPOSTargetError("the SposConfig's URL has a user, query or fragment, or no port that can be: https://host[:port]/path is expected")
        }
        var origin = URLComponents()
        origin.scheme = "https"
        origin.encodedHost = parts.encodedHost
        origin.port = parts.port
        guard let root = origin.url else { throw SPOSTargetError("'\(document.url)' of the SposConfig is no absolute URL") }
        self.origin = root
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var base = parts.percentEncodedPath
        while base.hasSuffix("/") { base.removeLast() }
        path = base + SPOSService.processResultsPath
    }
}
