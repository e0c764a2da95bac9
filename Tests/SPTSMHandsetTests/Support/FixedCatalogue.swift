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
    }
    let state = Mutex(State())
    let document: DeploymentDocument
    let block: [UInt8]

    init(cap name: String = "ticket-1.0-jc304.cap", profile: String, token: Bool = true, mode: Int = 3, keyIndex: String? = nil) throws {
        let cap = try CAPFile(Applets.archive(name))
        block = cap.loadFileDataBlock
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
        state.withLock { $0.isDeleted } || id != Self.serviceId ? nil : document.service
    }

    func document(service: String, version: String, profile: String) async throws(TSMFailure) -> DeploymentDocument? {
        service == Self.serviceId && version == "1.0.0" && profile == document.profile.id && !state.withLock { $0.isDeleted } ? document : nil
    }

    func loadFileDataBlock(sha256: HexBytes) async throws(TSMFailure) -> [UInt8] { block }
    func deviceApps() async throws(TSMFailure) -> [DeviceApp] { [DeviceApp(serviceProviderId: Self.provider, deviceAppId: Self.app)] }

    func issuers() async throws(TSMFailure) -> [IssuerDescriptor] {
        [IssuerDescriptor(id: "issuer-1", name: "Issuer One", seiURL: "https://127.0.0.1:1/sei/v1", caPEM: "", expectedPeer: "spiffe://issuer-1.example/sei-tsm",
                          issuerIdentificationNumbers: [Self.iin], transportKeyIndex: TSMBench.transportKey, secureComponentProfileIds: [document.profile.id])]
    }
}
