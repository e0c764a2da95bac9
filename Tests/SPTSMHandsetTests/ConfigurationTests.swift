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
        operator: { port: 0, tls: \(tls), allow: { operator: [ "spiffe://sp-tsm.example/operator" ] } }
        vault: { url: "https://127.0.0.1:7411/vault/v1", tls: \(tls), expect: "spiffe://sp-tsm.example/key-vault" }
        catalogue: { url: "https://127.0.0.1:7412", tls: \(tls), expect: "spiffe://sp-tsm.example/sp-tsm-provider" }
        issuers: \(tls)
        tokens: { issuer: "https://sp-tsm.example", audience: "https://sp-tsm.example/tsm-api", lifetime: 3600 }
        deviceIntegrity: notChecked
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

    @Test("the operator's listener has an allow-list of its own; without one nothing starts")
    func operatorListener() throws {
        let line = try #require(Self.file.split(separator: "\n").first { $0.hasPrefix("operator:") })
        for wrong in ["", line.replacing("allow: { operator: [ \"spiffe://sp-tsm.example/operator\" ] }", with: "allow: { operator: [] }"),
                      line.replacing("allow: { operator: [ \"spiffe://sp-tsm.example/operator\" ] }", with: "allow: { gateway: [ \"spiffe://sp-tsm.example/operator\" ] }"),
                      line.replacing(", allow: { operator: [ \"spiffe://sp-tsm.example/operator\" ] }", with: "")] {
            #expect(throws: ConfigurationError.self, "\(wrong)") { try decode(Self.file.replacing(line, with: wrong)) }
        }
    }

    @Test("devices are judged as the file says; judging none is for testbeds, or said in so many words")
    func deviceIntegrity() throws {
        for mode in DeviceIntegrityMode.allCases {
            #expect(try decode(Self.file.replacing("notChecked", with: mode.rawValue)).deviceIntegrity == mode)
            try mode.check(CheckConditions(now: .distantPast, testbed: true))
        }
        for mode in [DeviceIntegrityMode.signedVerdict, .notChecked] { try mode.check(CheckConditions(now: .distantPast, testbed: false)) }
        #expect(throws: ConfigurationError.self) { try DeviceIntegrityMode.none.check(CheckConditions(now: .distantPast, testbed: false)) }
        #expect(throws: ConfigurationError.self) { try decode(Self.file.replacing("deviceIntegrity: notChecked", with: "")) }
        #expect(throws: ConfigurationError.self) { try decode(Self.file.replacing("notChecked", with: "verdict")) }
    }

    @Test("mistakes are found", arguments: ["retentionDays: 0", "acceptedUnprovenProfiles: true", "acceptedProfiles: []", "issuerSecurityDomains: [ \"a0\" ]"])
    func mistakes(line: String) {
        #expect(throws: ConfigurationError.self) { try decode(Self.file + "\n" + line) }
    }
}
