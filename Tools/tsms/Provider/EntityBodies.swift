import TrustedServiceModel

// Bodies of creation and change: what a client may set (TR-03165 4.1.4), and nothing that the TSM assigns. Each can be made of what the TSM
// has, so that wanted and existing are compared in one form.

struct ApplicationConfigBody: Encodable, Sendable, Equatable {
    var instanceAid: String
    var name: String
    var description: String
    var installConfig: InstallConfig
    var activationConfig: ActivationConfig
    var personalizationConfig: PersonalizationConfig

    init(name: String, _ config: ServiceFile.Config, script: String, certificate: String) {
        instanceAid = config.instanceAid.lowercased()
        self.name = name
        description = config.description ?? ""
        // Space between bytes is the author's; the TSM drops it.
        installConfig = InstallConfig(applicationSpecificInstallParameter: (config.install?.parameter ?? "").filter { $0 != " " }.lowercased(), privileges: config.install?.privileges ?? [])
        activationConfig = ActivationConfig(makeSelectable: config.activation?.selectable ?? true, accessibleViaApdu: config.activation?.apdu ?? false,
                                            accessibleViaNfc: config.activation?.nfc ?? false)
        personalizationConfig = PersonalizationConfig(personalizationScriptId: script, certificateId: certificate, provideAttestationToken: config.personalization?.attestationToken ?? false,
                                                      includeSecurityDomainDiversificationData: config.personalization?.diversificationData ?? false)
    }

    init(_ existing: ApplicationConfig) {
        instanceAid = existing.instanceAid.lowercased()
        name = existing.name
        description = existing.description
        installConfig = existing.installConfig
        installConfig.applicationSpecificInstallParameter = installConfig.applicationSpecificInstallParameter.lowercased()
        activationConfig = existing.activationConfig
        personalizationConfig = existing.personalizationConfig
    }
}

struct SposConfigBody: Encodable, Sendable, Equatable {
    var url: String
    var certificateId: String
}

struct ServiceBody: Encodable, Sendable, Equatable {
    var name: String
    var accessAuthorizedDeviceApps: [String]
    var sposConfigId: String
    var spParameters: [String: String]

    init(name: String, _ service: ServiceFile.Service, spos: String) {
        self.name = name
        accessAuthorizedDeviceApps = (service.apps ?? []).map { $0.lowercased() }
        sposConfigId = spos
        spParameters = service.parameters ?? [:]
    }

    init(_ existing: TrustedServiceModel.Service) {
        name = existing.name
        accessAuthorizedDeviceApps = existing.accessAuthorizedDeviceApps.map { $0.lowercased() }
        sposConfigId = existing.sposConfigId
        spParameters = existing.spParameters
    }
}

struct FlavorBody: Encodable, Sendable, Equatable {
    var name: String
    var description: String
    var executableLoadFileIds: [String]
    var applicationInstantiationConfigs: [ApplicationInstantiationConfig]
    var spParameters: [String: String]
    var featureConfig: FeatureConfig
    var contextSpecificAttributes: [String: String]

    init(name: String, _ flavor: ServiceFile.Flavor, loadFiles: [String], applications: [ApplicationInstantiationConfig]) {
        self.name = name
        description = flavor.description ?? ""
        executableLoadFileIds = loadFiles
        applicationInstantiationConfigs = applications
        spParameters = flavor.parameters ?? [:]
        featureConfig = FeatureConfig(useCspFull: flavor.csp ?? false, genericOptions: flavor.genericOptions ?? [:], keyProvisioningMode: flavor.keys?.mode ?? 0, keyIndex: flavor.keys?.index ?? "")
        contextSpecificAttributes = flavor.contextSpecificAttributes ?? [:]
    }

    init(_ existing: Flavor) {
        name = existing.name
        description = existing.description
        executableLoadFileIds = existing.executableLoadFileIds
        applicationInstantiationConfigs = existing.applicationInstantiationConfigs
        spParameters = existing.spParameters
        featureConfig = existing.featureConfig
        contextSpecificAttributes = existing.contextSpecificAttributes
    }
}

struct VersionBody: Encodable, Sendable, Equatable {
    var tag: String
    /// Flavor ID → IDs of SecureComponentProfiles.
    var allowedDeployments: [String: [String]]
}
