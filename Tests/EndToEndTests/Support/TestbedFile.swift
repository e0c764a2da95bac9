/// `testbed.json` as other programs read it: the fields of its published description that these tests use.
struct TestbedFile: Decodable, Sendable {
    struct Gateway: Decodable, Sendable {
        var providerURL, handsetURL, seramURL, ca: String
    }

    struct ServiceProvider: Decodable, Sendable {
        struct App: Decodable, Sendable { var deviceAppId: String }
        var id, name, longTermToken, clientCertificate, clientKey, masterKeyFile: String
        var apps: [App]
    }

    struct Handset: Decodable, Sendable {
        struct SecureComponent: Decodable, Sendable { var reader, id, profileId, issuer: String }
        var name: String
        var secureComponents: [SecureComponent]
    }

    struct DemoService: Decodable, Sendable {
        var id: String
        var versions: [String]
    }

    struct Process: Decodable, Sendable {
        var name: String
        var pid: Int32
        var health, log, identity, configuration: String
    }

    struct Issuer: Decodable, Sendable { var id, seiURL, ca, operatorCertificate, operatorKey: String }
    struct Operator: Decodable, Sendable { var url, ca, certificate, key: String }
    struct Profile: Decodable, Sendable { var id, name: String }
    struct Attestation: Decodable, Sendable { var tsmOid, certificate: String }

    var directory: String
    var gateway: Gateway
    var serviceProviders: [ServiceProvider]
    var attestation: Attestation
    var secureComponentProfiles: [Profile]
    var issuers: [Issuer]
    var `operator`: Operator
    var handsets: [Handset]
    var demoService: DemoService?
    var processes: [Process]
}
