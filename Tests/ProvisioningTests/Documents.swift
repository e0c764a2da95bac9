import DeploymentDocument
import GlobalPlatform

/// A deployment document of one package and one application, as the provider plane would make it.
enum Documents {
    static let securityDomain = try? AID(hex: "F054534D53D001")

    static func ticket(token: Bool = true, block: [UInt8] = Array(repeating: 0xCA, count: 900)) throws -> DeploymentDocument {
        let package = try AID(hex: "F054534D530101"), module = try AID(hex: "F054534D53010101"), instance = try AID(hex: "F054534D5301010101")
        let service = ServiceDocument(
            revision: 1, id: "3b1d6f0e-0000-4000-8000-000000000001", serviceProviderId: "3b1d6f0e-0000-4000-8000-000000000002", name: "Ticket",
            securityDomain: try AID(hex: "F054534D53D001"), accessAuthorizedDeviceApps: [String(repeating: "ab", count: 32)], spParameters: [:],
            versions: [VersionSummary(tag: "1.0.0", flavorByProfile: ["profile": "flavor"])])
        return DeploymentDocument(
            revision: 1, service: service, versionTag: "1.0.0", flavorId: "3b1d6f0e-0000-4000-8000-000000000003", flavorName: "standard", spParameters: [:],
            profile: ProfileDocument(id: "profile", name: "eSE", issuerId: "issuer"), keyProvisioning: KeyProvisioning(mode: 3, keyIndex: nil),
            loadFiles: [LoadFileDocument(executableLoadFileId: "elf", packageAid: package, sha256: HexBytes(Array(repeating: 0x11, count: 32)), size: block.count, moduleAids: [module])],
            applications: [ApplicationDocument(
                applicationConfigId: "config", packageAid: package, moduleAid: module, instanceAid: instance, privileges: HexBytes([0, 0, 0]),
                applicationSpecificInstallParameter: HexBytes([]), makeSelectable: true, accessibleViaApdu: true, accessibleViaNfc: false,
                provideAttestationToken: token, includeSecurityDomainDiversificationData: false, personalizationScript: nil)])
    }
}
