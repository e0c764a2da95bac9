import NIOCore
import Synchronization

/// Makes the contexts of one listener or one client, and makes them anew when the credentials were reloaded or the
/// context has reached the age at which its ticket keys must go.
final class TLSContextSource: Sendable {
    enum Use: Sendable {
        case server(TLSCredentials, ClientCertificatePolicy, acceptsHTTP2: Bool, acceptsHTTP1: Bool)
        case client(TLSCredentials?, trustAnchors: String?, acceptsHTTP1: Bool, acceptsPartialChains: Bool)
    }
    private struct Made: Sendable {
        let generation: Int
        let since: NIODeadline
        let context: TLSContext
    }
    private let use: Use
    private let now: @Sendable () -> NIODeadline
    private let made = Mutex<Made?>(nil)

    init(_ use: Use, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.use = use
        self.now = now
    }

    /// The context for the next connection.
    func context() throws(TLSError) -> TLSContext {
        let generation: TLSCredentials.Generation? =
            switch use {
            case .server(let credentials, _, _, _): credentials.current
            case .client(let credentials, _, _, _): credentials?.current
            }
        let number = generation?.number ?? 0
        let time = now()
        if let made = made.withLock({ $0 }), made.generation == number, time - made.since < .seconds(Int64(TLSProfile.sessionLifetime)) {
            return made.context
        }
        let context: TLSContext
        switch use {
        case .server(let credentials, let policy, let acceptsHTTP2, let acceptsHTTP1):
            context = try TLSContext(server: (generation ?? credentials.current).material, clientCertificates: policy, acceptsHTTP2: acceptsHTTP2, acceptsHTTP1: acceptsHTTP1)
        case .client(_, let path, let acceptsHTTP1, let acceptsPartialChains):
            let anchors: [Certificate]
            if let path { anchors = try TLSMaterial.readAnchors(path) } else if let own = generation?.material.anchors { anchors = own } else {
                throw TLSError(.noTrustAnchors, "the client has no trust anchors to verify the server with: configure them")
            }
            context = try TLSContext(client: generation?.material, anchors: anchors, protocols: acceptsHTTP1 ? ["h2", "http/1.1"] : ["h2"],
                                     acceptsPartialChains: acceptsPartialChains)
        }
        made.withLock { $0 = Made(generation: number, since: time, context: context) }
        return context
    }
}
