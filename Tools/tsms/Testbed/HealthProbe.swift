import Foundation
import HTTP2
import HTTPTypes
import Identity
import Logging
import ServiceKit

/// Asks a service's `/health/ready` over mutual TLS, as the operator of its domain.
struct HealthProbe: Sendable {
    enum Finding: Sendable, Hashable {
        case ready
        /// With the service's own words where it has any.
        case notReady(String)
    }

    private struct Report: Decodable {
        struct Dependency: Decodable {
            var name: String
            var ready: Bool
            var reason: String?
        }
        var status: String
        var dependencies: [Dependency]
    }

    private let client: HTTPClient
    private let path: String

    init(files: CredentialFiles, url: String, identity: SPIFFEID) throws {
        guard let url = URL(string: url) else { throw ToolFailure("'\(url)' is no URL") }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: files.certificate, privateKey: files.key, trustAnchors: files.trustAnchors))
        client = HTTPClient(origin: url, credentials: credentials, expectation: .spiffe(identity.description), logger: Logger(label: "health"))
        path = url.path()
    }

    func look() async -> Finding {
        do throws(HTTPClientError) {
            let answer = try await client.send(HTTPRequest(method: .get, scheme: nil, authority: nil, path: path), timeout: .seconds(3))
            guard let report = try? WireJSON.decode(Report.self, from: answer.body) else { return .notReady("it answers \(answer.status)") }
            if answer.status == .ok { return .ready }
            let reasons = report.dependencies.filter { !$0.ready }.map { "\($0.name): \($0.reason ?? "not ready")" }
            return .notReady(reasons.joined(separator: "; "))
        } catch {
            return .notReady("\(error)")
        }
    }

    func close() async { await client.shutdown() }
}
