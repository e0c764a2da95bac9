import Foundation
import HTTP2
import HTTPTypes
import Identity
import Logging
import Testing
import TSMAPI
import TrustedServiceModel

/// Speaks the handset API without the SDK, so that it can say what the SDK never would.
final class BareCaller: Sendable {
    let deviceKey: SoftwareTokenSigner
    private let transport: HTTP2BackendTransport
    private let gateway: TestbedFile.Gateway
    private let handsetURL: URL

    init(_ testbed: RunningTestbed, deviceKey: SoftwareTokenSigner = SoftwareTokenSigner()) throws {
        gateway = testbed.file.gateway
        handsetURL = try #require(URL(string: gateway.handsetURL))
        transport = try HTTP2BackendTransport(origin: handsetURL, trustAnchors: gateway.ca, logger: Logger(label: "bare caller"))
        self.deviceKey = deviceKey
    }

    func close() async { await transport.shutdown() }

    /// - Parameter path: behind `/tsm-api/v1`.
    func url(_ path: String) -> String { gateway.handsetURL + path }

    /// - Parameters:
    ///   - key: other than the caller's own.
    ///   - url: other than the request's own.
    func proof(_ path: String, token: String?, key: SoftwareTokenSigner? = nil, url: String? = nil, method: String = "POST") throws -> String {
        try DPoPProof.make(signer: key ?? deviceKey, method: method, url: url ?? self.url(path), accessToken: token, identifier: UUID().uuidString, now: Date())
    }

    /// A token for this device key.
    func register(_ provider: TestbedFile.ServiceProvider, app: String? = nil) async throws -> BackendAnswer {
        let request = HandsetAPI.RegistrationRequest(serviceProviderId: provider.id, deviceAppId: try app ?? #require(provider.apps.first).deviceAppId)
        return try await post("/registrations", body: JSONEncoder().encode(request), [("dpop", try proof("/registrations", token: nil))])
    }

    func token(_ provider: TestbedFile.ServiceProvider) async throws -> String {
        let answer = try await register(provider)
        try #require(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(HandsetAPI.RegistrationAnswer.self, from: Data(answer.body)).accessToken
    }

    /// With this caller's token and a fresh proof.
    func post(_ path: String, body: some Collection<UInt8>, token: String, key: SoftwareTokenSigner? = nil, _ more: [(String, String)] = []) async throws -> BackendAnswer {
        try await post(path, body: body, [("authorization", "DPoP \(token)"), ("dpop", try proof(path, token: token, key: key))] + more)
    }

    func post(_ path: String, body: some Collection<UInt8>, _ headers: [(String, String)]) async throws -> BackendAnswer {
        try await transport.send(method: "POST", path: handsetURL.path() + path, headers: [(name: "content-type", value: "application/json")] + headers.map { (name: $0.0, value: $0.1) }, body: Array(body))
    }

    /// To a plain SERAM endpoint; nil: without token and proof.
    func seram(_ endpoint: String, session: String, body: some Collection<UInt8>, token: String?, key: SoftwareTokenSigner? = nil) async throws -> BackendAnswer {
        let base = try #require(URL(string: gateway.seramURL))
        var headers = [(name: "content-type", value: "application/json")]
        if let token {
            headers.append((name: "authorization", value: "DPoP \(token)"))
            headers.append((name: "dpop", value: try proof("", token: token, key: key, url: "\(gateway.seramURL)/\(endpoint)")))
        }
        return try await transport.send(method: "POST", path: "\(base.path())/\(endpoint)?sessionId=\(session)", headers: headers, body: Array(body))
    }
}

extension BackendAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}
