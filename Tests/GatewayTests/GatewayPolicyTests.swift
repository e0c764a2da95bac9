@testable import GatewayService
import HTTP2
import Testing

@Suite("gateway policy")
struct GatewayPolicyTests {
    let handset = GatewayPolicy(plane: .handset, prefixes: ["/tsm-api/v1", "/gp/seram"], hosts: ["127.0.0.1", "localhost", "::1"], maximumBody: 1000)
    let provider = GatewayPolicy(plane: .provider, prefixes: ["/sptsm/1.0"], hosts: ["sptsm.example"], maximumBody: 1000)

    func status(_ policy: GatewayPolicy, _ path: String, _ authority: String = "127.0.0.1:8443") -> Int {
        switch policy.judge(path: path, authority: authority) {
        case .forward: 0
        case .refuse(let answer): answer.status
        }
    }

    @Test("own plane's paths are forwarded", arguments: ["/tsm-api/v1/service-instances", "/tsm-api/v1", "/gp/seram/handshake?sessionId=ab%2Fcd"])
    func forwarded(path: String) { #expect(status(handset, path) == 0) }

    @Test("nothing else exists", arguments: ["/", "/sptsm/1.0/services", "/tsm-api/v10/x", "/tsm-api", "/internal/v1/issuers", "/health/live", "/vault/v1/channels", "/operator/v1/x", "/metrics"])
    func elsewhere(path: String) { #expect(status(handset, path) == 404) }

    @Test("paths that could be read in two ways are refused", arguments: [
        "/tsm-api/v1/../internal", "/tsm-api/v1/./x", "/tsm-api/v1//x", "/tsm-api/v1/%2e%2e/x", "/tsm-api/v1/%2Fx", "/tsm-api/v1/a%5Cb", "/tsm-api/v1/a\\b", "/tsm-api/v1/x;y",
        "/tsm-api/v1/%00", "/tsm-api/v1/ x", "*", "tsm-api/v1/x", "http://evil/tsm-api/v1/x", "/tsm-api/v1/x#y",
    ])
    func tricks(path: String) { #expect(status(handset, path) == 400) }

    @Test("only configured hosts", arguments: [("127.0.0.1:1", 0), ("LOCALHOST:1", 0), ("[::1]:443", 0), ("evil.example", 421), ("", 421), ("127.0.0.1.evil.example:443", 421)])
    func hosts(authority: String, expected: Int) { #expect(status(handset, "/tsm-api/v1/x", authority) == expected) }

    @Test("the provider gateway knows the Provider API only")
    func providerPlane() {
        #expect(status(provider, "/sptsm/1.0/services/", "sptsm.example") == 0)
        #expect(status(provider, "/tsm-api/v1/x", "sptsm.example") == 404)
        #expect(status(provider, "/sptsm/1.01/x", "sptsm.example") == 404)
    }
}
