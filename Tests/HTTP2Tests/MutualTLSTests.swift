import Foundation
import HTTPTypes
import Testing

@testable import HTTP2

@Suite("Mutual TLS") struct MutualTLSTests {
    private func error(_ port: Int, as name: String?, anchors: String = "ca", expecting: PeerExpectation = .spiffe("spiffe://test.example/server")) async throws
        -> HTTPClientError?
    {
        var found: HTTPClientError?
        try await withClient(port, as: name, anchors: anchors, expecting: expecting) { client in
            found = await failure { () throws(HTTPClientError) in try await client.send(get("/hello")) }
        }
        return found
    }

    private func expectTLS(
        _ port: Int, as name: String?, anchors: String = "ca", expecting: PeerExpectation = .spiffe("spiffe://test.example/server"), _ codes: Set<TLSError.Code>,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await error(port, as: name, anchors: anchors, expecting: expecting)
        #expect(isTLS(found, codes), "\(String(describing: found))", sourceLocation: sourceLocation)
    }

    private func expectNone(
        _ port: Int, as name: String?, anchors: String = "ca", expecting: PeerExpectation = .spiffe("spiffe://test.example/server"),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await error(port, as: name, anchors: anchors, expecting: expecting)
        #expect(found == nil, sourceLocation: sourceLocation)
    }

    private func isTLS(_ error: HTTPClientError?, _ codes: Set<TLSError.Code>) -> Bool {
        if case .tls(let error) = error { return codes.contains(error.code) }
        return false
    }

    @Test func required() async throws {
        let log = LogRecorder()
        try await withServer(logger: log.logger) { _, port in
            try await expectNone(port, as: "client")
            // TLS 1.3: the client hears of it after its own handshake, by an alert or by the end of the connection.
            try await expectTLS(port, as: nil, [.alert, .closed])
            try await expectTLS(port, as: "stranger", [.alert, .closed])
            try await expectTLS(port, as: "expired", [.alert, .closed])
        }
        #expect(log.lines.contains { $0.contains("noPeerCertificate") })
        #expect(log.lines.contains { $0.contains("untrustedPeer") && $0.contains("certificate") })
        #expect(log.lines.contains { $0.contains("expired") })
    }

