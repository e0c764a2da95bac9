import DeploymentDocument
import Foundation
import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Makes the documents of the internal interface from the catalogue, within one transaction: a document is consistent in itself and says
/// at which revision. The caller is the handset plane, which serves all providers; so these queries are by Service, not by owner.
struct DeploymentDocuments {
    let db: Database

    /// nil: there is no such Service.
    func service(_ id: String) throws -> ServiceDocument? {
        guard let found = try load(id) else { return nil }
        return try document(of: found)
    }

    /// - Throws: ``DocumentError`` when the combination is not deployable.
    func deployment(service id: String, tag: String, profile profileId: String) throws -> DeploymentDocument {
        guard let found = try load(id) else { throw DocumentError(.notFound, "no Service \(id)") }
        guard let version = found.versions.first(where: { $0.tag == tag }) else { throw DocumentError(.notFound, "Service \(id) has no Version \(tag)") }
        guard let entry = try ProfileTable.find(profileId, db) else { throw DocumentError(.notFound, "no SecureComponentProfile \(profileId)") }
        guard let flavorId = version.allowedDeployments.first(where: { $0.value.contains(profileId) })?.key, let flavor = found.flavors.first(where: { $0.id == flavorId }) else {
            throw DocumentError(.notDeployable, "Version \(tag) of Service \(id) has no Flavor for the profile \(entry.profile.name)")
        }
        guard flavor.published else { throw DocumentError(.notDeployable, "Flavor \(flavorId) of Service \(id) is not published") }
        let loadFiles = try self.loadFiles(of: flavor)
        return DeploymentDocument(
            revision: try ChangeLog.current(db), service: try document(of: found), versionTag: tag, flavorId: flavor.id, flavorName: flavor.name,
            spParameters: found.service.spParameters.merging(flavor.spParameters) { _, own in own },
            profile: ProfileDocument(id: profileId, name: entry.profile.name, issuerId: entry.issuerId,
                                     upgradesLoadFiles: !(entry.profile.gpApiVersions["elfUpgrade"] ?? "").isEmpty),
            keyProvisioning: KeyProvisioning(mode: flavor.featureConfig.keyProvisioningMode, keyIndex: flavor.featureConfig.keyIndex.isEmpty ? nil : flavor.featureConfig.keyIndex),
            loadFiles: LoadOrder.withUses(try LoadOrder.sort(loadFiles)), applications: try applications(of: flavor, loadFiles))
    }

    private struct Found {
        var service: TrustedServiceModel.Service
        var versions: [Version]
        var flavors: [Flavor]
    }

    private func load(_ id: String) throws -> Found? {
        guard let document = try String.fetchOne(db, sql: "SELECT document FROM service WHERE id = ?", arguments: [id]) else { return nil }
        func all<Entity: StoredEntity>(_ type: Entity.Type) throws -> [Entity] {
            try String.fetchAll(db, sql: "SELECT document FROM \(Entity.table) WHERE service_id = ? ORDER BY position", arguments: [id]).map { try StoredDocument.decode($0) }
        }
        return Found(service: try StoredDocument.decode(document), versions: try all(Version.self), flavors: try all(Flavor.self))
    }

    private func document(of found: Found) throws -> ServiceDocument {
        // A Flavor whose configuration has a module that none of its load files contains, or whose load files have no order, cannot be deployed.
        var deployable: Set<String> = []
        for flavor in found.flavors where flavor.published {
            do {
                _ = try applications(of: flavor, try LoadOrder.sort(try loadFiles(of: flavor)))
                deployable.insert(flavor.id)
            } catch is DocumentError {
                continue
            }
        }
        let versions = found.versions.map { version in
            var flavors: [String: String] = [:]
            for (flavor, profiles) in version.allowedDeployments where deployable.contains(flavor) {
                for profile in profiles { flavors[profile] = flavor }
            }
            return VersionSummary(tag: version.tag, flavorByProfile: flavors)
        }
        let service = found.service
        return ServiceDocument(revision: try ChangeLog.current(db), id: service.id, serviceProviderId: service.spId, name: service.name,
                               securityDomain: try AID(hex: service.sdAid), accessAuthorizedDeviceApps: service.accessAuthorizedDeviceApps.map { $0.lowercased() },
                               spParameters: service.spParameters, versions: versions, spos: try spos(service.sposConfigId))
    }

    /// Where results of processes go, with the one certificate that is trusted there.
    private func spos(_ id: String) throws -> SposDocument? {
        guard !id.isEmpty else { return nil }
        guard let document = try String.fetchOne(db, sql: "SELECT document FROM spos_config WHERE id = ?", arguments: [id]) else { throw DocumentError(.notDeployable, "SposConfig \(id) is missing") }
        let config: SposConfig = try StoredDocument.decode(document)
        guard let file = try UploadStore.whole(of: config.certificateId, db) else { throw DocumentError(.notDeployable, "Certificate \(config.certificateId) of SposConfig \(id) is missing") }
        let text = String(validating: file, as: UTF8.self)
        return SposDocument(sposConfigId: id, url: config.url, certificatePEM: text?.contains("-----BEGIN") == true ? text ?? "" : Self.pem(file))
    }

