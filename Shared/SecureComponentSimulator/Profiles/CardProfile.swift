import GlobalPlatform

/// What a kind of secure component is and can do. Files hold it as JSON (`CardProfile+Coding.swift`, `deploy/testbed/profiles/README.md`).
public struct CardProfile: Hashable, Sendable {
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
        /// INSTALL [for personalization] and STORE DATA 00B9/8113 in the parent's session. PUT KEY under the parent's keys works as well.
        case storeData
        /// PUT KEY in the security domain, in a session with the parent's keys, and nothing else.
        case inherited
    }

    public var name: String
    /// "eSE", "eUICC", "UICC".
    public var secureComponentType: String
    public var atr: HexBytes
    /// CPLC, 42 bytes, whose chip serial number (bytes 13 to 16) each card fills in; nil: of nobody's.
    public var productionLifeCycle: HexBytes?
    public var issuerSecurityDomain: AID
    public var issuerSecurityDomainPrivileges: Privileges
    /// SCP03 options `i`; the first is the Issuer Security Domain's, supplementary domains may have any.
    public var scp03Options: [UInt8]
    public var javaCardVersion: VersionNumber
    public var globalPlatformVersion: VersionNumber
    public var platformPackages: [PlatformPackage]
    /// Whether there is a Cryptographic Service Provider, which a Flavor can ask for.
    public var hasCryptographicServiceProvider: Bool
    /// Bytes for load files, applications and their data.
    public var nonVolatileMemory: UInt32
    public var volatileMemory: UInt32
    /// Channels, the basic one included: 1 to 20.
    public var logicalChannels: Int
    public var hasAccessRuleApplication: Bool
    /// REF-AR-DO (E2 …) that the access rule application, where there is one, holds from the start: the issuer's rule for how device apps reach the domains.
    public var initialAccessRules: [HexBytes]
    public var firstKeys: FirstKeys
    /// Bytes of the Issuer Security Domain's AES keys: 16, 24, 32.
    public var keyLength: Int
    /// Bytes of AES keys that domains take beside `keyLength`.
    public var furtherKeyLengths: [Int]
    /// Whether a SELECTABLE security domain becomes PERSONALIZED with its first keys, without SET STATUS.
    public var personalizesSecurityDomains: Bool
    /// Failed EXTERNAL AUTHENTICATE in a row after which a key set blocks; nil: never.
    public var maximumFailedAuthentications: Int?
    public var maximumKeySets: Int
    /// Privileges that can be given to supplementary security domains and to applications.
    public var grantableSecurityDomainPrivileges: Privileges
    public var grantableApplicationPrivileges: Privileges
    /// Whether a load file can be replaced under its instances (Amendment H).
    public var upgradesLoadFiles: Bool

    public init(
        name: String, secureComponentType: String, atr: HexBytes, productionLifeCycle: HexBytes? = nil, issuerSecurityDomain: AID = .issuerSecurityDomain,
        issuerSecurityDomainPrivileges: Privileges, scp03Options: [UInt8], javaCardVersion: VersionNumber, globalPlatformVersion: VersionNumber,
        platformPackages: [PlatformPackage], hasCryptographicServiceProvider: Bool = false, nonVolatileMemory: UInt32, volatileMemory: UInt32,
        logicalChannels: Int, hasAccessRuleApplication: Bool, initialAccessRules: [HexBytes], firstKeys: FirstKeys, keyLength: Int,
        furtherKeyLengths: [Int] = [], personalizesSecurityDomains: Bool, maximumFailedAuthentications: Int?, maximumKeySets: Int,
        grantableSecurityDomainPrivileges: Privileges, grantableApplicationPrivileges: Privileges, upgradesLoadFiles: Bool = false
    ) {
        self.name = name
        self.secureComponentType = secureComponentType
        self.atr = atr
        self.productionLifeCycle = productionLifeCycle
        self.issuerSecurityDomain = issuerSecurityDomain
        self.issuerSecurityDomainPrivileges = issuerSecurityDomainPrivileges
        self.scp03Options = scp03Options
        self.javaCardVersion = javaCardVersion
        self.globalPlatformVersion = globalPlatformVersion
        self.platformPackages = platformPackages
        self.hasCryptographicServiceProvider = hasCryptographicServiceProvider
        self.nonVolatileMemory = nonVolatileMemory
        self.volatileMemory = volatileMemory
        self.logicalChannels = logicalChannels
        self.hasAccessRuleApplication = hasAccessRuleApplication
        self.initialAccessRules = initialAccessRules
        self.firstKeys = firstKeys
        self.keyLength = keyLength
        self.furtherKeyLengths = furtherKeyLengths
        self.personalizesSecurityDomains = personalizesSecurityDomains
        self.maximumFailedAuthentications = maximumFailedAuthentications
        self.maximumKeySets = maximumKeySets
        self.grantableSecurityDomainPrivileges = grantableSecurityDomainPrivileges
        self.grantableApplicationPrivileges = grantableApplicationPrivileges
        self.upgradesLoadFiles = upgradesLoadFiles
    }

    /// Option `i` of the Issuer Security Domain.
    public var scp03Parameter: SCP03Parameter { SCP03Parameter(rawValue: scp03Options.first ?? 0) }

    /// Bytes of AES keys that security domains take, ascending.
    public var keyLengths: [Int] { Set([keyLength] + furtherKeyLengths).sorted() }

    /// What makes the profile unusable; nil when nothing does.
    public var inconsistency: String? {
        if name.isEmpty || name.utf8.count > 64 { return "a name has 1 to 64 bytes" }
        if scp03Options.isEmpty { return "there is no secure channel" }
        if Set(scp03Options).count != scp03Options.count { return "a secure channel occurs twice" }
        if let option = scp03Options.first(where: { $0 & ~0x71 != 0 || $0 & 0x60 == 0x40 }) { return "SCP03 has no option \(Hex.encode([option]))" }
        if let length = keyLengths.first(where: { ![16, 24, 32].contains($0) }) { return "AES keys have 16, 24 or 32 bytes, not \(length)" }
        if !(1...20).contains(logicalChannels) { return "there are 1 to 20 logical channels, not \(logicalChannels)" }
        if !(1...64).contains(maximumKeySets) { return "a domain has 1 to 64 key sets, not \(maximumKeySets)" }
        if let limit = maximumFailedAuthentications, !(1...255).contains(limit) { return "key sets block after 1 to 255 failed authentications, not \(limit)" }
        if let data = productionLifeCycle, data.bytes.count != 42 { return "CPLC has 42 bytes, not \(data.bytes.count)" }
        if !(2...33).contains(atr.bytes.count) { return "an answer to reset has 2 to 33 bytes, not \(atr.bytes.count)" }
        if Set(platformPackages.map(\.aid)).count != platformPackages.count { return "a package occurs twice" }
        if !issuerSecurityDomainPrivileges.contains(.securityDomain) { return "the Issuer Security Domain lacks the SecurityDomain privilege" }
        return issuerSecurityDomainPrivileges.inconsistency
    }

    /// What the simulator says of itself.
    public var description: String {
        "\(name): simulated \(secureComponentType), GlobalPlatform \(globalPlatformVersion), Java Card \(javaCardVersion). "
            + "Card content management is complete; bytecode is not executed: instances keep what they are personalised with and answer from it."
    }
}
