import Foundation
import Identity
import Testing

extension EndToEnd.Shared {
    @Test("one domain's CA cannot issue the other domain's identities, where a listener trusts both")
    func forgedIdentities() async throws {
        let testbed = try RunningTestbed.required()
        let issuer = try #require(testbed.file.issuers.first)
        let process = try testbed.process("issuer-1-sei-tsm")
        let port = try #require(try testbed.listeners(of: process)["sei"])
        let directory = try TemporaryDirectory()
        /// With a certificate that the CA in a directory of the testbed issues to whoever asks.
        func inventory(_ identity: String, by authority: String, path: String = "/sei/v1/inventory?limit=1") async throws -> DirectPeer.Outcome {
            let root = testbed.directory + "/" + authority
            let ca = try CertificateAuthority(certificatePEM: String(contentsOfFile: root + "/ca.pem", encoding: .utf8), privateKeyPEM: String(contentsOfFile: root + "/ca.key", encoding: .utf8))
            let name = UUID().uuidString
            let peer = DirectPeer(certificate: "\(directory.path)/\(name).pem", key: "\(directory.path)/\(name).key")
            try ca.issue(.workload(SPIFFEID(identity)), now: Date()).write(certificate: try #require(peer.certificate), privateKey: try #require(peer.key))
            return try await peer.request(port: port, path, ca: issuer.ca, server: .spiffe(process.identity))
        }
        #expect(try await inventory("spiffe://issuer-1.example/operator", by: "issuer-1/ca").status == 200)
        let forged = try await inventory("spiffe://issuer-1.example/operator", by: "sp-tsm/ca")
        #expect(forged.isClosed, "\(forged)")
        // Nor the other way round: the issuer cannot play the SP TSM.
        #expect(try await inventory("spiffe://sp-tsm.example/sp-tsm-handset", by: "sp-tsm/ca", path: "/sei/v1/transport-keys").status == 200)
        let played = try await inventory("spiffe://sp-tsm.example/sp-tsm-handset", by: "issuer-1/ca", path: "/sei/v1/transport-keys")
        #expect(played.isClosed, "\(played)")
        // The CA of service providers' certificates is of no worth here at all.
        let client = try await inventory("spiffe://issuer-1.example/operator", by: "sp-tsm/ca/service-providers")
        #expect(client.isClosed, "\(client)")
    }
}
