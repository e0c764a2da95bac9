import Cryptography
import Foundation
import GlobalPlatform
import HTTPTypes
import Identity
import KeyVaultAPI
import ServiceKit

/// One service provider: client certificate, app, long-term token, AID prefix, and the master key that it shares with the TSM's vault.
struct ServiceProviderSetup: Sendable {
    /// From 1.
    let number: Int
    let aidPrefix: String
    let layout: TestbedLayout
    let clients: TrustDomain
    /// Of the master key: KDF3 keys are as long as their master.
    let keyLength: Int

    func run(_ client: JSONClient, _ vault: KeyVaultClient) async throws -> TestbedDescription.ServiceProvider {
        let directory = layout.serviceProvider(number)
        let inbox = layout.sposInbox(number)
        try TestbedLayout.make(inbox)
        let name = "service-provider-\(number)"
        let certificate = directory + "/client.pem"
        let key = directory + "/client.key"
        let issued = try clients.authority.issue(CertificateProfile(commonName: name, organization: "service provider \(number)", purpose: .client), now: clients.now)
        try issued.write(certificate: certificate, privateKey: key)
        let app = try appCertificate(directory)

        let record = try await client.call(.post, "/service-providers", body: OperatorDocuments.NewServiceProvider(
            name: name, aidPrefixes: [aidPrefix], deviceApps: [app], clientCertificateSHA256: try CertificateFile(path: certificate).thumbprint),
            as: OperatorDocuments.ServiceProviderRecord.self)
        let token = try await client.call(.post, "/service-providers/\(JSONClient.segment(record.id))/tokens", body: OperatorDocuments.NewToken(label: "testbed"),
                                          as: OperatorDocuments.IssuedToken.self)
        let master = try await shareMasterKey(with: vault, owner: record.id)
        try await client.send(.post, "/service-providers/\(JSONClient.segment(record.id))/key-indexes",
                              body: OperatorDocuments.KeyIndex(index: master.index, kind: master.kind, kcv: master.kcv, modes: master.modes))
        return TestbedDescription.ServiceProvider(
            id: record.id, name: record.name, longTermToken: token.longTermToken, clientCertificate: certificate, clientKey: key, aidPrefix: aidPrefix,
            keyIndexes: [master], apps: [.init(deviceAppId: app)], spos: .init(url: "", inbox: inbox), masterKeyFile: layout.masterKey(number))
    }

    /// The certificate that signs the service provider's app; its SHA-256 is the app's DeviceAppID.
    private func appCertificate(_ directory: String) throws -> String {
        let authority = try CertificateAuthority(name: "app signer of service provider \(number)", testMarker: true, now: clients.now)
        let path = directory + "/app.pem"
        try AtomicFile.write(authority.certificatePEM.utf8, to: path, mode: AtomicFile.publicMode)
        return try CertificateFile(path: path).thumbprint
    }

    /// Mode 1, BASIC_DIVERSIFIED_CREATE: both sides derive the keys of each security domain from it. Its index is a UUID, since
    /// attestation tokens have room for no other (TR-03165, Appendix A).
    private func shareMasterKey(with vault: KeyVaultClient, owner: String) async throws -> TestbedDescription.KeyIndex {
        let key = try CeremonyKey(length: keyLength)
        let index = UUID().uuidString.lowercased()
        try await key.load(into: vault, index: index, kind: .master, owner: owner)
        let copy = key.key.withUnsafeBytes { Hex.encode(Array($0)) }
        try AtomicFile.write((copy + "\n").utf8, to: layout.masterKey(number), mode: AtomicFile.secretMode)
        return TestbedDescription.KeyIndex(index: index, kind: "master", kcv: Hex.encode(key.checkValue), modes: [1])
    }
}
