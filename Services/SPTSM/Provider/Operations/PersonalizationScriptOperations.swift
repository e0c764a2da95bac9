import TrustedServiceModel

/// PersonalizationScripts (TR-03165 4.1.6.7)
enum PersonalizationScriptOperations {
    static let all: [ProviderOperation] = [
        .read("listPersoScripts", "/personalization-scripts") { catalogue, _ in .json(try catalogue.list(PersonalizationScript.self)) },
        .write("createPersoScriptAndUploadBinary", .post, "/personalization-scripts", .upload(.script)) { catalogue, input in .json(try create(input, catalogue)) },
        .read("getPersoScript", "/personalization-scripts/{personalizationScriptId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyPersoScriptAndOverwriteBinary", .put, "/personalization-scripts/{personalizationScriptId}", .upload(.script)) { catalogue, input in
            .json(try modify(try find(input, catalogue), input, catalogue))
        },
        .write("deletePersoScript", .delete, "/personalization-scripts/{personalizationScriptId}", .none) { catalogue, input in
            let script = try find(input, catalogue)
            guard try configs(using: script, catalogue).isEmpty else { throw GeneralError.referenced("PersonalizationScript", in: "ApplicationConfig") }
            try catalogue.deleteUpload(of: script.id)
            try catalogue.delete(PersonalizationScript.self, script.id)
            return .noContent
        },
        .read("getScriptBinary", "/personalization-scripts/{personalizationScriptId}/binary") { catalogue, input in
            let script = try find(input, catalogue)
            return .binary(try catalogue.upload(of: script.id), fileName: script.fileName)
        },
        .read("listScriptRelatedAppConfigs", "/personalization-scripts/{personalizationScriptId}/application-configs") { catalogue, input in
            .json(try configs(using: try find(input, catalogue), catalogue))
        },
        .read("listScriptRelatedFlavors", "/personalization-scripts/{personalizationScriptId}/flavors") { catalogue, input in
            .json(try flavors(using: try find(input, catalogue), catalogue))
        },
        .read("listScriptRelatedServices", "/personalization-scripts/{personalizationScriptId}/services") { catalogue, input in
            let script = try find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: """
                e.id IN (SELECT f.service_id FROM flavor f JOIN instantiation i ON i.flavor_id = f.id
                         JOIN application_config a ON a.id = i.application_config_id WHERE a.personalization_script_id = ?)
                """, [script.id]))
        },
    ]

    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> PersonalizationScript {
        try catalogue.find(PersonalizationScript.self, input["personalizationScriptId"])
    }

    private static func configs(using script: PersonalizationScript, _ catalogue: TenantCatalogue) throws -> [ApplicationConfig] {
        try catalogue.select(ApplicationConfig.self, where: "e.personalization_script_id = ?", [script.id])
    }

    private static func flavors(using script: PersonalizationScript, _ catalogue: TenantCatalogue) throws -> [Flavor] {
        try catalogue.select(Flavor.self, where: """
            e.id IN (SELECT i.flavor_id FROM instantiation i JOIN application_config a ON a.id = i.application_config_id WHERE a.personalization_script_id = ?)
            """, [script.id])
    }

    private static func create(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> PersonalizationScript {
        let file = try UploadedFile(input.parts, as: .script, limit: catalogue.environment.limits.script, fileNeeded: true)
        guard let content = file.content else { throw GeneralError.missingFile }
        try check(content)
        let now = catalogue.environment.timestamp()
        let script = PersonalizationScript(id: catalogue.environment.identifier(), spId: catalogue.owner,
                                           fileName: file.fileName ?? UploadKind.script.standardFileName, creationDate: now, uploadDate: now)
        try catalogue.insert(script)
        try catalogue.storeUpload(content, for: script.id)
        return script
    }

    private static func modify(_ stored: PersonalizationScript, _ input: OperationInput, _ catalogue: TenantCatalogue) throws -> PersonalizationScript {
        let file = try UploadedFile(input.parts, as: .script, limit: catalogue.environment.limits.script, fileNeeded: false)
        var script = stored
        if let name = file.fileName { script.fileName = name }
        if let content = file.content {
            try check(content)
            script.uploadDate = catalogue.environment.timestamp()
            try catalogue.storeUpload(content, for: script.id)
            for flavor in try flavors(using: script, catalogue) { catalogue.changes.serviceChanged(flavor.serviceId) }
        }
        try catalogue.update(script)
        return script
    }

    /// A script is text; it travels in the deployment document as such.
    private static func check(_ content: [UInt8]) throws(GeneralError) {
        guard String(validating: content, as: UTF8.self) != nil else { throw .invalidFileType(supported: ["pers"], detail: "The file is not text in UTF-8") }
    }
}
