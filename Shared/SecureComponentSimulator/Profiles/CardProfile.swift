import GlobalPlatform

/// What a kind of secure component is and can do. Files hold it as JSON; AIDs and bytes are lower-case hexadecimal.
public struct CardProfile: Codable, Hashable, Sendable {
    /// A package that the platform offers to applets, with its highest version.
    public struct PlatformPackage: Codable, Hashable, Sendable {
        public var aid: AID
        public var version: VersionNumber

        public init(aid: AID, version: VersionNumber) {
            self.aid = aid
            self.version = version
        }
    }

    /// How a security domain gets its first keys.
    public enum FirstKeys: String, Codable, Hashable, Sendable, CaseIterable {
        /// INSTALL [for personalization] and STORE DATA 00B9/8113 in the parent's session.
        case storeData
        /// PUT KEY in the security domain, in a session with the parent's keys.
        case inherited
    }

    public var name: String
    /// "eSE", "eUICC", "UICC".
    public var secureComponentType: String
    public var atr: HexBytes
    public var issuerSecurityDomain: AID
    public var issuerSecurityDomainPrivileges: Privileges
    /// SCP03 options `i`; the first is the Issuer Security Domain's, supplementary domains may have any.
    public var scp03Options: [UInt8]
    public var javaCardVersion: VersionNumber
    public var globalPlatformVersion: VersionNumber
    public var platformPackages: [PlatformPackage]
    /// Bytes for load files, applications and their data.
    public var nonVolatileMemory: UInt32
    public var volatileMemory: UInt32
    /// Channels, the basic one included: 1 to 20.
    public var logicalChannels: Int
    public var hasAccessRuleApplication: Bool
    /// REF-AR-DO (E2 …) that the access rule application holds from the start.
    public var initialAccessRules: [HexBytes]
    public var firstKeys: FirstKeys
    /// Bytes of AES keys: 16, 24, 32. Security domains take no other length.
    public var keyLength: Int
    /// Whether a SELECTABLE security domain becomes PERSONALIZED with its first keys, without SET STATUS.
    public var personalizesSecurityDomains: Bool
    /// Failed EXTERNAL AUTHENTICATE in a row after which a key set blocks; nil: never.
    public var maximumFailedAuthentications: Int?
    public var maximumKeySets: Int
    /// Privileges that can be given to supplementary security domains and to applications.
    public var grantableSecurityDomainPrivileges: Privileges
    public var grantableApplicationPrivileges: Privileges

    public init(
        name: String, secureComponentType: String, atr: HexBytes, issuerSecurityDomain: AID = .issuerSecurityDomain,
        issuerSecurityDomainPrivileges: Privileges, scp03Options: [UInt8], javaCardVersion: VersionNumber, globalPlatformVersion: VersionNumber,
        platformPackages: [PlatformPackage], nonVolatileMemory: UInt32, volatileMemory: UInt32, logicalChannels: Int,
        hasAccessRuleApplication: Bool, initialAccessRules: [HexBytes], firstKeys: FirstKeys, keyLength: Int, personalizesSecurityDomains: Bool,
        maximumFailedAuthentications: Int?, maximumKeySets: Int, grantableSecurityDomainPrivileges: Privileges, grantableApplicationPrivileges: Privileges
    ) {
        self.name = name
        self.secureComponentType = secureComponentType
        self.atr = atr
        self.issuerSecurityDomain = issuerSecurityDomain
        self.issuerSecurityDomainPrivileges = issuerSecurityDomainPrivileges
        self.scp03Options = scp03Options
        self.javaCardVersion = javaCardVersion
        self.globalPlatformVersion = globalPlatformVersion
        self.platformPackages = platformPackages
        self.nonVolatileMemory = nonVolatileMemory
        self.volatileMemory = volatileMemory
        self.logicalChannels = logicalChannels
        self.hasAccessRuleApplication = hasAccessRuleApplication
        self.initialAccessRules = initialAccessRules
        self.firstKeys = firstKeys
        self.keyLength = keyLength
        self.personalizesSecurityDomains = personalizesSecurityDomains
        self.maximumFailedAuthentications = maximumFailedAuthentications
        self.maximumKeySets = maximumKeySets
        self.grantableSecurityDomainPrivileges = grantableSecurityDomainPrivileges
        self.grantableApplicationPrivileges = grantableApplicationPrivileges
    }

    /// Option `i` of the Issuer Security Domain.
    public var scp03Parameter: SCP03Parameter { SCP03Parameter(rawValue: scp03Options.first ?? 0) }

    /// What makes the profile unusable; nil when nothing does.
    public var inconsistency: String? {
        if scp03Options.isEmpty { return "scp03Options is empty" }
        if scp03Options.contains(where: { $0 & ~0x71 != 0 || $0 & 0x60 == 0x40 }) { return "scp03Options holds an option that SCP03 does not have" }
        if ![16, 24, 32].contains(keyLength) { return "keyLength is 16, 24 or 32, not \(keyLength)" }
        if !(1...20).contains(logicalChannels) { return "logicalChannels is 1 to 20, not \(logicalChannels)" }
        if !(1...64).contains(maximumKeySets) { return "maximumKeySets is 1 to 64, not \(maximumKeySets)" }
        if !issuerSecurityDomainPrivileges.contains(.securityDomain) { return "the Issuer Security Domain lacks the SecurityDomain privilege" }
        return issuerSecurityDomainPrivileges.inconsistency
    }

    /// What the simulator says of itself.
    public var description: String {
        "\(name): simulated \(secureComponentType), GlobalPlatform \(globalPlatformVersion), Java Card \(javaCardVersion). "
            + "Card content management is complete; bytecode is not executed: instances keep what they are personalised with and answer from it."
    }
}
