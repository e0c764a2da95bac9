import Foundation
import Identity
import ServiceKit
import Testing

/// A trust domain of a test's own: a root, and certificate files for named workloads.
struct TestDomain: Sendable {
    let directory: TemporaryDirectory
    let root: CertificateAuthority
    let isMarked: Bool

    init(marked: Bool = true) throws {
        directory = try TemporaryDirectory()
        root = try CertificateAuthority(name: "Test Root", testMarker: marked, now: Date())
        isMarked = marked
        _ = try directory.file("ca.pem", root.certificatePEM)
    }

    func id(_ name: String) throws -> SPIFFEID { try SPIFFEID("spiffe://test.example/\(name)") }

    func tls(_ name: String, lifetime: TimeInterval = 86_400, now: Date = Date()) throws -> TLSConfiguration {
        let configuration = TLSConfiguration(certificate: directory.path + "/\(name).pem", key: directory.path + "/\(name).key", trustAnchors: directory.path + "/ca.pem")
        try root.issue(.workload(id(name), lifetime: lifetime), now: now).write(certificate: configuration.certificate, privateKey: configuration.key.path)
        return configuration
    }

    func allow(_ names: String...) throws -> AllowList { try AllowList(names.map { AllowedPeer.spiffe(try id($0)) }) }

    func peer(as name: String, server: String, port: Int, base: String = "") throws -> PeerConfiguration {
        PeerConfiguration(
            url: try #require(URL(string: "https://127.0.0.1:\(port)\(base)")), tls: try tls(name), expect: .spiffe(try id(server)), timeout: Seconds(10))
    }
}
