import Crypto
import Cryptography
import Foundation
import Identity
import KeyVaultAPI
import ServiceKit

/// What the operators of all domains do before the first service provider comes, through the real interfaces.
struct Provisioning: Sendable {
    struct Result: Sendable {
        var serviceProviders: [TestbedDescription.ServiceProvider]
        var profiles: [TestbedDescription.Profile]
        var handsets: [TestbedDescription.Handset]
        var attestationCertificate: String
    }

    let layout: TestbedLayout
    let names: TestbedNames
    let running: TestbedServices.Running
    let spTsm: TrustDomain
    /// Root of the service providers' client certificates.
    let clients: TrustDomain
    let spTsmOperator: CredentialFiles
    /// Where the keys made here are written in the clear; nil: nowhere.
    let revealedKeys: String?

    func operatorURL() throws -> String { "https://127.0.0.1:\(try running.provider.port("operator"))/operator/v1" }

    func run() async throws -> Result {
        let certificate = try await publishAttestationCertificate()
        var handsets: [TestbedDescription.Handset] = []
        var revealed = RevealedKeys()
        var providers: [TestbedDescription.ServiceProvider] = []
        try await OperatorConnection.with(try spTsmConnection()) { client in
            for issuer in running.issuers {
                let setup = IssuerSetup(running: issuer, layout: layout, spTsm: spTsm, spTsmOperator: spTsmOperator, spTsmVault: running.spTsmVault)
                for (name, component) in try await setup.run(client, revealed: &revealed) { Self.add(component, to: name, of: &handsets) }
            }
            if let revealedKeys { try revealed.write(to: revealedKeys) }
            try await OperatorConnection.with(try vaultConnection()) { vault in
                for number in 1...names.aidPrefixes.count {
                    providers.append(try await ServiceProviderSetup(number: number, aidPrefix: names.aidPrefixes[number - 1], layout: layout, clients: clients,
                                                                    keyLength: running.issuers[0].issuer.profile.keyLength).run(client, KeyVaultClient(vault)))
                }
            }
        }
        let profiles = running.issuers.map { TestbedDescription.Profile(id: $0.issuer.names.profileId, name: $0.issuer.profileName) }
        return Result(serviceProviders: providers, profiles: profiles, handsets: handsets, attestationCertificate: certificate)
    }

    private static func add(_ component: TestbedDescription.SecureComponent, to name: String, of handsets: inout [TestbedDescription.Handset]) {
        if let index = handsets.firstIndex(where: { $0.name == name }) {
            handsets[index].secureComponents.append(component)
        } else {
            handsets.append(.init(name: name, secureComponents: [component]))
        }
    }

    private func spTsmConnection() throws -> OperatorConnection {
        try OperatorConnection(files: spTsmOperator, url: operatorURL(), identity: running.provider.definition.identity)
    }

    private func vaultConnection() throws -> OperatorConnection {
        try OperatorConnection(files: spTsmOperator, url: "https://127.0.0.1:\(try running.spTsmVault.port("vault"))/vault/v1", identity: running.spTsmVault.definition.identity)
    }

    /// The certificate with which anyone verifies attestation tokens: issued by the SP TSM's domain for the key that never leaves its vault.
    private func publishAttestationCertificate() async throws -> String {
        let key = try await OperatorConnection.with(try vaultConnection()) { try await KeyVaultClient($0).attestationKey() }
        let pem = try spTsm.authority.issue(CertificateProfile(commonName: "attestation \(names.tsmOID)", organization: spTsm.name, purpose: .signing),
                                            forPublicKey: key.subjectPublicKeyInfo.bytes, now: spTsm.now)
        let path = layout.published + "/attestation.pem"
        try AtomicFile.write(pem.utf8, to: path, mode: AtomicFile.publicMode)
        return path
    }
}
