import GlobalPlatform

/// The form of profiles in files and in cards: JSON, strict, every member documented in `deploy/testbed/profiles/README.md`.
extension CardProfile: Codable {
    /// Of this form of profile files.
    public static let format = 1

    private enum Member: String, CodingKey, CaseIterable {
        case format, name, secureComponentType, javaCardVersion, globalPlatformVersion, answerToReset, productionLifeCycle, issuerSecurityDomain
        case secureChannels, keys, memory, logicalChannels, packages, csp, deviceApps, personalizesSecurityDomains, grantablePrivileges, upgradesLoadFiles
    }

    private enum DomainMember: String, CodingKey, CaseIterable { case aid, privileges }
    private enum KeysMember: String, CodingKey, CaseIterable { case length, furtherLengths, maximumSets, firstKeys, maximumFailedAuthentications }
    private enum MemoryMember: String, CodingKey, CaseIterable { case nonVolatile, volatile }
    private enum DeviceAppsMember: String, CodingKey, CaseIterable { case accessRuleApplication, rules }
    private enum GrantableMember: String, CodingKey, CaseIterable { case securityDomain, application }
    private enum PackageMember: String, CodingKey, CaseIterable { case aid, version }

    public init(from decoder: any Decoder) throws {
        let object = try StrictObject.container(decoder, Member.self)
        let format = try object.decode(Int.self, forKey: .format)
        guard format == Self.format else {
            throw DecodingError.dataCorruptedError(forKey: .format, in: object, debugDescription: "the format is \(format); this program reads format \(Self.format)")
        }
        let domain = try StrictObject.container(object.superDecoder(forKey: .issuerSecurityDomain), DomainMember.self)
        let keys = try StrictObject.container(object.superDecoder(forKey: .keys), KeysMember.self)
        let memory = try StrictObject.container(object.superDecoder(forKey: .memory), MemoryMember.self)
        let apps = try StrictObject.container(object.superDecoder(forKey: .deviceApps), DeviceAppsMember.self)
        let grantable = try StrictObject.container(object.superDecoder(forKey: .grantablePrivileges), GrantableMember.self)
        self.init(
            name: try object.decode(String.self, forKey: .name), secureComponentType: try object.decode(String.self, forKey: .secureComponentType),
            atr: try object.decode(HexBytes.self, forKey: .answerToReset),
            productionLifeCycle: try object.decodeIfPresent(HexBytes.self, forKey: .productionLifeCycle), issuerSecurityDomain: try domain.decode(AID.self, forKey: .aid),
            issuerSecurityDomainPrivileges: try domain.decode(PrivilegeNames.self, forKey: .privileges).privileges,
            scp03Options: try object.decode([SecureChannelForm].self, forKey: .secureChannels).map(\.parameter.rawValue),
            javaCardVersion: try object.decode(VersionNumber.self, forKey: .javaCardVersion),
            globalPlatformVersion: try object.decode(VersionNumber.self, forKey: .globalPlatformVersion),
            platformPackages: try object.decode([StrictPackage].self, forKey: .packages).map(\.package),
            hasCryptographicServiceProvider: try object.decode(Bool.self, forKey: .csp), nonVolatileMemory: try Self.bytes(.nonVolatile, memory),
            volatileMemory: try Self.bytes(.volatile, memory), logicalChannels: try object.decode(Int.self, forKey: .logicalChannels),
            hasAccessRuleApplication: try apps.decode(Bool.self, forKey: .accessRuleApplication),
            initialAccessRules: try apps.decode([AccessRuleForm].self, forKey: .rules).map(\.encoded), firstKeys: try keys.decode(FirstKeys.self, forKey: .firstKeys),
            keyLength: try keys.decode(Int.self, forKey: .length), furtherKeyLengths: try keys.decode([Int].self, forKey: .furtherLengths),
            personalizesSecurityDomains: try object.decode(Bool.self, forKey: .personalizesSecurityDomains),
            maximumFailedAuthentications: try keys.decodeIfPresent(Int.self, forKey: .maximumFailedAuthentications),
            maximumKeySets: try keys.decode(Int.self, forKey: .maximumSets),
            grantableSecurityDomainPrivileges: try grantable.decode(PrivilegeNames.self, forKey: .securityDomain).privileges,
            grantableApplicationPrivileges: try grantable.decode(PrivilegeNames.self, forKey: .application).privileges,
            upgradesLoadFiles: try object.decode(Bool.self, forKey: .upgradesLoadFiles))
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Member.self)
        try object.encode(Self.format, forKey: .format)
        try object.encode(name, forKey: .name)
        try object.encode(secureComponentType, forKey: .secureComponentType)
        try object.encode(javaCardVersion, forKey: .javaCardVersion)
        try object.encode(globalPlatformVersion, forKey: .globalPlatformVersion)
        try object.encode(atr, forKey: .answerToReset)
        try object.encodeIfPresent(productionLifeCycle, forKey: .productionLifeCycle)
        var domain = object.nestedContainer(keyedBy: DomainMember.self, forKey: .issuerSecurityDomain)
        try domain.encode(issuerSecurityDomain, forKey: .aid)
        try domain.encode(PrivilegeNames(issuerSecurityDomainPrivileges), forKey: .privileges)
        try object.encode(scp03Options.map { SecureChannelForm(SCP03Parameter(rawValue: $0)) }, forKey: .secureChannels)
        var keys = object.nestedContainer(keyedBy: KeysMember.self, forKey: .keys)
        try keys.encode(keyLength, forKey: .length)
        try keys.encode(furtherKeyLengths, forKey: .furtherLengths)
        try keys.encode(maximumKeySets, forKey: .maximumSets)
        try keys.encode(firstKeys, forKey: .firstKeys)
        try keys.encodeIfPresent(maximumFailedAuthentications, forKey: .maximumFailedAuthentications)
        var memory = object.nestedContainer(keyedBy: MemoryMember.self, forKey: .memory)
        try memory.encode(nonVolatileMemory, forKey: .nonVolatile)
        try memory.encode(volatileMemory, forKey: .volatile)
        try object.encode(logicalChannels, forKey: .logicalChannels)
        try object.encode(platformPackages, forKey: .packages)
        try object.encode(hasCryptographicServiceProvider, forKey: .csp)
        var apps = object.nestedContainer(keyedBy: DeviceAppsMember.self, forKey: .deviceApps)
        try apps.encode(hasAccessRuleApplication, forKey: .accessRuleApplication)
        try apps.encode(initialAccessRules.map { AccessRuleForm(encoded: $0) }, forKey: .rules)
        try object.encode(personalizesSecurityDomains, forKey: .personalizesSecurityDomains)
        var grantable = object.nestedContainer(keyedBy: GrantableMember.self, forKey: .grantablePrivileges)
        try grantable.encode(PrivilegeNames(grantableSecurityDomainPrivileges), forKey: .securityDomain)
        try grantable.encode(PrivilegeNames(grantableApplicationPrivileges), forKey: .application)
        try object.encode(upgradesLoadFiles, forKey: .upgradesLoadFiles)
    }

    private static func bytes(_ member: MemoryMember, _ memory: KeyedDecodingContainer<MemoryMember>) throws -> UInt32 {
        let number = try memory.decode(Int.self, forKey: member)
        guard let bytes = UInt32(exactly: number) else {
            throw DecodingError.dataCorruptedError(forKey: member, in: memory, debugDescription: "an amount of memory is 0 to \(UInt32.max) bytes, not \(number)")
        }
        return bytes
    }

    private struct StrictPackage: Decodable {
        let package: PlatformPackage

        init(from decoder: any Decoder) throws {
            let object = try StrictObject.container(decoder, PackageMember.self)
            package = PlatformPackage(aid: try object.decode(AID.self, forKey: .aid), version: try object.decode(VersionNumber.self, forKey: .version))
        }
    }
}
