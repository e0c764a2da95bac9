import Foundation
import HTTP2
import HTTPTypes
import Logging
import ServiceKit
import TrustedServiceModel

/// A service provider's backend: the TR's REST API through the gateway, with client certificate and short-term token.
struct ProviderClient: Sendable {
    private let http: HTTPClient
    private let basePath: String
    private let token: String
    private let timeline: Timeline?

    /// Trades the long-term token for a short-term one (POST /auth).
    static func signIn(_ provider: TestbedDescription.ServiceProvider, gateway: TestbedDescription.Gateway, timeline: Timeline? = nil) async throws -> ProviderClient {
        guard let url = URL(string: gateway.providerURL), let host = url.host() else { throw ToolFailure("'\(gateway.providerURL)' is no URL") }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: provider.clientCertificate, privateKey: provider.clientKey, trustAnchors: gateway.ca))
        let http = HTTPClient(origin: url, credentials: credentials, expectation: .dnsName(host), logger: Logger(label: "provider"))
        let anonymous = ProviderClient(http: http, basePath: url.path(), token: provider.longTermToken, timeline: timeline)
        do {
            let token: String = try await anonymous.call(.post, "/auth")
            return ProviderClient(http: http, basePath: url.path(), token: token, timeline: timeline)
        } catch {
            await http.shutdown()
            throw error
        }
    }

    func close() async { await http.shutdown() }

    func upload(loadFile bytes: [UInt8], named name: String) async throws -> CAP {
        var form = MultipartForm(boundary: UUID().uuidString)
        form.add(file: bytes, named: name, as: "elfFile")
        return try await exchange(.post, "/executable-load-files", form.body, form.contentType)
    }

    func modules(of loadFile: String) async throws -> [ExecutableModule] { try await call(.get, "/executable-load-files/\(loadFile)/executable-modules") }
    func create(_ config: NewApplicationConfig) async throws -> ApplicationConfig { try await call(.post, "/application-configs", config) }
    func create(_ service: NewService) async throws -> TrustedServiceModel.Service { try await call(.post, "/services", service) }
    func create(_ flavor: NewFlavor, of service: String) async throws -> Flavor { try await call(.post, "/services/\(service)/flavors", flavor) }
    func create(_ version: NewVersion, of service: String) async throws -> Version { try await call(.post, "/services/\(service)/versions", version) }
    func publish(flavor: String, of service: String) async throws -> Flavor { try await call(.post, "/services/\(service)/flavors/\(flavor)/publish") }

    private func call<Answer: Decodable & Sendable>(_ method: HTTPRequest.Method, _ path: String) async throws -> Answer { try await exchange(method, path, nil, nil) }

    private func call<Answer: Decodable & Sendable>(_ method: HTTPRequest.Method, _ path: String, _ body: some Encodable) async throws -> Answer {
        try await exchange(method, path, try WireJSON.encode(body), WireJSON.contentType)
    }

    private func exchange<Answer: Decodable & Sendable>(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, _ contentType: String?) async throws -> Answer {
        var headers: HTTPFields = [.authorization: token, .accept: WireJSON.contentType]
        if let contentType { headers[.contentType] = contentType }
        let request = HTTPRequest(method: method, scheme: nil, authority: nil, path: basePath + path, headerFields: headers)
        let start = (date: Date(), clock: ContinuousClock.now)
        let answer = try await http.send(request, body: body)
        timeline?.add(Timeline.Entry(start: start.date, from: "sp-backend", to: "gateway-provider", what: LogTimeline.what(method.rawValue, path, String(answer.status.code)),
                                     milliseconds: start.clock.duration(to: .now).milliseconds))
        guard answer.status == .ok else {
            if let error = try? WireJSON.decode(GeneralError.self, from: answer.body) { throw ToolFailure("\(method.rawValue) \(path) was refused: \(error)") }
            throw ToolFailure("\(method.rawValue) \(path) was answered with status \(answer.status.code)")
        }
        do {
            return try WireJSON.decode(Answer.self, from: answer.body)
        } catch {
            throw ToolFailure("the answer to \(method.rawValue) \(path) is not as agreed: \(WireJSON.place(of: error))")
        }
    }
}
