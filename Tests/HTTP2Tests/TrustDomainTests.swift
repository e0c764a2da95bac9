import Foundation
import Testing

@testable import HTTP2

@Suite("Trust domains are bound to their CAs") struct TrustDomainTests {
    @Test(arguments: [
        (["spiffe://a.example/x"], ["spiffe://a.example"], true), (["spiffe://a.example/x"], ["spiffe://b.example"], false), (["spiffe://a.example/x"], [], true),
        (["spiffe://A.example/x"], ["spiffe://a.example"], true), (["SPIFFE://a.example/x"], ["spiffe://b.example"], false), ([], ["spiffe://b.example"], true),
        (["spiffe://b.example/x", "spiffe://a.example/x"], ["spiffe://b.example"], false), (["spiffe:a.example"], ["spiffe://b.example"], false),
        (["spiffe://a.example.b.example/x"], ["spiffe://a.example"], false), (["https://a.example/"], ["spiffe://b.example"], true), (["spiffe://a.example/x"], ["https://x/"], true),
    ]) func table(leaf: [String], anchor: [String], permitted: Bool) {
        #expect(TrustDomainBinding.permits(leaf: leaf, anchor: anchor) == permitted)
    }

    /// A server that trusts the CAs of two domains: each may bring its own workloads, none those of the other.
    @Test func aCannotSpeakForB() async throws {
        let pki = TestPKI.shared
        for domain in ["a", "b"] {
            try pki.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout domain-\(domain).key -out domain-\(domain).pem -subj /CN=domain-\(domain) -days 30 -addext subjectAltName=URI:spiffe://\(domain).example")
        }
        try issue(pki, "a-honest", by: "domain-a", "spiffe://a.example/workload")
        try issue(pki, "b-forged", by: "domain-b", "spiffe://a.example/workload")
        let bundle = try ["domain-a", "domain-b"].map { try String(contentsOfFile: pki.path("\($0).pem"), encoding: .utf8) }.joined()
        try bundle.write(toFile: pki.path("domains.pem"), atomically: true, encoding: .utf8)
        let log = LogRecorder()
        try await withServer(credentials: try pki.credentials("server", anchors: "domains"), logger: log.logger) { _, port in
            try await withClient(port, as: "a-honest") { let peer = try await text($0, "/peer"); #expect(peer == "spiffe://a.example/workload from 127.0.0.1") }
            try await withClient(port, as: "b-forged") { client in
                // Twice: a refused certificate leaves no session behind that could be resumed.
                for _ in 0..<2 {
                    let error = await failure { () throws(HTTPClientError) in try await client.send(get("/peer")) }
                    guard case .tls = error else { Issue.record("\(String(describing: error))"); return }
                }
            }
        }
        #expect(log.lines.contains { $0.contains("untrustedPeer") })
    }

    private func issue(_ pki: TestPKI, _ name: String, by ca: String, _ uri: String) throws {
        try "subjectAltName=URI:\(uri)\nextendedKeyUsage=clientAuth\n".write(toFile: pki.path("\(name).ext"), atomically: true, encoding: .utf8)
        try pki.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name)")
        try pki.openssl("x509 -req -in \(name).csr -CA \(ca).pem -CAkey \(ca).key -CAcreateserial -out \(name).pem -days 10 -extfile \(name).ext")
    }
}
