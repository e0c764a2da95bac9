import ServiceKit
import Testing

@testable import SPTSMProvider

@Suite struct ConfigurationTests {
    static let tls = "tls: {certificate: a.pem, key: a.key, trustAnchors: ca.pem}"
    static let complete = """
        logging: {level: info, format: json}
        store: {directory: /var/lib/tsms/sp-tsm-provider}
        health: {host: 127.0.0.1, port: 0, \(tls), allow: {health: ["spiffe://sp-tsm.example/operator"], metrics: ["spiffe://sp-tsm.example/operator"]}}
        listeners:
          public: {host: 127.0.0.1, port: 8441, \(tls), allow: {gateway: ["spiffe://sp-tsm.example/gateway-provider"]}}
          internal: {host: 127.0.0.1, port: 8442, \(tls), allow: {handset: ["spiffe://sp-tsm.example/sp-tsm-handset"]}}
          operator: {host: 127.0.0.1, port: 8443, \(tls), allow: {operator: ["spiffe://sp-tsm.example/operator"]}}
        vault: {url: "https://127.0.0.1:8444", \(tls), expect: "spiffe://sp-tsm.example/key-vault"}
        tokens: {issuer: "https://sp-tsm.example", audience: sptsm-provider, lifetime: 600}
        """

    @Test func completeConfigurationIsRead() throws {
        let configuration = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: Self.complete)
        try configuration.validate()
        #expect(configuration.prefix == "/sptsm/1.0" && configuration.limits == ProviderLimits() && configuration.tokens.lifetime == 600)
        #expect(configuration.limits.loadFile == 512_000 && configuration.limits.script == 256_000 && configuration.limits.certificate == 64_000)
        let limited = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: Self.complete + "\nlimits: {loadFile: 1000}\nprefix: /x\n")
        #expect(limited.limits.loadFile == 1000 && limited.limits.script == 256_000 && limited.prefix == "/x")
        #expect(configuration.access == AccessLimits() && configuration.notices == NoticeSettings(profileRemovalDays: 30))
        let access = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: Self.complete + "\naccess: {requestsPerSecond: 5000, failures: 3, lockout: 600}\nnotices: {profileRemovalDays: 90}\n")
        #expect(access.access == AccessLimits(requestsPerSecond: 5000, burst: 5000, failures: 3, lockout: 600) && access.notices.profileRemovalDays == 90)
    }

    @Test(arguments: ["surplus: 1", "limits: {loadFile: 0}", "limits: {surplus: 1}", "drainTimeout: soon", "access: {requestsPerSecond: -1}", "access: {lockout: 0}", "access: {surplus: 1}",
                      "notices: {profileRemovalDays: 0}", "notices: {}"]) func wrongConfigurationsAreRefused(_ line: String) {
        #expect(throws: ConfigurationError.self) { try StrictYAML.decode(ProviderPlaneConfiguration.self, from: Self.complete + "\n" + line + "\n") }
    }

    @Test(arguments: ["allow: {gateway: [\"spiffe://sp-tsm.example/gateway-provider\"]}", "allow: {handset: [\"spiffe://sp-tsm.example/sp-tsm-handset\"]}"])
    func emptyOrMissingAllowListsAreRefused(_ list: String) throws {
        for replacement in ["allow: {}", "allow: {other: [\"spiffe://sp-tsm.example/x\"]}"] {
            let text = Self.complete.replacing(list, with: replacement)
            #expect(throws: (any Error).self) {
                let configuration = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: text)
                try configuration.validate()
            }
        }
    }

    @Test(arguments: ["/x/", "x"]) func prefixIsChecked(_ prefix: String) throws {
        let configuration = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: Self.complete + "\nprefix: \(prefix)\n")
        #expect(throws: ConfigurationError.self) { try configuration.validate() }
    }
}
