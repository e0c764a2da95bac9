import TestMaterial
import DeploymentDocument
import GlobalPlatform
import SPTSMHandset
import Synchronization
import TrustedServiceModel

/// A catalogue with one Service whose deployment is a real CAP file.
final class FixedCatalogue: Catalogue {
    static let serviceId = "3b1d6f0e-0000-4000-8000-000000000001"
    static let provider = "3b1d6f0e-0000-4000-8000-000000000002"
    static let flavor = "3b1d6f0e-0000-4000-8000-000000000003"
    static let app = String(repeating: "ab", count: 32)
    static let iin = "420017"

    struct State: Sendable {
        var isAvailable = true
        var isDeleted = false
        var deletedFlavors: Set<String> = []
        /// By the operator, for maintenance.
        var isClosed = false
        /// The provider plane answers as if the Service had never been, without a tombstone.
        var isMissing = false
        /// What the catalogue says now, where it is not what it said at first.
        var changed: DeploymentDocument?
        /// Beside 1.0.0: what they deploy is the same, unless `others` says something else.
        var moreVersions: [VersionSummary] = []
        var tokenIssuers: [TokenIssuerDescriptor] = []
        var deviceIntegrityKeys: [DeviceIntegrityKeys] = []
        var others: [String: DeploymentDocument] = [:]
        /// In place of 1.0.0 for the catalogue's own profile alone.
        var versions: [VersionSummary]?
        /// Profiles beside the catalogue's own: what is deployed on them is the same but for the profile.
        var moreProfiles: [String] = []
        /// In place of the one issuer of all profiles.
        var issuers: [IssuerDescriptor]?
    }
    let state = Mutex(State())
    let document: DeploymentDocument
    let block: [UInt8]
    /// By SHA-256, where there is more than one.
    private let blocks: [HexBytes: [UInt8]]

    /// - Parameter files: in load order; every applet gets an instance, whose AID ends in 01.
    init(files: [CAPFile], profile: String) throws {
        block = files.first?.loadFileDataBlock ?? []
        blocks = Dictionary(uniqueKeysWithValues: files.map { (HexBytes($0.loadFileDataBlockHash), $0.loadFileDataBlock) })
        let service = ServiceDocument(
            revision: 1, id: Self.serviceId, serviceProviderId: Self.provider, name: "Ticket", securityDomain: try AID(hex: "F054534D53D001"),
            accessAuthorizedDeviceApps: [Self.app], spParameters: [:], versions: [VersionSummary(tag: "1.0.0", flavorByProfile: [profile: Self.flavor])])
        let applications = try files.flatMap { file in
            try file.applets.map { applet in
                ApplicationDocument(
                    applicationConfigId: "config-\(applet.aid)", packageAid: file.packageAID, moduleAid: applet.aid, instanceAid: try AID(applet.aid.bytes + [0x01]),
                    privileges: HexBytes([0, 0, 0]), applicationSpecificInstallParameter: HexBytes([]), makeSelectable: true, accessibleViaApdu: true,
                    accessibleViaNfc: false, provideAttestationToken: false, includeSecurityDomainDiversificationData: false, personalizationScript: nil)
            }
        }
        document = DeploymentDocument(
            revision: 1, service: service, versionTag: "1.0.0", flavorId: Self.flavor, flavorName: "standard", spParameters: [:],
            profile: ProfileDocument(id: profile, name: "eSE", issuerId: "issuer-1"), keyProvisioning: KeyProvisioning(mode: 0, keyIndex: nil),
            loadFiles: files.map { file in
                LoadFileDocument(executableLoadFileId: "elf-\(file.packageAID)", packageAid: file.packageAID, sha256: HexBytes(file.loadFileDataBlockHash),
                                 size: file.loadFileDataBlock.count, moduleAids: file.applets.map(\.aid), packageVersion: file.packageVersion,
                                 uses: files.filter { other in file.imports.contains { $0.aid == other.packageAID } }.map(\.packageAID),
                                 handsDataOver: file.imports.contains { $0.aid == .upgradePackage })
            },
            applications: applications)
    }

