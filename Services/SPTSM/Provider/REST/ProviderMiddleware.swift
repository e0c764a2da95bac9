import Hummingbird

/// Puts the REST API in front of a router's routes: it has its own table of operations and answers every request itself.
struct ProviderMiddleware<Context: RequestContext>: RouterMiddleware {
    let responder: ProviderResponder

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        await responder.respond(to: request)
    }
}
