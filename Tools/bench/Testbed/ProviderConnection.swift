import Foundation
import HTTP2
import HTTPTypes
import Logging
import ServiceKit

/// The testbed's first service provider, signed in at the gateway.
struct ProviderConnection: Sendable {
    let provider: TestbedFile.ServiceProvider
    let client: JSONClient
    /// Short-term.
    let token: String

    var headers: HTTPFields { [.authorization: token] }

    static func with<Value>(_ testbed: TestbedFile, _ work: (ProviderConnection) async throws -> Value) async throws -> Value {
        guard let provider = testbed.serviceProviders.first, let url = URL(string: testbed.gateway.providerURL), let host = url.host() else {
            throw BenchFailure("the testbed has no service provider or no gateway")
        }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: provider.clientCertificate, privateKey: provider.clientKey, trustAnchors: testbed.gateway.ca))
        let http = HTTPClient(origin: url, credentials: credentials, expectation: .dnsName(host), logger: Logger(label: "provider"))
        do {
            let client = JSONClient(sender: http, url: url, timeout: .seconds(20), environment: .system)
            let token = try await client.call(.post, "/auth", headers: [.authorization: provider.longTermToken], as: String.self)
            let value = try await work(ProviderConnection(provider: provider, client: client, token: token))
            await http.shutdown()
            return value
        } catch {
            await http.shutdown()
            throw error
        }
    }
}

/// The body of an upload (RFC 7578): one file.
struct UploadForm: Sendable {
    let contentType: String
    let body: [UInt8]

    /// - Parameter name: of the file, without quotes and line ends.
    init(loadFile: [UInt8], named name: String) {
        let boundary = UUID().uuidString
        contentType = "multipart/form-data; boundary=\(boundary)"
        body = Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\"\(name)\"\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
            + loadFile + Array("\r\n--\(boundary)--\r\n".utf8)
    }
}
