import ServiceKit
@testable import SPTSMHandset
import Testing

@Suite("spos: of the handset plane's configuration")
struct SPOSConfigurationTests {
    private func decode(_ text: String) throws -> SPOSConfiguration {
        let configuration = try StrictYAML.decode(SPOSConfiguration.self, from: text)
        try configuration.validate()
        return configuration
    }

    @Test("what is left out is safe: nothing inside may be sent to")
    func defaults() throws {
        let configuration = try decode("timeout: 10")
        #expect(configuration.allowedAddresses.isEmpty && configuration.tls == nil && configuration.settings == OutboxSettings())
        #expect(SPOSConfiguration().settings == OutboxSettings() && SPOSConfiguration().allowedAddresses.isEmpty)
        #expect(!AddressPolicy(allowed: configuration.allowedAddresses).permits("127.0.0.1"))
    }

    @Test("all of it")
    func all() throws {
        let configuration = try decode("""
            tls: { certificate: a.pem, key: a.key }
            allowedAddresses: [ "10.20.0.0/16", "::1" ]
            timeout: 2.5
            firstDelay: 0.5
            longestDelay: 60
            retryDays: 0.5
            deliveredDays: 1
            deadDays: 2
            parallel: 4
            """)
        #expect(configuration.tls?.certificate == "a.pem")
        #expect(configuration.settings == OutboxSettings(timeout: 2.5, firstDelay: 0.5, longestDelay: 60, retryFor: 43_200, deliveredDays: 1, deadDays: 2, parallel: 4))
        let policy = AddressPolicy(allowed: configuration.allowedAddresses)
        #expect(policy.permits("10.20.3.4") && policy.permits("::1") && !policy.permits("10.21.0.1"))
    }

    @Test("mistakes are found", arguments: [
        "timeout: 0", "timeout: 301", "firstDelay: 0", "firstDelay: 5\nlongestDelay: 4", "retryDays: 0", "retryDays: -1", "deliveredDays: -1", "deadDays: 0", "parallel: 0", "parallel: 257",
        "allowedAddresses: [ \"10.0.0.0/33\" ]", "allowedAddresses: [ \"sp.example\" ]", "allowedAddresses: 127.0.0.1", "retries: 3", "tls: { certificate: a.pem }",
    ])
    func mistakes(text: String) {
        #expect(throws: ConfigurationError.self) { try decode(text) }
    }
}
