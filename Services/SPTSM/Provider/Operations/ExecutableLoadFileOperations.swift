import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Executable load files and their modules (TR-03165 4.1.6.5)
enum ExecutableLoadFileOperations {
    static let all: [ProviderOperation] = [
        .read("listElfs", "/executable-load-files") { catalogue, _ in .json(try catalogue.list(CAP.self)) },
        .write("createElfAndUploadBinary", .post, "/executable-load-files", .upload(.loadFile)) { catalogue, input in .json(try create(input, catalogue)) },
        .read("getElf", "/executable-load-files/{elfId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyElfAndOverwriteBinary", .put, "/executable-load-files/{elfId}", .upload(.loadFile)) { catalogue, input in
            .json(try modify(try find(input, catalogue), input, catalogue))
        },
        .write("deleteElf", .delete, "/executable-load-files/{elfId}", .none) { catalogue, input in
            let elf = try find(input, catalogue)
            if try catalogue.exists(Flavor.self, where: "e.id IN (SELECT flavor_id FROM flavor_load_file WHERE elf_id = ?)", [elf.id]) {
                throw GeneralError.referenced("ExecutableLoadFile", in: "Flavor")
            }
            for module in try modules(of: elf, catalogue) { try catalogue.delete(ExecutableModule.self, module.id) }
            try catalogue.deleteUpload(of: elf.id)
            let block = try LoadFileStore.block(of: elf.id, catalogue.db)
            try catalogue.delete(CAP.self, elf.id)
            try LoadFileStore.removeIfUnused(block, catalogue.db)
            return .noContent
        },
        .read("getElfBinary", "/executable-load-files/{elfId}/binary") { catalogue, input in
            let elf = try find(input, catalogue)
            return .file(try catalogue.upload(of: elf.id), name: elf.fileName)
        },
        .read("listEms", "/executable-load-files/{elfId}/executable-modules") { catalogue, input in
            .json(try modules(of: try find(input, catalogue), catalogue))
        },
        .read("getEm", "/executable-load-files/{elfId}/executable-modules/{emId}") { catalogue, input in .json(try module(input, catalogue)) },
        .read("listElfRelatedAppConfigs", "/executable-load-files/{elfId}/executable-modules/{emId}/application-configs") { catalogue, input in
            let module = try module(input, catalogue)
            return .json(try catalogue.select(ApplicationConfig.self, where: "e.id IN (SELECT application_config_id FROM instantiation WHERE em_id = ?)", [module.id]))
        },
        .read("listElfRelatedServices", "/executable-load-files/{elfId}/services") { catalogue, input in
            let elf = try find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: """
                e.id IN (SELECT f.service_id FROM flavor f JOIN flavor_load_file l ON l.flavor_id = f.id WHERE l.elf_id = ?)
                """, [elf.id]))
        },
        .read("listElfRelatedFlavors", "/executable-load-files/{elfId}/services/{serviceId}/flavors") { catalogue, input in
            let elf = try find(input, catalogue)
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Flavor.self, where: "e.service_id = ? AND e.id IN (SELECT flavor_id FROM flavor_load_file WHERE elf_id = ?)",
                                              [service.id, elf.id]))
        },
        .read("listElfRelatedVersions", "/executable-load-files/{elfId}/services/{serviceId}/versions") { catalogue, input in
            let elf = try find(input, catalogue)
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Version.self, where: """
                e.service_id = ? AND e.id IN (SELECT d.version_id FROM deployment d JOIN flavor_load_file l ON l.flavor_id = d.flavor_id WHERE l.elf_id = ?)
                """, [service.id, elf.id]))
        },
        .read("listElfRelatedSecureComponentProfiles", "/executable-load-files/{elfId}/services/{serviceId}/secure-component-profiles") { catalogue, input in
            let elf = try find(input, catalogue)
            let service = try catalogue.find(Service.self, input["serviceId"])
            let ids = try String.fetchSet(catalogue.db, sql: """
                SELECT d.scp_id FROM deployment d JOIN flavor_load_file l ON l.flavor_id = d.flavor_id JOIN version v ON v.id = d.version_id
                WHERE v.service_id = ? AND l.elf_id = ?
                """, arguments: [service.id, elf.id])
            return .json(try catalogue.profiles().filter { ids.contains($0.id) })
        },
    ]

    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> CAP { try catalogue.find(CAP.self, input["elfId"]) }

    private static func modules(of elf: CAP, _ catalogue: TenantCatalogue) throws -> [ExecutableModule] {
        try catalogue.select(ExecutableModule.self, where: "e.elf_id = ?", [elf.id])
    }

    private static func module(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> ExecutableModule {
        let elf = try find(input, catalogue)
        let module = try catalogue.find(ExecutableModule.self, input["emId"])
        guard module.elfId == elf.id else { throw GeneralError.notExisting("ExecutableModule", id: input["emId"]) }
        return module
    }

    /// Packages and modules lie under the provider's prefixes, and nobody else uses their AIDs.
    private static func claim(_ content: LoadFileContent, _ catalogue: TenantCatalogue) throws {
        for aid in ([content.packageAID] + content.packageAIDs).withoutRepetitions { try catalogue.claim(aid, attribute: "aid") }
        for aid in content.moduleAIDs { try catalogue.claim(aid, attribute: "executableModule.aid") }
    }

    private static func create(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> CAP {
        let file = try UploadedFile(input.parts, as: .loadFile, limit: catalogue.environment.limits.loadFile, fileNeeded: true)
        guard let archive = file.content else { throw GeneralError.missingFile }
        let content = try input.loadFile(archive)
        try claim(content, catalogue)
        let now = catalogue.environment.timestamp()
        var elf = CAP(id: catalogue.environment.identifier(), spId: catalogue.owner, aid: "", fileName: file.fileName ?? UploadKind.loadFile.standardFileName,
                      creationDate: now, uploadDate: now, packageName: "", importedPackages: [], packageVersion: "", technicalRequirements: content.requirements)
        elf.adopt(content)
        try LoadFileStore.keep(content, catalogue.db)
        try catalogue.insert(elf, ["load_file_sha256": content.sha256])
        try catalogue.storeUpload(archive, for: elf.id)
        for aid in content.moduleAIDs {
            try catalogue.insert(ExecutableModule(id: catalogue.environment.identifier(), elfId: elf.id, aid: aid.description))
        }
        return elf
    }

    /// A new name, a new binary, or both; the binary only while no published Flavor uses it (TR-03165 4.1.6.5.4).
    private static func modify(_ stored: CAP, _ input: OperationInput, _ catalogue: TenantCatalogue) throws -> CAP {
        let file = try UploadedFile(input.parts, as: .loadFile, limit: catalogue.environment.limits.loadFile, fileNeeded: false)
        var elf = stored
        if let name = file.fileName { elf.fileName = name }
        let flavors = try catalogue.select(Flavor.self, where: "e.id IN (SELECT flavor_id FROM flavor_load_file WHERE elf_id = ?)", [elf.id])
        guard let archive = file.content else {
            try catalogue.update(elf)
            return elf
        }
        let content = try input.loadFile(archive)
        try claim(content, catalogue)
        try CrossAttributeRules.binaryIsFixedOncePublished(usedBy: flavors)
        elf.adopt(content)
        elf.uploadDate = catalogue.environment.timestamp()
        let replaced = try LoadFileStore.block(of: elf.id, catalogue.db)
        try LoadFileStore.keep(content, catalogue.db)
        try catalogue.update(elf, ["load_file_sha256": content.sha256])
        try LoadFileStore.removeIfUnused(replaced, catalogue.db)
        for flavor in flavors {
            try FlavorChecks.checkConstraints(flavor, catalogue)
            catalogue.changes.serviceChanged(flavor.serviceId)
        }
        try replaceModules(of: elf, by: content.moduleAIDs, catalogue)
        try catalogue.storeUpload(archive, for: elf.id)
        return elf
    }

    /// A module whose AID is in the new file keeps its ID; one that a Flavor needs must be in it.
    private static func replaceModules(of elf: CAP, by aids: [AID], _ catalogue: TenantCatalogue) throws {
        let old = try modules(of: elf, catalogue)
        let new = aids.map(\.description)
        for module in old where !new.contains(module.aid) {
            if try catalogue.exists(Flavor.self, where: "e.id IN (SELECT flavor_id FROM instantiation WHERE em_id = ?)", [module.id]) {
                throw GeneralError.invalidRequest("the new file lacks the module \(module.aid), which a Flavor instantiates")
            }
            try catalogue.delete(ExecutableModule.self, module.id)
        }
        for aid in new where !old.contains(where: { $0.aid == aid }) {
            try catalogue.insert(ExecutableModule(id: catalogue.environment.identifier(), elfId: elf.id, aid: aid))
        }
    }
}

extension CAP {
    fileprivate mutating func adopt(_ content: LoadFileContent) {
        aid = content.packageAID.description
        packageName = content.packageName
        packageVersion = content.packageVersion
        importedPackages = content.importedPackages.map(\.description)
        technicalRequirements = content.requirements
    }
}
