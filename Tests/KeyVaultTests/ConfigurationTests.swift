import Foundation
import GlobalPlatform
import HTTP2
import Identity
import KeyVaultAPI
import KeyVaultService
import ServiceKit
import Testing

@Suite struct ConfigurationTests {
    private func problem(_ change: (String) -> String) throws -> String? {
        let domain = try VaultDomain()
        do {
            let configuration = try StrictYAML.decode(VaultConfiguration.self, from: change(domain.yaml()))
            try configuration.validate()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func theWholeConfiguration() throws {
        let domain = try VaultDomain()
        let configuration = try domain.configuration(extra: "limits: {unprovenAuthentications: 3, hostChallengeLifetime: 30, commandsPerChannel: 10, channelRetention: 60}")
        #expect(configuration.settings.tokenIssuer == "https://vault.example" && configuration.settings.audiences[.handset] == "https://h.example")
        #expect(configuration.settings.limits == VaultLimits(unprovenAuthentications: 3, tokenLifetime: [.provider: 3600, .handset: 60], hostChallengeLifetime: 30, commandsPerChannel: 10, channelRetention: 60))
        #expect(configuration.settings.tsmOID == "1.3.6.1.4.1.99999.1")
        #expect(try problem { $0 } == nil)
    }

    @Test func whatIsWrongIsNamed() throws {
        #expect(try problem { $0 + "\nunknown: 1" }?.contains("unknown") == true)
        #expect(try problem { $0.replacing("[reader]", with: "[]") }?.contains("roles") == true)
        #expect(try problem { $0.replacing("[reader]", with: "[everything]") }?.contains("roles") == true)
        #expect(try problem { $0.replacing("spiffe://test.example/reader\":", with: "anybody\":") }?.contains("roles") == true)
        #expect(try problem { $0.replacing("1.3.6.1.4.1.99999.1", with: "1.3.x") }?.contains("tsmOid") == true)
        #expect(try problem { $0.replacing("handset: 60", with: "handset: 0") }?.contains("tokens") == true)
        #expect(try problem { $0.replacing("handset: 60", with: "watch: 60") }?.contains("tokens") == true)
        #expect(try problem { $0 + "\nlimits: {unprovenAuthentications: 0}" }?.contains("limits") == true)
        #expect(try problem { $0.replacing("listener: {port: 0,", with: "listener: {port: 0, allow: {vault: [\"spiffe://test.example/tsm\"]},") }?.contains("listener") == true)
        #expect(try problem { $0.replacing("rootKeyFile", with: "rootkeyfile") } != nil)
        let lines = { (text: String) in text.split(separator: "\n").filter { !$0.contains("[channelOpener") && !$0.contains("[providerToken") && !$0.contains("[operator]") && !$0.contains("[custodian]") && !$0.contains("[reader]") }.joined(separator: "\n") }
        #expect(try problem { lines($0).replacing("roles:", with: "roles: {}") }?.contains("roles") == true)
    }

    @Test func aRootKeyFileThatOthersReadStopsTheStart() throws {
        let domain = try VaultDomain()
        let configuration = try domain.configuration()
        #expect(try VaultInitialisation.run(configuration) == .created)
        #expect(try VaultInitialisation.run(configuration) == .present)
        try configuration.validate()
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: domain.rootKeyFile)
        #expect(throws: KeyVaultError.self) { try configuration.validate() }
    }

    @Test func noNewRootKeyBesideAnOldStore() throws {
        let domain = try VaultDomain()
        let configuration = try domain.configuration()
        try FileManager.default.createDirectory(atPath: configuration.store.directory, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: configuration.store.directory + "/store.sqlite"))
        #expect(throws: KeyVaultError.self) { try VaultInitialisation.run(configuration) }
        #expect(!FileManager.default.fileExists(atPath: domain.rootKeyFile))
    }

    @Test func callersAreExactlyWhoTheyAre() throws {
        let table = try RoleTable([.spiffe(try SPIFFEID("spiffe://a.example/x")): [.reader], .dnsName("x.example"): [.operator]])
        func caller(_ uris: [String], _ names: [String]) -> VaultCaller? {
            table.caller(PeerIdentity(certificateDER: [], certificateSHA256: [], subject: "", uris: uris, dnsNames: names, notAfter: .distantFuture))
        }
        #expect(caller(["spiffe://a.example/x"], []) == VaultCaller(identity: "spiffe://a.example/x", roles: [.reader]))
        #expect(caller(["spiffe://a.example/x"], ["x.example"])?.roles == [.reader, .operator])
        #expect(caller([], ["x.example"]) == VaultCaller(identity: "dns:x.example", roles: [.operator]))
        #expect(caller(["spiffe://a.example/x", "spiffe://a.example/y"], []) == nil)
        #expect(caller(["spiffe://a.example/xx"], []) == nil)
        #expect(caller([], []) == nil)
        #expect(throws: ConfigurationError.self) { try RoleTable([:]) }
    }
}
