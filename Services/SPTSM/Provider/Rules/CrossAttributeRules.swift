import GlobalPlatform
import TrustedServiceModel

/// Conditions between attributes, also of different entities: one function each, named for what it demands. The TR names no category for
/// them; they are formats (1008), and the message has the full path of the attribute to change.
enum CrossAttributeRules {
    /// TR-03165 4.1.4.6: modes 1 to 3 need a key index, mode 0 forbids one.
    static func keyIndexGoesWithTheMode(_ config: FeatureConfig) throws(GeneralError) {
        guard let mode = KeyProvisioningMode(rawValue: config.keyProvisioningMode) else {
            throw .invalidFormat(String(config.keyProvisioningMode), for: "featureConfig.keyProvisioningMode", supported: "an integer from 0 to 3")
        }
        guard mode.needsKeyIndex != config.keyIndex.isEmpty else {
            throw .invalidFormat(config.keyIndex, for: "featureConfig.keyIndex",
                                 supported: mode.needsKeyIndex ? "the index of a key, since keyProvisioningMode is \(mode.rawValue)" : "empty, since keyProvisioningMode is 0")
        }
    }

    /// TR-03165 4.1.4.14: what cannot be selected cannot be reached.
    static func accessNeedsSelectability(_ config: ActivationConfig) throws(GeneralError) {
        guard !config.makeSelectable else { return }
        if config.accessibleViaApdu { throw .invalidFormat("true", for: "activationConfig.accessibleViaApdu", supported: "false, since makeSelectable is false") }
        if config.accessibleViaNfc { throw .invalidFormat("true", for: "activationConfig.accessibleViaNfc", supported: "false, since makeSelectable is false") }
    }

    /// TR-03165 4.1.4.15: diversification data travels in the attestation token.
    static func diversificationDataNeedsToken(_ config: PersonalizationConfig) throws(GeneralError) {
        guard config.includeSecurityDomainDiversificationData, !config.provideAttestationToken else { return }
        throw .invalidFormat("true", for: "personalizationConfig.includeSecurityDomainDiversificationData", supported: "false, since provideAttestationToken is false")
    }

    /// TR-03165 4.1.4.15: an attestation token needs key provisioning mode 1, 2 or 3 in each Flavor that uses the configuration.
    /// - Parameter attribute: the one being changed, named in the error.
    static func tokenNeedsProvisionedKeys(_ personalization: PersonalizationConfig, _ feature: FeatureConfig, changing attribute: String) throws(GeneralError) {
        guard personalization.provideAttestationToken, KeyProvisioningMode(rawValue: feature.keyProvisioningMode)?.needsKeyIndex != true else { return }
        throw .invalidFormat(String(feature.keyProvisioningMode), for: attribute, supported: "keyProvisioningMode 1, 2 or 3 together with provideAttestationToken")
    }

    /// TR-03165 4.1.4.15: there is diversification data in mode 1 only.
    /// - Parameter attribute: the one being changed, named in the error.
    static func diversificationDataNeedsDerivedKeys(_ personalization: PersonalizationConfig, _ feature: FeatureConfig, changing attribute: String) throws(GeneralError) {
        guard personalization.includeSecurityDomainDiversificationData, feature.keyProvisioningMode != KeyProvisioningMode.basicDiversifiedCreate.rawValue else { return }
        throw .invalidFormat(String(feature.keyProvisioningMode), for: attribute,
                             supported: "keyProvisioningMode 1 together with includeSecurityDomainDiversificationData")
    }

    /// TR-03165 4.1.4.3: a SecureComponentProfile occurs once in `allowedDeployments`.
    static func profilesOccurOnce(_ deployments: [String: [String]]) throws(GeneralError) {
        var seen: Set<String> = []
        for (flavor, profiles) in deployments.sorted(by: { $0.key < $1.key }) {
            for (index, profile) in profiles.enumerated() where !seen.insert(profile).inserted {
                throw .invalidFormat(profile, for: "allowedDeployments.\(flavor)[\(index)]", supported: "a SecureComponentProfile that occurs only once in the map")
            }
        }
    }

    /// TR-03165 4.1.4.4: load files and instantiation configurations of a published Flavor are fixed (1015).
    static func contentIsFixedOncePublished(_ flavor: Flavor, stored: Flavor) throws(GeneralError) {
        guard stored.published, flavor.executableLoadFileIds != stored.executableLoadFileIds
            || flavor.applicationInstantiationConfigs != stored.applicationInstantiationConfigs else { return }
        throw .alreadyPublished("Flavor", flavor: stored.id)
    }

    /// TR-03165 4.1.4.12 to 4.1.4.15: with a published Flavor, all of an ApplicationConfig is fixed but its names and the certificate (1015).
    /// - Parameter flavors: those that use it.
    static func configIsFixedOncePublished(_ config: ApplicationConfig, stored: ApplicationConfig, usedBy flavors: [Flavor]) throws(GeneralError) {
        guard let published = flavors.first(where: \.published) else { return }
        var personalization = config.personalizationConfig
        personalization.certificateId = stored.personalizationConfig.certificateId
        let isSame = config.instanceAid.lowercased() == stored.instanceAid.lowercased() && config.installConfig == stored.installConfig
            && config.activationConfig == stored.activationConfig && personalization == stored.personalizationConfig
        guard isSame else { throw .alreadyPublished("ApplicationConfig", flavor: published.id) }
    }

    /// TR-03165 4.1.6.5.4: with a published Flavor, the binary of a load file is fixed (1015).
    static func binaryIsFixedOncePublished(usedBy flavors: [Flavor]) throws(GeneralError) {
        if let published = flavors.first(where: \.published) { throw .alreadyPublished("ExecutableLoadFile", flavor: published.id) }
    }
}
