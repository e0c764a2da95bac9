import GlobalPlatform
import ServiceKit
import Testing
@testable import SEITSMService

@Suite struct ConfigurationTests {
    private static let file = """
        store: { directory: /var/lib/tsms/sei-tsm }
        health: { port: 0, tls: { certificate: a.pem, key: a.key, trustAnchors: ca.pem }, allow: { health: [ "spiffe://issuer-1.example/operator" ], metrics: [ "spiffe://issuer-1.example/operator" ] } }
        listener: { port: 0, tls: { certificate: a.pem, key: a.key, trustAnchors: ca.pem }, allow: { operator: [ "spiffe://issuer-1.example/operator" ] } }
        keyVault: { url: "https://127.0.0.1:7443/vault/v1", tls: { certificate: a.pem, key: a.key, trustAnchors: ca.pem }, expect: "spiffe://issuer-1.example/key-vault" }
        contracts:
          - spTsm: "spiffe://sp-tsm.example/sp-tsm-handset"
            profiles: [ "p" ]
            transportKeys: [ "t" ]
            aidPrefixes: [ "f054534d53" ]
        """

    private func decode(_ text: String) throws -> SEITSMConfiguration {
        let configuration = try StrictYAML.decode(SEITSMConfiguration.self, from: text)
        try configuration.validate()
        return configuration
    }

    @Test func example() throws {
        let configuration = try decode(Self.file)
        #expect(configuration.settings.dialogLease == 60)
        #expect(configuration.settings.eligibilityValidity == 120)
        #expect(configuration.settings.maximumDialog == 600)
        #expect(configuration.settings.proofValidity == 86_400)
        #expect(configuration.settings.retentionDays == 90)
        #expect(configuration.settings.maximumUnprovenSessions == 4)
        let contract = try #require(configuration.contracts.first)
        #expect(contract.spTsm == "spiffe://sp-tsm.example/sp-tsm-handset")
        #expect(contract.allows(try aid("f054534d5301")))
        #expect(!contract.allows(try aid("f154534d5301")))
        #expect(!contract.allows(.issuerSecurityDomain))
        #expect(configuration.storeDirectory == "/var/lib/tsms/sei-tsm")
    }

    @Test(arguments: [
        ("contracts:", "contract:"), ("profiles: [ \"p\" ]", "profiles: []"), ("\"f054534d53\"", "\"f0\""), ("spiffe://sp-tsm.example/sp-tsm-handset", "sp-tsm"),
        ("{ operator: [ \"spiffe://issuer-1.example/operator\" ] }", "{}"), ("operator: [ \"spiffe://issuer-1.example/operator\" ] }", "operator: [] }"),
        ("listener: { port: 0,", "listener: { port: 0, clientCertificates: optional,"), ("store:", "dialogLease: 0\nstore:"), ("store:", "retentionDays: 0\nstore:"),
        ("store:", "unknown: 1\nstore:"), ("    aidPrefixes: [ \"f054534d53\" ]", ""), ("[ \"f054534d53\" ]", "[]"), ("store:", "maximumDialog: 59\nstore:"),
        ("store:", "proofValidity: 59\nstore:"), ("store:", "maximumUnprovenSessions: 0\nstore:"),
    ]) func mistakesAreFound(text: String, replacement: String) throws {
        let changed = Self.file.replacing(text, with: replacement)
        #expect(changed != Self.file)
        #expect(throws: ConfigurationError.self) { try decode(changed) }
    }

    @Test func twoContractsWithOneIdentity() throws {
        let second = "\n  - spTsm: \"spiffe://sp-tsm.example/sp-tsm-handset\"\n    profiles: [ \"q\" ]\n    transportKeys: []\n    aidPrefixes: [ \"f054534d54\" ]"
        #expect(throws: ConfigurationError.self) { try decode(Self.file + second) }
        #expect(try decode(Self.file + second.replacing("//sp-tsm.", with: "//other.")).contracts.count == 2)
    }

    @Test(arguments: ["f054534d53", "f054534d5301", "f054534d530102"]) func prefixesOfTwoContractsHaveNoAIDInCommon(prefix: String) throws {
        let text = Self.file.replacing("[ \"f054534d53\" ]", with: "[ \"f054534d5300\", \"f054534d5301\" ]")
            + "\n  - spTsm: \"spiffe://other.example/x\"\n    profiles: [ \"p\" ]\n    transportKeys: []\n    aidPrefixes: [ \"f099999999\", \"\(prefix)\" ]"
        do {
            _ = try decode(text)
            Issue.record("overlapping prefixes were accepted")
        } catch let error as ConfigurationError {
            #expect(error.path == "contracts[1].aidPrefixes", "\(error)")
        }
    }
}
