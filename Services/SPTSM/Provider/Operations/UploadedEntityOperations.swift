import TrustedServiceModel

/// An entity that is a file with a name, uploaded by the service provider and used by ApplicationConfigs: Certificate and PersonalizationScript.
protocol UploadedEntity: StoredEntity, Encodable {
    static var kind: UploadKind { get }
    /// Name of the path parameter that holds its ID.
    static var parameter: String { get }
    /// Column of `application_config` that refers to it.
    static var configColumn: String { get }
    /// - Throws: `invalidFileType`.
    static func check(_ content: [UInt8]) throws(GeneralError)

    var fileName: String { get set }
    var uploadDate: String { get set }
    init(id: String, spId: String, fileName: String, creationDate: String, uploadDate: String)
}

/// What is the same for all of them.
extension UploadedEntity {
    static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Self {
        try catalogue.find(Self.self, input[parameter])
    }

    static func create(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Self {
        let file = try UploadedFile(input.parts, as: kind, limit: kind.limit(catalogue.environment.limits), fileNeeded: true)
        guard let content = file.content else { throw GeneralError.missingFile }
        try check(content)
        let now = catalogue.environment.timestamp()
        let created = Self(id: catalogue.environment.identifier(), spId: catalogue.owner, fileName: file.fileName ?? kind.standardFileName, creationDate: now, uploadDate: now)
        try catalogue.insert(created)
        try catalogue.storeUpload(content, for: created.id)
        return created
    }

    /// A new file, a new name, or both.
    /// - Parameter contentChanged: runs after a new file is stored.
    func modified(_ input: OperationInput, _ catalogue: TenantCatalogue, contentChanged: (Self) throws -> Void = { _ in }) throws -> Self {
        let file = try UploadedFile(input.parts, as: Self.kind, limit: Self.kind.limit(catalogue.environment.limits), fileNeeded: false)
        var changed = self
        if let name = file.fileName { changed.fileName = name }
        if let content = file.content {
            try Self.check(content)
            changed.uploadDate = catalogue.environment.timestamp()
            try catalogue.storeUpload(content, for: id)
            try contentChanged(changed)
        }
        try catalogue.update(changed)
        return changed
    }

    /// - Parameter otherwiseUnused: throws where something else than an ApplicationConfig uses it.
    /// - Throws: `referenced`.
    func deleted(from catalogue: TenantCatalogue, otherwiseUnused: () throws -> Void = {}) throws -> OperationOutput {
        guard try configs(catalogue).isEmpty else { throw GeneralError.referenced(Self.entityName, in: "ApplicationConfig") }
        try otherwiseUnused()
        try catalogue.deleteUpload(of: id)
        try catalogue.delete(Self.self, id)
        return .noContent
    }

    func binary(_ catalogue: TenantCatalogue) throws -> OperationOutput {
        .file(try catalogue.upload(of: id), name: fileName)
    }

    func configs(_ catalogue: TenantCatalogue) throws -> [ApplicationConfig] {
        try catalogue.select(ApplicationConfig.self, where: "e.\(Self.configColumn) = ?", [id])
    }

    func flavors(_ catalogue: TenantCatalogue) throws -> [Flavor] {
        try catalogue.select(Flavor.self, where: """
            e.id IN (SELECT i.flavor_id FROM instantiation i JOIN application_config a ON a.id = i.application_config_id WHERE a.\(Self.configColumn) = ?)
            """, [id])
    }

    /// Condition for the Services that use it through an ApplicationConfig; takes its ID.
    static var usedByService: String {
        """
        e.id IN (SELECT f.service_id FROM flavor f JOIN instantiation i ON i.flavor_id = f.id
                 JOIN application_config a ON a.id = i.application_config_id WHERE a.\(configColumn) = ?)
        """
    }
}
