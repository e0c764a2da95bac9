import Foundation
import Identity
import ServiceKit

/// `testbed.json`: what other programs need to know of a testbed. Fields are added, never renamed.
struct TestbedDescription: Codable, Sendable {
    struct Gateway: Codable, Sendable {
        var providerURL: String
        var handsetURL: String
        var seramURL: String
        var ca: String
    }

    struct KeyIndex: Codable, Sendable {
        var index: String
        /// master or transport.
        var kind: String
        var kcv: String
        var modes: [Int]
    }

    struct App: Codable, Sendable { var deviceAppId: String }

    /// `url` is empty while nobody serves there.
    struct SPOS: Codable, Sendable {
        var url: String
        var inbox: String
        /// Of the CA that signed the online service's certificate: what SposConfig names; nil while nobody serves there.
        var ca: String?
    }

    struct ServiceProvider: Codable, Sendable {
        var id: String
        var name: String
        var longTermToken: String
        var clientCertificate: String
        var clientKey: String
        var aidPrefix: String
        var keyIndexes: [KeyIndex]
        var apps: [App]
        var spos: SPOS
        /// The service provider's own copy of its master key.
        var masterKeyFile: String
    }

    struct Attestation: Codable, Sendable {
        var tsmOid: String
        var certificate: String
    }

    struct Profile: Codable, Sendable {
        var id: String
        var name: String
    }

    struct Issuer: Codable, Sendable {
        var id: String
        var name: String
        var seiURL: String
        var ca: String
        var operatorCertificate: String
        var operatorKey: String
    }

    struct Operator: Codable, Sendable {
        var url: String
        var ca: String
        var certificate: String
        var key: String
    }

    struct SecureComponent: Codable, Sendable {
        var reader: String
        var id: String
        var profileId: String
        var issuer: String
    }

    struct Handset: Codable, Sendable {
        var name: String
        var secureComponents: [SecureComponent]
    }

    struct DemoService: Codable, Sendable {
        var id: String
        var versions: [String]
    }

    struct Process: Codable, Sendable {
        var name: String
        var pid: Int32
        var health: String
        var log: String
        /// SPIFFE ID.
        var identity: String
        /// The configuration file, which is on its command line.
        var configuration: String
        /// Program and arguments, to start it again.
        var command: [String]
    }

    var name: String
    var directory: String
    var gateway: Gateway
    var serviceProviders: [ServiceProvider]
    var attestation: Attestation
    var secureComponentProfiles: [Profile]
    var issuers: [Issuer]
    var `operator`: Operator
    /// Of the handset plane.
    var handsetOperator: Operator
    var handsets: [Handset]
    var demoService: DemoService?
    var processes: [Process]

    var layout: TestbedLayout { TestbedLayout(root: directory) }

    static func read(directory: String) throws(ToolFailure) -> TestbedDescription {
        let path = TestbedLayout(root: directory).description
        guard let data = FileManager.default.contents(atPath: path) else { throw ToolFailure("there is no testbed in \(directory): \(path) cannot be read") }
        do {
            return try JSONDecoder().decode(TestbedDescription.self, from: data)
        } catch {
            throw ToolFailure("\(path) is not the description of a testbed: \(WireJSON.place(of: error))")
        }
    }

    /// Atomically. It holds tokens, so it is for its owner only.
    func write() throws {
        let encoder = WireJSON.encoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(self), to: layout.description, mode: AtomicFile.secretMode)
    }
}
