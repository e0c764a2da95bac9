import TrustedServiceModel

// Bodies of creation: only what a client may set (TR-03165 4.1.4); the TSM refuses attributes that it assigns itself.

struct NewApplicationConfig: Encodable, Sendable {
    var instanceAid: String
    var name: String
    var activationConfig: ActivationConfig
    var personalizationConfig: PersonalizationConfig
}

struct NewService: Encodable, Sendable {
    var name: String
    var accessAuthorizedDeviceApps: [String]
}

struct NewFlavor: Encodable, Sendable {
    var name: String
    var executableLoadFileIds: [String]
    var applicationInstantiationConfigs: [ApplicationInstantiationConfig]
    var featureConfig: FeatureConfig
}

struct NewVersion: Encodable, Sendable {
    var tag: String
    /// Flavor ID → IDs of SecureComponentProfiles.
    var allowedDeployments: [String: [String]]
}
