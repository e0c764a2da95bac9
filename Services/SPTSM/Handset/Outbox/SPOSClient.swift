import DeploymentDocument
import Foundation
import HTTP2
import HTTPTypes
import Logging
import NIOCore
import ServiceKit
import TrustedServiceModel

/// Sends results to one SPOS.
protocol ResultSender: Sendable {
    func send(_ result: ClaimedResult) async -> DeliveryOutcome
    func shutdown() async
}

/// A SPOS over HTTP/2 or HTTP/1.1 and mutual TLS. It is trusted by the configured certificate alone, which is its own or that of who signed it; its
/// certificate must name the host of the URL. Addresses are judged when they are connected to.
struct SPOSClient: ResultSender {
    /// An answer has nothing to say beyond its status.
    static let maximumAnswer = 16 * 1024

    private let client: HTTPClient
    private let path: String
    private let timeout: Duration
    private let randomBytes: @Sendable (Int) -> [UInt8]

    init(_ document: SposDocument, credentials: TLSCredentials, policy: AddressPolicy, settings: OutboxSettings, environment: ServiceEnvironment,
         eventLoopGroup: any EventLoopGroup, logger: Logger) throws(SPOSTargetError) {
        let target = try SPOSTarget(document)
        let limits = HTTPLimits(headerListSize: 8 * 1024, streamWindow: 64 * 1024, connectionWindow: 256 * 1024)
        let configuration = HTTPClientConfiguration(
            maximumConnections: 4, maximumBody: Self.maximumAnswer, connectTimeout: .seconds(min(5, settings.timeout)), acceptsHTTP1: true, permitsAddress: { policy.permits($0) },
            acceptsPartialChains: true, limits: limits, timeouts: HTTPTimeouts(handshake: .seconds(min(10, settings.timeout)), connectionIdle: .seconds(60), drain: .seconds(min(10, settings.timeout))),
            now: environment.now)
        client = HTTPClient(origin: target.origin, credentials: credentials, trustAnchors: document.certificatePEM, expectation: .dnsName(target.host),
                            configuration: configuration, eventLoopGroup: eventLoopGroup, logger: logger)
        path = target.path
        timeout = .milliseconds(Int64(settings.timeout * 1000))
        randomBytes = environment.randomBytes
    }

    func send(_ result: ClaimedResult) async -> DeliveryOutcome {
        var fields: HTTPFields = [.contentType: WireJSON.contentType, .accept: WireJSON.contentType]
        if let name = HTTPField.Name(SPOSService.idempotencyHeader) { fields[name] = result.id }
        let trace = (result.trace.flatMap { TraceContext(header: $0) } ?? .root(randomBytes: randomBytes)).child(randomBytes: randomBytes)
        if let name = HTTPField.Name(TraceContext.headerName) { fields[name] = trace.header }
        do throws(HTTPClientError) {
            let answer = try await client.send(HTTPRequest(method: .post, scheme: nil, authority: nil, path: path, headerFields: fields), body: result.body, timeout: timeout)
            return DeliveryOutcome(status: answer.status.code, retryAfter: answer.headerFields[.retryAfter])
        } catch {
            switch error {
            case .cancelled, .shutDown: return .interrupted
            default: return .unavailable(reason: "\(error)")
            }
        }
    }

    func shutdown() async { await client.shutdown() }
}
