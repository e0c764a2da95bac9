/// The configuration files of the testbed's services. Every port is the system's choice.
struct ServiceConfigurations: Sendable {
    let spTsm: TrustDomain
    /// Whose vault and SEI TSM the configurations are of.
    let issuer: TrustDomain
    /// Where the gateways listen.
    let publicHost: String
    /// Of a process and of an issuer's dialog, in seconds.
    let lease: Int
    let names: TestbedNames

    /// Those of another issuer.
    func of(_ issuer: TestbedIssuer) -> ServiceConfigurations {
        ServiceConfigurations(spTsm: spTsm, issuer: issuer.domain, publicHost: publicHost, lease: lease, names: issuer.names)
    }

    private func common(_ files: CredentialFiles, _ domain: TrustDomain) throws -> YAML {
        let operators: YAML = [.text(try domain.identity("operator").description)]
        return [
            "logging": ["level": "info", "format": "json"],
            "health": ["host": "127.0.0.1", "port": 0, "tls": files.yaml, "allow": ["health": operators, "metrics": operators]],
        ]
    }

    private func listener(_ files: CredentialFiles, trusting anchors: String? = nil, allow: YAML? = nil) -> YAML {
        let own: YAML = ["host": "127.0.0.1", "port": 0, "tls": files.yaml(trusting: anchors ?? files.trustAnchors)]
        return allow.map { own.adding(["allow": $0]) } ?? own
    }

    private func peer(_ url: String, _ files: CredentialFiles, _ domain: TrustDomain, _ role: String) throws -> YAML {
        ["url": .text(url), "tls": files.yaml, "expect": .text(try domain.identity(role).description)]
    }

    func spTsmVault(_ files: CredentialFiles, directory: String) throws -> YAML {
        try common(files, spTsm).adding([
            "store": ["directory": .text(directory + "/data")],
            "listener": listener(files),
            "rootKeyFile": .text(directory + "/root.key"),
            "roles": .map([
                (try spTsm.identity("sp-tsm-handset").description, .texts(["channelOpener", "handsetTokenSigner", "authenticationReleaser"])),
                (try spTsm.identity("sp-tsm-provider").description, .texts(["providerTokenSigner"])),
                (try spTsm.identity("operator").description, .texts(["operator"])),
            ]),
            "tokens": ["issuer": .text(names.tokenIssuer), "audiences": ["provider": .text(names.providerAudience), "handset": .text(names.handsetAudience)]],
            "tsmOid": .text(names.tsmOID),
        ])
    }

    func issuerVault(_ files: CredentialFiles, directory: String) throws -> YAML {
        try common(files, issuer).adding([
            "store": ["directory": .text(directory + "/data")],
            "listener": listener(files),
            "rootKeyFile": .text(directory + "/root.key"),
            "roles": .map([
                (try issuer.identity("sei-tsm").description, .texts(["channelOpener"])),
                (try issuer.identity("operator").description, .texts(["operator"])),
            ]),
        ])
    }

    /// - Parameter clientAnchors: the roots of those who may call: the issuer's own and the SP TSM's.
    func seiTSM(_ files: CredentialFiles, directory: String, vaultPort: Int, clientAnchors: String) throws -> YAML {
        try common(files, issuer).adding([
            "store": ["directory": .text(directory + "/data")],
            "listener": listener(files, trusting: clientAnchors, allow: ["operator": [.text(try issuer.identity("operator").description)]]),
            "keyVault": try peer("https://127.0.0.1:\(vaultPort)/vault/v1", files, issuer, "key-vault"),
            "dialogLease": .number(lease),
            "contracts": [[
                "spTsm": .text(try spTsm.identity("sp-tsm-handset").description),
                "profiles": [.text(names.profileId)],
                "transportKeys": [.text(names.transportKeyIndex)],
                "aidPrefixes": .texts(names.aidPrefixes),
            ]],
        ])
    }