    init(cap name: String = "ticket-1.0-jc304.cap", profile: String, token: Bool = true, mode: Int = 3, keyIndex: String? = nil) throws {
        let cap = try CAPFile(Applets.archive(name))
        block = cap.loadFileDataBlock
        blocks = [:]
        let service = ServiceDocument(
            revision: 1, id: Self.serviceId, serviceProviderId: Self.provider, name: "Ticket", securityDomain: try AID(hex: "F054534D53D001"),
            accessAuthorizedDeviceApps: [Self.app], spParameters: ["line": "U1"], versions: [VersionSummary(tag: "1.0.0", flavorByProfile: [profile: Self.flavor])])
        document = DeploymentDocument(
            revision: 1, service: service, versionTag: "1.0.0", flavorId: Self.flavor, flavorName: "standard", spParameters: ["line": "U1"],
            profile: ProfileDocument(id: profile, name: "eSE", issuerId: "issuer-1"), keyProvisioning: KeyProvisioning(mode: mode, keyIndex: keyIndex),
            loadFiles: [LoadFileDocument(executableLoadFileId: "elf", packageAid: cap.packageAID, sha256: HexBytes(cap.loadFileDataBlockHash), size: block.count, moduleAids: cap.applets.map(\.aid))],
            applications: [ApplicationDocument(
                applicationConfigId: "config", packageAid: cap.packageAID, moduleAid: cap.applets[0].aid, instanceAid: try AID(cap.applets[0].aid.bytes + [0x01]),
                privileges: HexBytes([0, 0, 0]), applicationSpecificInstallParameter: HexBytes([]), makeSelectable: true, accessibleViaApdu: true, accessibleViaNfc: false,
                provideAttestationToken: token, includeSecurityDomainDiversificationData: false, personalizationScript: nil)])
    }

    var instanceAid: AID { document.applications[0].instanceAid }

    func refresh() async throws(TSMFailure) {
        guard state.withLock({ $0.isAvailable }) else { throw TSMFailure(.tsmNotAvailable, "the TSM's catalogue cannot be reached; try again later") }
    }

    func service(_ id: String) async throws(TSMFailure) -> ServiceDocument? {
        let state = state.withLock { $0 }
        guard !state.isDeleted, !state.isMissing, id == Self.serviceId else { return nil }
        var service = document.service
        if let versions = state.versions { service.versions = versions }
        service.versions += state.moreVersions
        return service
    }

    func isDeleted(service id: String) async throws(TSMFailure) -> Bool { id == Self.serviceId && state.withLock { $0.isDeleted } }

    func isDeleted(flavor id: String, of service: String) async throws(TSMFailure) -> Bool {
        state.withLock { $0.deletedFlavors.contains(id) || ($0.isDeleted && service == Self.serviceId) }
    }

    func isClosed() async -> Bool { state.withLock { $0.isClosed } }

    func document(service: String, version: String, profile: String) async throws(TSMFailure) -> DeploymentDocument? {
        let state = state.withLock { $0 }
        guard service == Self.serviceId, !state.isDeleted, !state.isMissing else { return nil }
        if let versions = state.versions {
            guard let flavor = versions.first(where: { $0.tag == version })?.flavorByProfile[profile] else { return nil }
            var other = state.changed ?? document
            (other.versionTag, other.flavorId, other.profile.id) = (version, flavor, profile)
            return other
        }
        guard profile == document.profile.id else { return nil }
        if version == "1.0.0" { return state.changed ?? document }
        guard state.moreVersions.contains(where: { $0.tag == version && $0.flavorByProfile[profile] != nil }) else { return nil }
        if let other = state.others[version] { return other }
        var other = state.changed ?? document
        other.versionTag = version
        return other
    }

    func loadFileDataBlock(sha256: HexBytes) async throws(TSMFailure) -> [UInt8] { blocks[sha256] ?? block }
    func deviceApps() async throws(TSMFailure) -> [DeviceApp] { [DeviceApp(serviceProviderId: Self.provider, deviceAppId: Self.app)] }

    func deviceIntegrityKeys() async throws(TSMFailure) -> [DeviceIntegrityKeys] { state.withLock { $0.deviceIntegrityKeys } }
    func tokenIssuers() async throws(TSMFailure) -> [TokenIssuerDescriptor] { state.withLock { $0.tokenIssuers } }

    func issuers() async throws(TSMFailure) -> [IssuerDescriptor] {
        let state = state.withLock { $0 }
        return state.issuers ?? [Self.issuer(1, iin: Self.iin, profiles: [document.profile.id] + state.moreProfiles)]
    }

    /// `issuer-1`, Issuer 1, …; whatever its number, the bench's SEI TSM answers for it.
    static func issuer(_ number: Int, iin: String, profiles: [String]) -> IssuerDescriptor {
        IssuerDescriptor(id: "issuer-\(number)", name: "Issuer \(number)", seiURL: "https://127.0.0.1:1/sei/v1", caPEM: "", expectedPeer: "spiffe://issuer-\(number).example/sei-tsm",
                         issuerIdentificationNumbers: [iin], transportKeyIndex: TSMBench.transportKey, secureComponentProfileIds: profiles)
    }
}
