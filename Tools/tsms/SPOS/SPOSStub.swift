import HTTP2
import HTTPTypes
import Hummingbird
import ServiceKit
import TrustedServiceModel

/// The online services of a testbed's service providers, in one process: each has a path and an inbox.
enum SPOSStub: TSMSService {
    static let name = "spos"
    private static let maximumBody = 1 << 20

    static func build(configuration: SPOSStubConfiguration, resources: ServiceResources) async throws -> RunningService {
        let router = ServiceRouter.make(ServiceRequestContext.self, listener: "spos", groups: [
            RouteGroup(SPOSStubConfiguration.group, allow: try configuration.listener.allowList(SPOSStubConfiguration.group)),
        ], environment: resources.environment)
        for (segment, directory) in configuration.inboxes {
            let inbox = try SPOSInbox(directory: directory, now: resources.environment.now)
            let faults = SPOSFaults(directory: directory)
            router.post("/\(segment)\(SPOSService.processResultsPath)") { request, _ -> Response in
                let wrong = try await faults.draw()
                if wrong == .drop { return breakingOff }
                let bytes = try await request.collectBytes(upTo: maximumBody)
                let result: ProcessResult
                do {
                    result = try WireJSON.decode(ProcessResult.self, from: bytes)
                } catch {
                    throw ProblemError(.badRequest, code: "malformedResult", detail: "not a ProcessResult: \(WireJSON.place(of: error))")
                }
                if wrong == .error { throw ProblemError(.serviceUnavailable, code: "onPurpose", detail: "as faults.json says") }
                let id = HTTPField.Name(SPOSService.idempotencyHeader).flatMap { request.headers[$0] } ?? ""
                try await inbox.take(result, id: id)
                return wrong == .loseAnswer ? breakingOff : Response(status: .ok)
            }
        }
        return RunningService(listeners: [ServiceListener("spos", configuration.listener, responder: router.buildResponder())])
    }

    private struct OnPurpose: Error {}

    /// The connection, or the stream, ends before the answer does.
    private static var breakingOff: Response {
        Response(status: .ok, headers: [.contentLength: "10"], body: ResponseBody { _ in throw OnPurpose() })
    }
}
