import Foundation
import HTTP2
import Identity
import KeyVaultAPI
import Logging
import ServiceKit

/// Calls to a service's operator interface as the operator of its domain, over mutual TLS.
struct OperatorConnection: Sendable {
    let client: JSONClient
    private let http: HTTPClient

    init(files: CredentialFiles, url: String, identity: SPIFFEID) throws {
        try self.init(certificate: files.certificate, key: files.key, trustAnchors: files.trustAnchors, url: url, identity: identity)
    }

    /// - Parameters: of PEM files, and the identity that must be at the other end.
    init(certificate: String, key: String, trustAnchors: String, url: String, identity: SPIFFEID) throws {
        guard let url = URL(string: url) else { throw ToolFailure("'\(url)' is no URL") }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: certificate, privateKey: key, trustAnchors: trustAnchors))
        http = HTTPClient(origin: url, credentials: credentials, expectation: .spiffe(identity.description), logger: Logger(label: "operator"))
        client = JSONClient(sender: http, url: url, timeout: .seconds(10), environment: .system)
    }

    func close() async { await http.shutdown() }

    /// Calls, then closes, whatever comes of it.
    static func with<Value: Sendable>(_ connection: OperatorConnection, _ work: (JSONClient) async throws -> Value) async throws -> Value {
        do {
            let value = try await work(connection.client)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}
