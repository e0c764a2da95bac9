import Foundation
import HTTPTypes
import Testing

/// A service provider's backend at the provider gateway, and the TSM's operator at its listener.
struct TSMCalls: Sendable {
    let testbed: RunningTestbed

    private func provider(_ method: HTTPRequest.Method, _ path: String, authorization: String, body: String?) async throws -> DirectPeer.Outcome {
        let (gateway, provider) = (testbed.file.gateway, testbed.file.serviceProviders[0])
        let url = try #require(URL(string: gateway.providerURL))
        var headers: HTTPFields = [.authorization: authorization]
        if body != nil { headers[.contentType] = "application/json" }
        return try await DirectPeer(certificate: provider.clientCertificate, key: provider.clientKey)
            .request(method, port: try #require(url.port), url.path() + path, ca: gateway.ca, server: .dnsName("127.0.0.1"), headers: headers, body: body.map { Array($0.utf8) })
    }

    /// One operation of the REST API, as the first service provider.
    func rest(_ method: HTTPRequest.Method, _ path: String, body: String? = nil) async throws -> DirectPeer.Outcome {
        let signedIn = try await provider(.post, "/auth", authorization: testbed.file.serviceProviders[0].longTermToken, body: nil)
        guard case .answered(200, let token) = signedIn else { return signedIn }
        return try await provider(method, path, authorization: token.trimmingCharacters(in: CharacterSet(charactersIn: "\"")), body: body)
    }

    /// The same, which has to succeed.
    @discardableResult
    func done(_ method: HTTPRequest.Method, _ path: String, body: String? = nil) async throws -> String {
        let outcome = try await rest(method, path, body: body)
        guard case .answered(200...204, let text) = outcome else { throw Failed(what: "\(method) \(path): \(outcome)") }
        return text
    }

    /// `path` behind `/operator/v1`; has to succeed.
    @discardableResult
    func operated(_ method: HTTPRequest.Method, _ path: String, body: String? = nil) async throws -> String {
        let file = testbed.file
        let process = try testbed.process("sp-tsm-provider")
        let port = try #require(try testbed.listeners(of: process)["operator"])
        let outcome = try await DirectPeer(certificate: file.operator.certificate, key: file.operator.key)
            .request(method, port: port, "/operator/v1" + path, ca: file.operator.ca, server: .spiffe(process.identity), headers: body == nil ? [:] : [.contentType: "application/json"],
                     body: body.map { Array($0.utf8) })
        guard case .answered(200...204, let text) = outcome else { throw Failed(what: "\(method) /operator/v1\(path): \(outcome)") }
        return text
    }

    struct Failed: Error, CustomStringConvertible {
        var what: String
        var description: String { what }
    }

    /// Flavors of the demo service by the tag of the Version that deploys them.
    func flavors() async throws -> [String: String] {
        struct Version: Decodable { var tag: String; var allowedDeployments: [String: [String]] }
        let versions = try JSONDecoder().decode([Version].self, from: Data(try await done(.get, "/services/\(try testbed.service())/versions").utf8))
        return Dictionary(versions.compactMap { version in version.allowedDeployments.keys.first.map { (version.tag, $0) } }) { first, _ in first }
    }
}
