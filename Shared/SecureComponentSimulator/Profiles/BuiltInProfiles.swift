import GlobalPlatform

/// The profiles that need no file. `deploy/testbed/profiles` holds each as a file, to start from for one's own.
extension CardProfile {
    /// An embedded secure element whose SCP03 challenges are pseudo-random (i=70), Java Card 3.0.5, GlobalPlatform 2.3.1, AES-128.
    public static let eSE = embedded(name: "eSE", options: [0x70])

    /// The same with random challenges (i=60): a host cannot prepare a session in advance.
    public static let eSERandom = embedded(name: "eSE-random", options: [0x60])

    /// An embedded secure element with a Cryptographic Service Provider: keys of every length, load files that can be upgraded.
    public static let eSEWithCSP: CardProfile = {
        var profile = embedded(name: "eSE-csp", options: [0x70])
        profile.hasCryptographicServiceProvider = true
        profile.furtherKeyLengths = [24, 32]
        profile.maximumFailedAuthentications = 15
        profile.platformPackages += [Package.upgrade].compactMap { $0 }
        profile.upgradesLoadFiles = true
        return profile
    }()

    /// An older embedded secure element: Java Card 3.0.4, random challenges, no secure messaging on responses (i=00).
    public static let eSEOlder: CardProfile = {
        var profile = embedded(name: "eSE-older", options: [0x00])
        profile.javaCardVersion = VersionNumber([3, 0, 4])
        profile.globalPlatformVersion = VersionNumber([2, 3])
        profile.platformPackages = Package.javaCard(framework: 5, security: 5, globalPlatform: 6)
        profile.nonVolatileMemory = 400_000
        profile.volatileMemory = 6_000
        profile.maximumKeySets = 4
        profile.personalizesSecurityDomains = false
        return profile
    }()

    /// An eUICC: Java Card 3.1.0, sixteen-byte challenges and MACs (i=71), also eight (i=70), twenty channels, load files that can be upgraded.
    public static let eUICC: CardProfile = {
        var profile = embedded(name: "eUICC", options: [0x71, 0x70])
        profile.secureComponentType = "eUICC"
        profile.atr = HexBytes([0x3B, 0x9F, 0x96, 0x80, 0x1F, 0xC7, 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x13, 0x57, 0x4A, 0x33, 0x0E, 0x10, 0x31, 0x41, 0x10, 0x00, 0x4C])
        profile.javaCardVersion = VersionNumber([3, 1, 0])
        profile.platformPackages = Package.javaCard(framework: 8, security: 7, globalPlatform: 7) + [Package.upgrade].compactMap { $0 }
        profile.nonVolatileMemory = 800_000
        profile.volatileMemory = 24_000
        profile.logicalChannels = 20
        profile.furtherKeyLengths = [24, 32]
        profile.upgradesLoadFiles = true
        return profile
    }()

    /// A UICC with little memory: Java Card 3.0.4, pseudo-random challenges, authentic responses (i=30), first keys under the parent's.
    public static let uicc: CardProfile = {
        var profile = embedded(name: "UICC", options: [0x30])
        profile.secureComponentType = "UICC"
        profile.atr = HexBytes([0x3B, 0x9E, 0x96, 0x80, 0x3F, 0xC7, 0x82, 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x1B, 0x64, 0x07, 0x68, 0x9A, 0x00, 0x82, 0x90, 0x00, 0xB4])
        profile.javaCardVersion = VersionNumber([3, 0, 4])
        profile.globalPlatformVersion = VersionNumber([2, 3])
        profile.platformPackages = Package.javaCard(framework: 5, security: 5, globalPlatform: 6)
        profile.nonVolatileMemory = 24_576
        profile.volatileMemory = 1_536
        profile.firstKeys = .inherited
        profile.maximumFailedAuthentications = 10
        profile.maximumKeySets = 4
        return profile
    }()

    public static let builtIn: [CardProfile] = [eSE, eSERandom, eSEWithCSP, eSEOlder, eUICC, uicc]

    /// - Returns: nil when no built-in profile has the name.
    public static func builtIn(named name: String) -> CardProfile? { builtIn.first { $0.name == name } }

    private static func embedded(name: String, options: [UInt8]) -> CardProfile {
        let issuerPrivileges: Privileges = [
            .securityDomain, .cardLock, .cardTerminate, .cardReset, .cvmManagement, .trustedPath, .authorizedManagement, .globalDelete, .globalLock,
            .globalRegistry, .finalApplication,
        ]
        let domainPrivileges: Privileges = [
            .securityDomain, .trustedPath, .authorizedManagement, .cardLock, .cardTerminate, .cardReset, .globalDelete, .globalLock, .globalRegistry,
            .contactlessActivation,
        ]
        let applicationPrivileges: Privileges = [
            .cardLock, .cardTerminate, .cardReset, .cvmManagement, .finalApplication, .globalService, .contactlessActivation, .contactlessSelfActivation,
            .privacyTrusted,
        ]
        return CardProfile(
            name: name, secureComponentType: "eSE", atr: HexBytes([0x3B, 0x80, 0x80, 0x01, 0x01]), issuerSecurityDomainPrivileges: issuerPrivileges,
            scp03Options: options, javaCardVersion: VersionNumber([3, 0, 5]), globalPlatformVersion: VersionNumber([2, 3, 1]),
            platformPackages: Package.javaCard(framework: 6, security: 6, globalPlatform: 6), nonVolatileMemory: 1_200_000, volatileMemory: 16_000,
            logicalChannels: 4, hasAccessRuleApplication: true, initialAccessRules: [anyDeviceAppAlways(.issuerSecurityDomain)], firstKeys: .storeData,
            keyLength: 16, personalizesSecurityDomains: true, maximumFailedAuthentications: nil, maximumKeySets: 8,
            grantableSecurityDomainPrivileges: domainPrivileges, grantableApplicationPrivileges: applicationPrivileges)
    }

    /// E2{E1{4F aid, C1 empty}, E3{D0 01}}: every device app may send every command to the application.
    public static func anyDeviceAppAlways(_ aid: AID) -> HexBytes {
        HexBytes(TLV(0xE2, [TLV(0xE1, [TLV(0x4F, aid.bytes), TLV(0xC1)]), TLV(0xE3, [TLV(0xD0, [0x01])])]).bytes)
    }

    /// Packages by the minor versions of javacard.framework, of javacard.security and javacardx.crypto, and of org.globalplatform.
    private enum Package {
        static func javaCard(framework: Int, security: Int, globalPlatform: Int) -> [PlatformPackage] {
            [
                package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x00, 0x01], 0), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x01], framework),
                package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x01, 0x01], 0), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x02], security),
                package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x02, 0x01], security), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x02, 0x09], 0),
                package([0xA0, 0x00, 0x00, 0x01, 0x51, 0x00], globalPlatform),
            ].compactMap { $0 }
        }

        /// org.globalplatform.upgrade, the applets' side of Amendment H.
        static let upgrade = package([0xA0, 0x00, 0x00, 0x01, 0x51, 0x07], 0)

        private static func package(_ aid: [UInt8], _ minor: Int) -> PlatformPackage? {
            (try? AID(aid)).map { PlatformPackage(aid: $0, version: VersionNumber([1, minor])) }
        }
    }
}