    @Test func optional() async throws {
        try await withServer(policy: .optional) { _, port in
            try await withClient(port, as: nil) { let peer = try await text($0, "/peer"); #expect(peer == "nobody from 127.0.0.1") }
            try await withClient(port) { let peer = try await text($0, "/peer"); #expect(peer == "spiffe://test.example/client from 127.0.0.1") }
            try await expectTLS(port, as: "stranger", [.alert, .closed])
        }
    }

    @Test func none() async throws {
        try await withServer(policy: .none) { _, port in
            try await withClient(port) { let peer = try await text($0, "/peer"); #expect(peer == "nobody from 127.0.0.1") }
        }
    }

    @Test func theServerIsWhoItMustBe() async throws {
        try await withServer { _, port in
            try await expectTLS(port, as: "client", anchors: "other-ca", [.untrustedPeer])
            try await expectTLS(port, as: "client", expecting: .spiffe("spiffe://test.example/other"), [.wrongPeer])
            try await expectTLS(port, as: "client", expecting: .dnsName("example.org"), [.wrongPeer])
            try await expectTLS(port, as: "client", expecting: .dnsName("127.0.0.2"), [.wrongPeer])
            try await expectTLS(port, as: "client", expecting: .dnsName(""), [.wrongPeer])
            try await expectTLS(port, as: "client", expecting: .anyOf([]), [.wrongPeer])
            // The common name counts for nothing.
            try await expectTLS(port, as: "client", expecting: .dnsName("server"), [.wrongPeer])
            try await expectNone(port, as: "client", expecting: .dnsName("127.0.0.1"))
            try await expectNone(port, as: "client", expecting: .dnsName("localhost"))
            try await expectNone(port, as: "client", expecting: .anyOf([.dnsName("x"), .spiffe("spiffe://test.example/server")]))
        }
    }

    @Test func aCertificateWithTwoURIsIsNoSPIFFEIdentity() async throws {
        try await withServer("two-uris") { _, port in
            try await expectTLS(port, as: "client", [.wrongPeer])
            try await expectNone(port, as: "client", expecting: .dnsName("localhost"))
        }
    }

    @Test func otherKindsOfKeys() async throws {
        try await withServer("rsa-3072") { _, port in
            try await expectNone(port, as: "client")
            // A Brainpool certificate makes the connection TLS 1.2.
            try await withClient(port, as: "brainpool") {
                let peer = try await text($0, "/peer")
                #expect(peer == "spiffe://test.example/brainpool from 127.0.0.1")
            }
        }
    }

    @Test func materialIsCheckedAtLoad() throws {
        func code(_ files: TLSFiles) -> TLSError.Code? {
            do throws(TLSError) {
                _ = try TLSCredentials(files: files)
                return nil
            } catch { return error.code }
        }
        let pki = TestPKI.shared
        #expect(code(pki.files("server")) == nil)
        #expect(code(pki.files("rsa-3072")) == nil)
        #expect(code(pki.files("rsa-2048")) == .weakKey)
        #expect(code(pki.files("ec-224")) == .weakKey)
        #expect(code(TLSFiles(certificateChain: pki.path("server.pem"), privateKey: pki.path("client.key"))) == .keyMismatch)
        #expect(code(TLSFiles(certificateChain: pki.path("absent.pem"), privateKey: pki.path("client.key"))) == .unreadableFile)
        #expect(code(TLSFiles(certificateChain: pki.path("server.key"), privateKey: pki.path("server.key"))) == .badMaterial)
        #expect(code(TLSFiles(certificateChain: pki.path("server.pem"), privateKey: pki.path("server.pem"))) == .badMaterial)
        #expect(code(TLSFiles(certificateChain: pki.path("server.pem"), privateKey: pki.path("server.key"), trustAnchors: pki.path("server.key"))) == .badMaterial)
    }

    @Test func clientsNeedAnchors() async throws {
        let client = HTTPClient(origin: URL(string: "https://127.0.0.1:1")!, credentials: nil, expectation: .dnsName("localhost"), logger: quiet)
        let error = await failure { () throws(HTTPClientError) in try await client.send(get("/")) }
        #expect(isTLS(error, [.noTrustAnchors]))
        await client.shutdown()
    }

    @Test func serversNeedAnchorsToAskForCertificates() async throws {
        let credentials = try TestPKI.shared.credentials("server", anchors: nil)
        let server = HTTPServer(configuration: .init(credentials: credentials), responder: testRouter(), logger: quiet)
        await #expect(throws: HTTPServerError.self) { _ = try await server.start() }
    }

    @Test func reloadWhileConnectionsLive() async throws {
        let pki = TestPKI.shared
        let name = "reloaded-\(UUID().uuidString)"
        func install(_ source: String) throws {
            for suffix in ["pem", "key"] {
                try Data(contentsOf: URL(fileURLWithPath: pki.path("\(source).\(suffix)"))).write(to: URL(fileURLWithPath: pki.path("\(name).\(suffix)")))
            }
        }
        try install("server")
        let credentials = try pki.credentials(name)
        try await withServer(credentials: credentials) { _, port in
            try await withClient(port) { old in
                try await expectHello(old)
                let before = old.peerIdentity?.certificateDER
                #expect(before == credentials.leafCertificateDER)
                try install("server-2")
                try credentials.reload()
                #expect(before != credentials.leafCertificateDER)
                // The old connection goes on, a new one sees the new certificate.
                try await expectHello(old)
                #expect(old.peerIdentity?.certificateDER == before)
                try await withClient(port) { new in
                    try await expectHello(new)
                    #expect(new.peerIdentity?.certificateDER == credentials.leafCertificateDER)
                }
                // Broken files change nothing.
                try install("rsa-2048")
                #expect(throws: TLSError.self) { try credentials.reload() }
                try await withClient(port) { try await expectHello($0) }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func sessionsAreResumedUntilAReload() async throws {
        let log = LogRecorder()
        let credentials = try TestPKI.shared.credentials("server")
        func resumed() -> [Bool] { log.lines.filter { $0.contains("TLS connection") }.map { $0.contains("\"resumed\": true") || $0.contains("resumed: true") } }
        // Connections end after a pause, and the client makes new ones.
        try await withServer(timeouts: .init(connectionIdle: .milliseconds(200), drain: .seconds(2)), credentials: credentials, logger: log.logger) { _, port in
            try await withClient(port) { client in
                try await expectHello(client)
                while resumed().count < 3 {
                    try await Task.sleep(for: .milliseconds(600))
                    try await expectHello(client)
                }
                // The identity of the client comes with the session.
                let peer = try await text(client, "/peer")
                #expect(peer == "spiffe://test.example/client from 127.0.0.1")
                #expect(resumed()[0] == false)
                #expect(resumed()[1] && resumed()[2], "\(log.lines.filter { $0.contains("TLS connection") })")
                try credentials.reload()
                let before = resumed().count
                while resumed().count == before {
                    try await Task.sleep(for: .milliseconds(600))
                    try await expectHello(client)
                }
                #expect(resumed()[before] == false)
            }
        }
        #expect(log.lines.contains { $0.contains("TLSv1.3") && $0.contains("TLS_AES_128_GCM_SHA256") })
    }

    @Test(.timeLimit(.minutes(5))) func weakKeysOfPeersAreRefusedForGood() async throws {
        let pki = TestPKI.shared
        let log = LogRecorder()
        try await withServer(logger: log.logger) { _, port in
            // The command line speaks with a key that our own client would not load; the second time it resumes what it may have got.
            for arguments in ["-sess_out weak.session", "-sess_in weak.session"] {
                let refusals = log.lines.count { $0.contains("handshake failed") }
                try? pki.openssl("s_client -connect 127.0.0.1:\(port) -alpn h2 -cert rsa-2048.pem -key rsa-2048.key -CAfile ca.pem \(arguments)")
                guard FileManager.default.fileExists(atPath: pki.path("weak.session")) || arguments.hasPrefix("-sess_out") else { break }
                while log.lines.count(where: { $0.contains("handshake failed") }) == refusals { try await Task.sleep(for: .milliseconds(10)) }
            }
        }
        #expect(log.lines.contains { $0.contains("untrustedPeer") && $0.contains("key too weak") })
        #expect(!log.lines.contains { $0.contains("TLS connection") })
    }
}
