import HTTP2
import Hummingbird

/// Makes routers with what every listener of ours has in front: trace, metrics and log, problem documents, allow-lists.
public enum ServiceRouter {
    /// - Parameter groups: who may use which routes; a request in no group is refused. The more special groups first.
    public static func make<Context: PeerRequestContext>(
        _ context: Context.Type = ServiceRequestContext.self, listener: String, groups: [RouteGroup], environment: ServiceEnvironment
    ) -> Router<Context> {
        let router = open(context, listener: listener, environment: environment)
        router.middlewares.add(AllowListMiddleware<Context>(groups: groups))
        return router
    }

    /// The same without allow-lists, for listeners whose callers prove themselves by other means (tokens).
    public static func open<Context: PeerRequestContext>(_ context: Context.Type = ServiceRequestContext.self, listener: String, environment: ServiceEnvironment) -> Router<Context> {
        // Middleware counts for routes that are added after it.
        let router = Router(context: context)
        router.middlewares.add(TracingMiddleware<Context>(environment: environment, listener: listener))
        router.middlewares.add(ProblemMiddleware<Context>())
        return router
    }
}
