import ArgumentParser
import Foundation
import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import Logging
import ServiceKit

/// The server under test in a process of its own: a Hummingbird router with one small answer, mutual TLS required.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "The server that 'bench http' measures.", shouldDisplay: false)

    /// What it prints before the port it listens on.
    static let announcement = "listening on "
    static let answer = [UInt8](repeating: 0x78, count: 200)

    @Option var certificate: String
    @Option var key: String
    @Option var trustAnchors: String
    @Flag(help: "With all that a service of the suite has before its routes: trace, metrics, problem documents, allow-list.") var asService = false
    @Option(help: "Forward to this port instead.") var forwardTo: Int?
    @Option var clientCertificate: String?
    @Option var clientKey: String?

    func run() async throws {
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: certificate, privateKey: key, trustAnchors: trustAnchors))
        let configuration = HTTPServerConfiguration(credentials: credentials)
        let body = ByteBuffer(bytes: Self.answer)
        // As in the suite's services: each request's logger carries its ID.
        let logger = Logger(label: "bench") { StructuredLogHandler(label: $0, level: .info, format: .json, now: { Date() }, write: { Terminal.note($0) }) }
        if let forwardTo {
            try await forward(configuration, to: forwardTo, logger)
        } else if asService {
            let peers = try AllowList([try AllowedPeer(Arena.clientIdentity)])
            let router = ServiceRouter.make(ServiceRequestContext.self, listener: "bench", groups: [RouteGroup("bench", allow: peers)], environment: .system)
            router.get("small") { _, _ in Self.response(body) }
            try await serve(HTTPServer(configuration: configuration, responder: router.buildResponder(), logger: logger))
        } else {
            let router = Router(context: BasicPeerRequestContext.self)
            router.get("small") { _, _ in Self.response(body) }
            try await serve(HTTPServer(configuration: configuration, responder: router.buildResponder(), logger: logger))
        }
    }

    private static func response(_ body: ByteBuffer) -> Response {
        Response(status: .ok, headers: [.contentType: "text/plain"], body: ResponseBody(byteBuffer: body))
    }

    private func forward(_ configuration: HTTPServerConfiguration, to port: Int, _ logger: Logger) async throws {
        guard let clientCertificate, let clientKey, let origin = URL(string: "https://127.0.0.1:\(port)") else { throw BenchFailure("--forward-to needs a client certificate and its key") }
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: clientCertificate, privateKey: clientKey, trustAnchors: trustAnchors))
        let server = try ForwardingServer(
            configuration: configuration, upstreams: [ForwardingUpstream(origin: origin, credentials: credentials, expectation: .spiffe(Arena.serverIdentity))],
            logger: logger) { _ in .forward(upstream: 0) }
        try await announce(try await server.start(), run: { try await server.run() }, shutdown: { await server.shutdown() })
    }

    private func serve(_ server: HTTPServer<some HTTPResponder>) async throws {
        try await announce(try await server.start(), run: { try await server.run() }, shutdown: { await server.shutdown() })
    }

    private func announce(_ port: Int, run: () async throws -> Void, shutdown: @escaping @Sendable () async -> Void) async throws {
        Terminal.print(Self.announcement + String(port))
        // Nobody is left to stop it when whoever started it has gone.
        let parent = getppid()
        let watch = Task {
            while getppid() == parent { try await Task.sleep(for: .seconds(1)) }
            await shutdown()
        }
        defer { watch.cancel() }
        try await run()
    }
}
