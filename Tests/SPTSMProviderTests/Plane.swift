import Foundation
import GlobalPlatform
import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import Logging
import NIOCore
import NIOEmbedded
import ServiceKit
import Synchronization
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// A provider plane in process with two service providers; requests go through the same middleware and routes as in a process.
final class Plane: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]

        func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value { try JSONDecoder().decode(type, from: Data(body)) }
        var json: JSONValue { get throws { try JSONValue(parsing: body) } }
        /// 0 when it is no GeneralError.
        var category: Int { (try? decode(GeneralError.self).errorCategory) ?? 0 }
    }

    static let gateway = "spiffe://sp-tsm.example/gateway-provider"
    static let handset = "spiffe://sp-tsm.example/sp-tsm-handset"
    static let operatorName = "spiffe://sp-tsm.example/operator"

    let directory: String
    let prefix: String
    let store: Store
    let vault: FakeVault
    let plane: ProviderPlane
    let first: OperatorAPI.ServiceProviderRecord
    let second: OperatorAPI.ServiceProviderRecord
    let longTermTokens: [String: String]
    let tokens: [String: String]
    let profile304: SecureComponentProfile
    let profile310: SecureComponentProfile
    private let respondPublic: @Sendable (Request, ServiceRequestContext) async throws -> Response
    private let respondInternal: @Sendable (Request, ServiceRequestContext) async throws -> Response
    private let respondOperator: @Sendable (Request, ServiceRequestContext) async throws -> Response

    init(limits: ProviderLimits = ProviderLimits(), access: AccessLimits = .none, notices: NoticeSettings = NoticeSettings(), prefix: String = "/sptsm/1.0") async throws {
        self.prefix = prefix
        let directory = NSTemporaryDirectory() + "provider-" + UUID().uuidString
        self.directory = directory
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let skew = Skew()
        let environment = ServiceEnvironment(now: { Date().addingTimeInterval(skew.value.withLock { $0 }) }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes)
        self.skew = skew
        store = try ProviderPlane.openStore(directory: directory, logger: logger)
        vault = FakeVault(now: environment.now)
        plane = ProviderPlane(store: store, vault: vault, tokens: TokenSettings(issuer: vault.issuer, audience: vault.audience), limits: limits, access: access, notices: notices, prefix: prefix, environment: environment, logger: logger)
        respondPublic = { [responder = plane.publicRouter(gateway: try AllowList([AllowedPeer(Self.gateway)])).buildResponder()] in try await responder.respond(to: $0, context: $1) }
        respondInternal = { [responder = plane.internalRouter(handset: try AllowList([AllowedPeer(Self.handset)])).buildResponder()] in try await responder.respond(to: $0, context: $1) }
        respondOperator = { [responder = plane.operatorRouter(operators: try AllowList([AllowedPeer(Self.operatorName)])).buildResponder()] in try await responder.respond(to: $0, context: $1) }

        let operators = plane.operator
        first = try await operators.createServiceProvider(.init(name: "First", aidPrefixes: [HexBytes(hex: "F054534D53")]))
        second = try await operators.createServiceProvider(.init(name: "Second", aidPrefixes: [HexBytes(hex: "F054534D54")]))
        let issuer = try await operators.createIssuer(.init(
            name: "Issuer 1", seiURL: "https://localhost:1/sei/v1", caPEM: try Self.authority().certificatePEM, expectedPeer: "spiffe://issuer-1.example/sei-tsm",
            issuerIdentificationNumbers: ["42000001"], transportKeyIndex: "transport-1"))
        func profile(_ name: String, javaCard: String, gpApi: String) -> SecureComponentProfile {
            SecureComponentProfile(id: "", name: name, scType: 1, hardwarePlatform: "P62G98", os: "JCOP", osVersion: "4.7", javaCardVersion: javaCard,
                                   gpSpecVersions: ["card": "2.3.1"], gpApiVersions: ["card": gpApi])
        }
        profile304 = try await operators.createProfile(.init(issuerId: issuer.id, profile: profile("eSE 3.0.5", javaCard: "3.0.5", gpApi: "1.6"))).profile
        profile310 = try await operators.createProfile(.init(issuerId: issuer.id, profile: profile("eSE 3.1.0", javaCard: "3.1.0", gpApi: "1.7"))).profile
        var longTerm: [String: String] = [:]
        var short: [String: String] = [:]
        for provider in [first, second] {
            let token = try await operators.issueToken(.init(label: "test"), for: provider.id).longTermToken
            longTerm[provider.id] = token
            short[provider.id] = try await plane.engine.createAccessToken(Credentials(token: token))
        }
        longTermTokens = longTerm
        tokens = short
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    final class Skew: Sendable { let value = Mutex<TimeInterval>(0) }
    private let skew: Skew
    func advance(_ seconds: TimeInterval) { skew.value.withLock { $0 += seconds } }

    static func authority() throws -> CertificateAuthority { try CertificateAuthority(name: "Test CA", testMarker: true, now: Date()) }

    /// A call of the REST API through the gateway. Path below the prefix; token of the first provider unless another is given.
    func call(_ method: HTTPRequest.Method, _ path: String, json: String? = nil, body: [UInt8]? = nil, contentType: String? = "application/json", as provider: OperatorAPI.ServiceProviderRecord? = nil,
              authorization: String? = nil, peer: String = Plane.gateway, headers: HTTPFields = [:]) async throws -> Answer {
        var headers = headers
        let token = tokens[(provider ?? first).id] ?? ""
        headers[.authorization] = authorization ?? "Bearer \(token)"
        let bytes = body ?? json.map { Array($0.utf8) }
        if bytes != nil, let contentType { headers[.contentType] = contentType }
        return try await send(method, prefix + path, RequestBody(buffer: ByteBuffer(bytes: bytes ?? [])), headers, peer, respondPublic)
    }

    /// A call with a body that comes in pieces.
    func call(_ method: HTTPRequest.Method, _ path: String, stream: RequestBody, contentType: String) async throws -> Answer {
        try await send(method, prefix + path, stream, [.authorization: "Bearer \(tokens[first.id] ?? "")", .contentType: contentType], Plane.gateway, respondPublic)
    }

    func upload(_ method: HTTPRequest.Method, _ path: String, _ parts: [Part], as provider: OperatorAPI.ServiceProviderRecord? = nil) async throws -> Answer {
        try await call(method, path, body: Part.encode(parts), contentType: "multipart/form-data; boundary=\(Part.boundary)", as: provider)
    }

    func callInternal(_ path: String, method: HTTPRequest.Method = .get, peer: String = Plane.handset) async throws -> Answer {
        try await send(method, path, RequestBody(buffer: ByteBuffer()), [:], peer, respondInternal)
    }

    func callOperator(_ method: HTTPRequest.Method, _ path: String, json: String = "", peer: String = Plane.operatorName) async throws -> Answer {
        try await send(method, "/operator/v1" + path, RequestBody(buffer: ByteBuffer(string: json)), json.isEmpty ? [:] : [.contentType: "application/json"], peer, respondOperator)
    }

    private func send(_ method: HTTPRequest.Method, _ path: String, _ body: RequestBody, _ headers: HTTPFields, _ peer: String,
                      _ respond: @Sendable (Request, ServiceRequestContext) async throws -> Response) async throws -> Answer {
        let identity = PeerIdentity(certificateDER: [], certificateSHA256: Array(repeating: 1, count: 32), subject: "CN=test", uris: [peer], dnsNames: [], notAfter: .distantFuture)
        let source = ConnectionSource(peer: identity, remoteAddress: "127.0.0.1", channel: EmbeddedChannel(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let request = Request(head: HTTPRequest(method: method, scheme: "https", authority: "localhost", path: path, headerFields: headers),
                              body: body)
        let response = try await respond(request, ServiceRequestContext(source: source))
        let collector = Collector()
        try await response.body.write(Writer(collector: collector))
        return Answer(status: response.status.code, headers: response.headers, body: collector.bytes.withLock { $0 })
    }

    private final class Collector: Sendable { let bytes = Mutex<[UInt8]>([]) }
    private struct Writer: ResponseBodyWriter {
        let collector: Collector
        mutating func write(_ buffer: ByteBuffer) async throws { collector.bytes.withLock { $0 += buffer.readableBytesView } }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

struct Part {
    static let boundary = "----boundary42"
    var name: String
    var fileName: String?
    var content: [UInt8]

    static func file(_ name: String, _ content: [UInt8], fileName: String? = "a.cap") -> Part { Part(name: name, fileName: fileName, content: content) }
    static func text(_ name: String, _ text: String) -> Part { Part(name: name, fileName: nil, content: Array(text.utf8)) }

    static func encode(_ parts: [Part]) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            let file = part.fileName.map { "; filename=\"\($0)\"" } ?? ""
            bytes += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(part.name)\"\(file)\r\n\r\n".utf8) + part.content + [0x0D, 0x0A]
        }
        return bytes + Array("--\(boundary)--\r\n".utf8)
    }
}