    func provider(_ files: CredentialFiles, directory: String, vaultPort: Int) throws -> YAML {
        try common(files, spTsm).adding([
            "store": ["directory": .text(directory + "/data")],
            "listeners": [
                "public": listener(files, allow: ["gateway": [.text(try spTsm.identity("gateway-provider").description)]]),
                "internal": listener(files, allow: ["handset": [.text(try spTsm.identity("sp-tsm-handset").description)]]),
                "operator": listener(files, allow: ["operator": [.text(try spTsm.identity("operator").description)]]),
            ],
            "vault": try peer("https://127.0.0.1:\(vaultPort)/vault/v1", files, spTsm, "key-vault"),
            "tokens": ["issuer": .text(names.tokenIssuer), "audience": .text(names.providerAudience), "lifetime": 900],
        ])
    }

    func handset(_ files: CredentialFiles, directory: String, vaultPort: Int, cataloguePort: Int) throws -> YAML {
        try common(files, spTsm).adding([
            "store": ["directory": .text(directory + "/data")],
            "listener": listener(files, allow: ["gateway": [.text(try spTsm.identity("gateway-handset").description)]]),
            "operator": listener(files, allow: ["operator": [.text(try spTsm.identity("operator").description)]]),
            "vault": try peer("https://127.0.0.1:\(vaultPort)/vault/v1", files, spTsm, "key-vault"),
            "catalogue": try peer("https://127.0.0.1:\(cataloguePort)", files, spTsm, "sp-tsm-provider"),
            "issuers": files.yaml,
            "tokens": ["issuer": .text(names.tokenIssuer), "audience": .text(names.handsetAudience), "lifetime": 3600],
            "deviceIntegrity": "none",
            "lease": .number(lease),
            // Results go to an online service on this machine, and nobody wants to wait long when it is up again.
            "spos": ["allowedAddresses": ["127.0.0.1"], "longestDelay": 5],
        ])
    }

    /// The service providers' online services.
    /// - Parameters:
    ///   - files: for its health.
    ///   - public: as which results find it.
    ///   - inboxes: path → directory.
    func spos(_ files: CredentialFiles, public own: CredentialFiles, inboxes: [(String, String)]) throws -> YAML {
        try common(files, spTsm).adding([
            "listener": listener(own, trusting: files.trustAnchors, allow: ["tsm": [.text(try spTsm.identity("sp-tsm-handset").description)]]),
            "inboxes": .map(inboxes.map { ($0, .text($1)) }),
        ])
    }

    func gateway(_ files: CredentialFiles, plane: String, role: String, upstreamPort: Int, clientAnchors: String?) throws -> YAML {
        var tls: YAML = ["certificate": .text(files.certificate), "key": .text(files.key)]
        if let clientAnchors { tls = tls.adding(["trustAnchors": .text(clientAnchors)]) }
        return try common(files, spTsm).adding([
            "plane": .text(plane),
            "listener": [
                "host": .text(publicHost), "port": 0, "tls": tls, "clientCertificates": clientAnchors == nil ? "none" : "optional", "acceptsHTTP1": true,
            ],
            "upstream": try peer("https://127.0.0.1:\(upstreamPort)", files, spTsm, role),
            "hosts": .texts(["127.0.0.1", "localhost"] + (publicHost == "127.0.0.1" ? [] : [publicHost])),
            "maximumBody": .number(plane == "provider" ? 8 << 20 : 1 << 20),
        ])
    }
}

/// Names that more than one part of the testbed has to agree on.
struct TestbedNames: Sendable {
    let issuerId: String
    let profileId: String
    let tokenIssuer = "https://sp-tsm.example"
    let providerAudience = "https://sp-tsm.example/sptsm"
    let handsetAudience = "https://sp-tsm.example/tsm-api"
    /// Below the arc for examples (X.660).
    let tsmOID = "2.999.3165.1"
    var transportKeyIndex = "issuer-1-transport"
    let issuerMasterKeyIndex = "isd-master"
    /// One for each service provider.
    let aidPrefixes = ["f054534d53", "f054534d54"]
    static let defaultIssuerIdentificationNumber: [UInt8] = [0x54, 0x53, 0x4D, 0x53, 0x01]
    static let secondIssuerIdentificationNumber: [UInt8] = [0x54, 0x53, 0x4D, 0x53, 0x02]
    /// Value of GP tag 42 of the issuer's cards.
    var issuerIdentificationNumber = defaultIssuerIdentificationNumber
}
