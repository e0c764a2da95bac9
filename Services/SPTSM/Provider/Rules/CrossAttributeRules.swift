import GlobalPlatform
import TrustedServiceModel

/// Conditions between attributes, also of different entities. The TR names no category for them; they are formats (1008).
enum CrossAttributeRules {
    /// TR-03165 4.1.4.6: modes 1 to 3 need a key index, mode 0 forbids one.
    static func check(_ config: FeatureConfig) throws(GeneralError) {
        guard let mode = KeyProvisioningMode(rawValue: config.keyProvisioningMode) else {
            throw .invalidFormat(String(config.keyProvisioningMode), for: "featureConfig.keyProvisioningMode", supported: "an integer from 0 to 3")
        }
        guard mode.needsKeyIndex != config.keyIndex.isEmpty else {
            throw .invalidFormat(config.keyIndex, for: "featureConfig.keyIndex",
                                 supported: mode.needsKeyIndex ? "the index of a key, since keyProvisioningMode is \(mode.rawValue)" : "empty, since keyProvisioningMode is 0")
        }
    }

    /// TR-03165 4.1.4.14 and 4.1.4.15, as far as they concern one ApplicationConfig, and the prefix of its instance AID.
    static func check(_ config: ApplicationConfig, tenancy: AIDTenancy) throws(GeneralError) {
        guard let aid = try? AID(hex: config.instanceAid) else {
            throw .invalidFormat(config.instanceAid, for: "instanceAid", supported: "an AID of 5 to 16 bytes in hexadecimal")
        }
        try tenancy.check(aid, attribute: "instanceAid")
        if !config.activationConfig.makeSelectable {
            if config.activationConfig.accessibleViaApdu { throw .invalidFormat("true", for: "activationConfig.accessibleViaApdu", supported: "false, since makeSelectable is false") }
            if config.activationConfig.accessibleViaNfc { throw .invalidFormat("true", for: "activationConfig.accessibleViaNfc", supported: "false, since makeSelectable is false") }
        }
        if config.personalizationConfig.includeSecurityDomainDiversificationData, !config.personalizationConfig.provideAttestationToken {
            throw .invalidFormat("true", for: "personalizationConfig.includeSecurityDomainDiversificationData", supported: "false, since provideAttestationToken is false")
        }
    }

    /// TR-03165 4.1.4.15: what the attestation token of an ApplicationConfig asks of each Flavor that uses it.
    /// - Parameter attribute: the one being changed, named in the error.
    static func check(_ personalization: PersonalizationConfig, with feature: FeatureConfig, attribute: String) throws(GeneralError) {
        let mode = KeyProvisioningMode(rawValue: feature.keyProvisioningMode) ?? .none
        if personalization.provideAttestationToken, !mode.needsKeyIndex {
            throw .invalidFormat(String(feature.keyProvisioningMode), for: attribute, supported: "keyProvisioningMode 1, 2 or 3 together with provideAttestationToken")
        }
        if personalization.includeSecurityDomainDiversificationData, mode != .basicDiversifiedCreate {
            throw .invalidFormat(String(feature.keyProvisioningMode), for: attribute,
                                 supported: "keyProvisioningMode 1 together with includeSecurityDomainDiversificationData")
        }
    }
}
