@testable import GatewayService
@testable import HTTP2
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

    /// The forwarding server answers so whether a body announces its length or goes on beyond the limit (HTTP2Tests/ForwardingTests: localAnswers).
    @Test("a body over the limit is refused in the words of the API", arguments: [nil, "1000", "1001", "99999999999999999999"])
    func tooLarge(length: String?) throws {
        for (policy, path, authority, status, type, words) in [
            (provider, "/sptsm/1.0/services", "sptsm.example", 400, "application/json", #"{"errorCategory":1002,"errorMessage":"Invalid request: the request body is longer than 1000 bytes."}"#),
            (handset, "/tsm-api/v1/x", "localhost", 413, "application/problem+json", #""code":"bodyTooLarge""#),
        ] {
            var list = HeaderList()
            for (name, value) in [(":method", "POST"), (":path", path), (":authority", authority)] { list.append(name, value) }
            if let length { list.append("content-length", length) }
            guard case .forward(_, _, _, let maximum, let answer, _) = policy.decide(ForwardedRequest(list: list, peer: nil, remoteAddress: "192.0.2.1")) else {
                Issue.record("it was not forwarded")
                return
            }
            #expect(maximum == 1000 && answer.status == status && answer.headers.map(\.value) == [type])
            #expect(String(decoding: answer.body, as: UTF8.self).contains(words))
        }
    }

    @Test("the provider gateway knows the Provider API only")
    func providerPlane() {
        #expect(status(provider, "/sptsm/1.0/services/", "sptsm.example") == 0)
        #expect(status(provider, "/tsm-api/v1/x", "sptsm.example") == 404)
        #expect(status(provider, "/sptsm/1.01/x", "sptsm.example") == 404)
    }
}
