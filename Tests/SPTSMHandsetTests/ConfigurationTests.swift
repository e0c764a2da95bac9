import ServiceKit
@testable import SPTSMHandset
import Testing

@Suite("the handset plane's configuration file")
struct ConfigurationTests {
    private static let tls = "{ certificate: a.pem, key: a.key, trustAnchors: ca.pem }"
    private static let file = """
        store: { directory: /var/lib/tsms/sp-tsm-handset }
        health: { port: 0, tls: \(tls), allow: { health: [ "spiffe://sp-tsm.example/operator" ], metrics: [ "spiffe://sp-tsm.example/operator" ] } }
        listener: { port: 0, tls: \(tls), allow: { gateway: [ "spiffe://sp-tsm.example/gateway-handset" ] } }
        vault: { url: "https://127.0.0.1:7411/vault/v1", tls: \(tls), expect: "spiffe://sp-tsm.example/key-vault" }
        catalogue: { url: "https://127.0.0.1:7412", tls: \(tls), expect: "spiffe://sp-tsm.example/sp-tsm-provider" }
        issuers: \(tls)
        tokens: { issuer: "https://sp-tsm.example", audience: "https://sp-tsm.example/tsm-api", lifetime: 3600 }
        """

    private func decode(_ text: String) throws -> HandsetConfiguration {
        let configuration = try StrictYAML.decode(HandsetConfiguration.self, from: text)
        try configuration.validate()
        return configuration
    }

    @Test("what is left out is safe: no component without response MACs, the usual ISD only")
    func defaults() throws {
        let configuration = try decode(Self.file)
        #expect(configuration.acceptedUnprovenProfiles.isEmpty)
        #expect(configuration.issuerSecurityDomains == [.issuerSecurityDomain])
        #expect(configuration.retentionDays == 90 && configuration.lease.value == 60)
        #expect(HandsetSettings().acceptedUnprovenProfiles.isEmpty)
    }

    @Test("the operator accepts profiles by their IDs")
    func accepted() throws {
        let configuration = try decode(Self.file + "\nacceptedUnprovenProfiles: [ \"\(TSMBench.profile)\" ]")
        #expect(configuration.acceptedUnprovenProfiles == [TSMBench.profile])
    }

    @Test("mistakes are found", arguments: ["retentionDays: 0", "acceptedUnprovenProfiles: true", "acceptedProfiles: []", "issuerSecurityDomains: [ \"a0\" ]"])
    func mistakes(line: String) {
        #expect(throws: ConfigurationError.self) { try decode(Self.file + "\n" + line) }
    }
}
