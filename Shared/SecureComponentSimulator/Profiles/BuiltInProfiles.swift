import GlobalPlatform

extension CardProfile {
    /// An embedded secure element whose SCP03 challenges are pseudo-random (i=70), Java Card 3.0.5, GlobalPlatform 2.3.1, AES-128.
    public static let eSE = embedded(name: "eSE", option: 0x70)

    /// The same with random challenges (i=60): a host cannot prepare a session in advance.
    public static let eSERandom = embedded(name: "eSE-random", option: 0x60)

    /// The profiles that need no file.
    public static let builtIn: [CardProfile] = [eSE, eSERandom]

    /// - Returns: nil when no built-in profile has the name.
    public static func builtIn(named name: String) -> CardProfile? { builtIn.first { $0.name == name } }

    private static func embedded(name: String, option: UInt8) -> CardProfile {
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
            scp03Options: [option], javaCardVersion: VersionNumber([3, 0, 5]), globalPlatformVersion: VersionNumber([2, 3, 1]),
            platformPackages: javaCard305, nonVolatileMemory: 1_200_000, volatileMemory: 16_000, logicalChannels: 4, hasAccessRuleApplication: true,
            initialAccessRules: [anyDeviceAppAlways(.issuerSecurityDomain)], firstKeys: .storeData, keyLength: 16, personalizesSecurityDomains: true,
            maximumFailedAuthentications: nil, maximumKeySets: 8, grantableSecurityDomainPrivileges: domainPrivileges,
            grantableApplicationPrivileges: applicationPrivileges)
    }

    /// E2{E1{4F aid, C1 empty}, E3{D0 01}}: every device app may send every command to the application.
    public static func anyDeviceAppAlways(_ aid: AID) -> HexBytes {
        HexBytes(TLV(0xE2, [TLV(0xE1, [TLV(0x4F, aid.bytes), TLV(0xC1)]), TLV(0xE3, [TLV(0xD0, [0x01])])]).bytes)
    }

    /// The packages of Java Card 3.0.5 and the GlobalPlatform API 1.6.
    private static let javaCard305: [PlatformPackage] = [
        package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x00, 0x01], 1, 0), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x01], 1, 6),
        package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x01, 0x01], 1, 0), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x01, 0x02], 1, 6),
        package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x02, 0x01], 1, 6), package([0xA0, 0x00, 0x00, 0x00, 0x62, 0x02, 0x09], 1, 0),
        package([0xA0, 0x00, 0x00, 0x01, 0x51, 0x00], 1, 6),
    ].compactMap { $0 }

    private static func package(_ aid: [UInt8], _ major: Int, _ minor: Int) -> PlatformPackage? {
        (try? AID(aid)).map { PlatformPackage(aid: $0, version: VersionNumber([major, minor])) }
    }
}