    /// RFC 7468; certificates are uploaded in either form.
    private static func pem(_ der: [UInt8]) -> String {
        "-----BEGIN CERTIFICATE-----\n\(Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]))\n-----END CERTIFICATE-----\n"
    }

    private func loadFiles(of flavor: Flavor) throws -> [LoadOrder.Item] {
        try flavor.executableLoadFileIds.map { id in
            guard let row = try Row.fetchOne(db, sql: """
                SELECT e.document, e.load_file_sha256, length(l.data) AS size, substr(l.data, 1, 65538) AS head FROM executable_load_file e JOIN load_file l ON l.sha256 = e.load_file_sha256 WHERE e.id = ?
                """, arguments: [id]) else { throw DocumentError(.notDeployable, "load file \(id) of Flavor \(flavor.id) is missing") }
            let elf: CAP = try StoredDocument.decode(row["document"] as String)
            let modules: [ExecutableModule] = try String.fetchAll(db, sql: "SELECT document FROM executable_module WHERE elf_id = ? ORDER BY position", arguments: [id])
                .map { try StoredDocument.decode($0) }
            // The Header comes first and has at most so many bytes.
            let header = try CAPHeader(loadFileDataBlock: Array(row["head"] as Data))
            let imports = try elf.importedPackages.map { try AID(hex: $0) }
            let document = LoadFileDocument(executableLoadFileId: id, packageAid: try AID(hex: elf.aid), sha256: try HexBytes(hex: row["load_file_sha256"] as String),
                                            size: row["size"], moduleAids: try modules.map { try AID(hex: $0.aid) }, packageVersion: header.packageVersion,
                                            handsDataOver: imports.contains(.upgradePackage))
            return LoadOrder.Item(document: document, imports: imports, modules: modules, packages: header.packages.map(\.aid))
        }
    }

    private func applications(of flavor: Flavor, _ loadFiles: [LoadOrder.Item]) throws -> [ApplicationDocument] {
        // Equal priorities keep the order of the configuration: enumerated, since sorting alone promises nothing.
        let ordered = flavor.applicationInstantiationConfigs.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }.map(\.element)
        return try ordered.map { entry in
            guard let file = loadFiles.first(where: { $0.modules.contains { $0.id == entry.executableModuleId } }),
                  let module = file.modules.first(where: { $0.id == entry.executableModuleId }) else {
                throw DocumentError(.notDeployable, "module \(entry.executableModuleId) of Flavor \(flavor.id) is in none of its load files")
            }
            guard let document = try String.fetchOne(db, sql: "SELECT document FROM application_config WHERE id = ?", arguments: [entry.applicationConfigId]) else {
                throw DocumentError(.notDeployable, "ApplicationConfig \(entry.applicationConfigId) of Flavor \(flavor.id) is missing")
            }
            return try application(try StoredDocument.decode(document), module, in: file.document.packageAid)
        }
    }

    private func application(_ config: ApplicationConfig, _ module: ExecutableModule, in package: AID) throws -> ApplicationDocument {
        let privileges = config.installConfig.privileges.compactMap(ApplicationPrivilege.init(rawValue:)).reduce(into: Privileges()) { $0.insert($1.encoded) }
        let personalization = config.personalizationConfig
        var script: String?
        if !personalization.personalizationScriptId.isEmpty {
            script = try UploadStore.whole(of: personalization.personalizationScriptId, db).map { String(decoding: $0, as: UTF8.self) }
        }
        return ApplicationDocument(
            applicationConfigId: config.id, packageAid: package, moduleAid: try AID(hex: module.aid), instanceAid: try AID(hex: config.instanceAid),
            privileges: HexBytes(privileges.bytes), applicationSpecificInstallParameter: try HexBytes(hex: config.installConfig.applicationSpecificInstallParameter),
            makeSelectable: config.activationConfig.makeSelectable, accessibleViaApdu: config.activationConfig.accessibleViaApdu,
            accessibleViaNfc: config.activationConfig.accessibleViaNfc, provideAttestationToken: personalization.provideAttestationToken,
            includeSecurityDomainDiversificationData: personalization.includeSecurityDomainDiversificationData, personalizationScript: script)
    }
}

extension ApplicationPrivilege {
    /// GPCS 2.3.1, tables 11-7 to 11-9.
    fileprivate var encoded: Privileges {
        switch self {
        case .cvmManagement: .cvmManagement
        case .contactlessSelfActivation: .contactlessSelfActivation
        case .globalService: .globalService
        case .privacyTrusted: .privacyTrusted
        }
    }
}

/// Why there is no document; the code is the problem document's.
struct DocumentError: Error, Sendable, Hashable {
    enum Code: String, Sendable { case notFound, notDeployable }
    let code: Code
    let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
