import HTTP2
import HTTPTypes
import Hummingbird
import Logging

/// Takes up the caller's trace or begins one, for the task and for the log; counts and times requests and logs each at level debug.
public struct TracingMiddleware<Context: RequestContext>: RouterMiddleware {
    private let environment: ServiceEnvironment
    private let metrics: RequestMetrics
    private let headerName = HTTPField.Name(TraceContext.headerName)

    public init(environment: ServiceEnvironment, listener: String) {
        self.environment = environment
        metrics = RequestMetrics(listener: listener)
    }

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        // Looked for one by one: a lookup by name would first build an index of all fields.
        let received = request.headers.first { $0.name == headerName }.flatMap { TraceContext(header: $0.value) }
        let trace = received?.child(randomBytes: environment.randomBytes) ?? .root(randomBytes: environment.randomBytes)
        let start = ContinuousClock.now
        // The log takes the trace from here as well.
        let answer = try await TraceContext.$current.withValue(trace) {
            try await next(request, context)
        }
        let elapsed = start.duration(to: .now)
        metrics.record(method: request.method.rawValue, route: context.endpointPath ?? "none", status: answer.status.code, elapsed: elapsed)
        // Who asked: the way of a request through the services can be followed by the trace and this.
        guard context.logger.logLevel <= .debug else { return answer }
        let peer = (context as? any PeerRequestContext)?.peer
        context.logger.debug(
            "request",
            metadata: ["peer": "\(peer.map { $0.spiffeID ?? $0.subject } ?? "none")", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(answer.status.code)", "elapsed": "\(elapsed)"])
        return answer
    }
}
