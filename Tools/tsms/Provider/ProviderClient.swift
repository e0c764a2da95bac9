import Foundation
import HTTP2
import HTTPTypes
import Logging
import ServiceKit
import TrustedServiceModel

/// A service provider's backend: the TR's REST API through the gateway, with client certificate and short-term token.
struct ProviderClient: Sendable {
    /// Where the API is and how its caller shows who it is.
    struct Access: Sendable {
        var url: String
        /// PEM of those who may have signed the gateway's certificate.
        var trustAnchors: String
        var longTermToken: String
        var clientCertificate: String?
        var clientKey: String?
    }

    private let http: HTTPClient
    private let basePath: String
    private let token: String
    private let timeline: Timeline?

    /// Trades the long-term token for a short-term one (POST /auth).
    static func signIn(_ access: Access, timeline: Timeline? = nil) async throws -> ProviderClient {
        guard let url = URL(string: access.url), let host = url.host() else { throw ToolFailure("'\(access.url)' is no URL") }
        var credentials: TLSCredentials?
        if let certificate = access.clientCertificate, let key = access.clientKey {
            credentials = try TLSCredentials(files: TLSFiles(certificateChain: certificate, privateKey: key, trustAnchors: access.trustAnchors))
        }
        let http = HTTPClient(origin: url, credentials: credentials, trustAnchors: access.trustAnchors, expectation: .dnsName(host), logger: Logger(label: "provider"))
        let anonymous = ProviderClient(http: http, basePath: url.path(), token: access.longTermToken, timeline: timeline)
        do {
            let token: String = try await anonymous.call(.post, "/auth")
            return ProviderClient(http: http, basePath: url.path(), token: token, timeline: timeline)
        } catch {
            await http.shutdown()
            throw error
        }
    }

    static func signIn(_ provider: TestbedDescription.ServiceProvider, gateway: TestbedDescription.Gateway, timeline: Timeline? = nil) async throws -> ProviderClient {
        try await signIn(Access(url: gateway.providerURL, trustAnchors: gateway.ca, longTermToken: provider.longTermToken, clientCertificate: provider.clientCertificate,
                                clientKey: provider.clientKey), timeline: timeline)
    }

    func close() async { await http.shutdown() }

    /// Creates with a file, or replaces the file of what is there.
    func upload<Answer: Decodable & Sendable>(_ kind: UploadKind, _ bytes: [UInt8], named name: String, replacing id: String? = nil) async throws -> Answer {
        var form = MultipartForm(boundary: UUID().uuidString)
        if !MultipartForm.isPlain(name) { form.add(text: name, as: kind.namePart) }
        form.add(file: bytes, named: name, as: kind.part)
        let path = kind.path + (id.map { "/" + Self.segment($0) } ?? "")
        return try Self.decode(try await exchange(id == nil ? .post : .put, path, form.body, form.contentType), "the answer to \(path)")
    }

    /// The uploaded file.
    func binary(_ kind: UploadKind, _ id: String) async throws -> [UInt8] { try await exchange(.get, "\(kind.path)/\(Self.segment(id))/binary", nil, nil) }

    func call<Answer: Decodable & Sendable>(_ method: HTTPRequest.Method, _ path: String) async throws -> Answer {
        try Self.decode(try await exchange(method, path, nil, nil), "the answer to \(method.rawValue) \(path)")
    }

    func call<Answer: Decodable & Sendable>(_ method: HTTPRequest.Method, _ path: String, _ body: some Encodable) async throws -> Answer {
        try Self.decode(try await exchange(method, path, try WireJSON.encode(body), WireJSON.contentType), "the answer to \(method.rawValue) \(path)")
    }

    /// As it comes.
    func raw(_ method: HTTPRequest.Method, _ path: String) async throws -> [UInt8] { try await exchange(method, path, nil, nil) }

    func delete(_ path: String) async throws { _ = try await exchange(.delete, path, nil, nil) }

    static func segment(_ text: String) -> String { JSONClient.segment(text) }

    private static func decode<Answer: Decodable>(_ bytes: [UInt8], _ what: String) throws -> Answer {
        do {
            return try WireJSON.decode(Answer.self, from: bytes)
        } catch {
            throw ToolFailure("\(what) is not as agreed: \(WireJSON.place(of: error))")
        }
    }

    private func exchange(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, _ contentType: String?) async throws -> [UInt8] {
        var headers: HTTPFields = [.authorization: token, .accept: WireJSON.contentType]
        if let contentType { headers[.contentType] = contentType }
        let request = HTTPRequest(method: method, scheme: nil, authority: nil, path: basePath + path, headerFields: headers)
        let start = (date: Date(), clock: ContinuousClock.now)
        let answer = try await http.send(request, body: body)
        timeline?.add(Timeline.Entry(start: start.date, from: "sp-backend", to: "gateway-provider", what: LogTimeline.what(method.rawValue, path, String(answer.status.code)),
                                     milliseconds: start.clock.duration(to: .now).milliseconds))
        guard [200, 204].contains(answer.status.code) else {
            if let error = try? WireJSON.decode(GeneralError.self, from: answer.body) { throw ToolFailure("\(method.rawValue) \(path) was refused: \(error)") }
            throw ToolFailure("\(method.rawValue) \(path) was answered with status \(answer.status.code)")
        }
        return answer.body
    }
}
