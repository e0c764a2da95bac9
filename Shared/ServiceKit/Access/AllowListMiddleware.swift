import HTTP2
import Hummingbird
import Identity
import Logging
import Metrics

/// Lets a request through only when the caller's certificate is on the list of the route group that the request falls into.
///
/// The first group that contains the request decides. A request in no group is refused: a route that somebody forgot to list is closed, not open.
public struct AllowListMiddleware<Context: PeerRequestContext>: RouterMiddleware {
    private let groups: [RouteGroup]

    /// - Parameter groups: the more special ones first.
    public init(groups: [RouteGroup]) { self.groups = groups }

    /// One list for all routes that the middleware is put in front of.
    public init(_ name: String, allow: AllowList) { groups = [RouteGroup(name, allow: allow)] }

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard let group = groups.first(where: { $0.contains(path: request.uri.path, method: request.method) }) else {
            refuse(request, context, "no route group")
            throw ProblemError(.forbidden, code: "forbidden", detail: "nobody may use this path")
        }
        guard let peer = context.peer else {
            refuse(request, context, group.name)
            throw ProblemError(.forbidden, code: "clientCertificateRequired", detail: "this path needs a client certificate")
        }
        guard group.allow.permits(uris: peer.uris, dnsNames: peer.dnsNames, certificateSHA256: peer.certificateSHA256) else {
            refuse(request, context, group.name)
            throw ProblemError(.forbidden, code: "forbidden", detail: "this identity is not on the allow-list of \(group.name)")
        }
        return try await next(request, context)
    }

    private func refuse(_ request: Request, _ context: Context, _ group: String) {
        Counter(label: "http_refused_total", dimensions: [("group", group)]).increment()
        context.logger.warning(
            "request refused: the caller is not allowed here",
            metadata: [
                "group": "\(group)", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "remote": "\(context.remoteAddress)",
                "peer": "\(context.peer?.subject ?? "none")", "names": "\(((context.peer?.uris ?? []) + (context.peer?.dnsNames ?? [])).joined(separator: " "))",
            ])
    }
}
