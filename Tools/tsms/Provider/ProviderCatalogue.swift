import TrustedServiceModel

/// What a service provider has at the TSM, read at once.
struct ProviderCatalogue: Sendable {
    /// An uploaded file: its ID and name.
    struct File: Decodable, Sendable, Equatable {
        var id: String
        var fileName: String
    }

    var files: [UploadKind: [File]] = [:]
    /// By load file.
    var modules: [String: [ExecutableModule]] = [:]
    var sposConfigs: [SposConfig] = []
    var configs: [ApplicationConfig] = []
    var services: [TrustedServiceModel.Service] = []
    /// By Service.
    var flavors: [String: [Flavor]] = [:]
    var versions: [String: [Version]] = [:]
    var profiles: [SecureComponentProfile] = []

    static func read(_ client: ProviderClient) async throws -> ProviderCatalogue {
        var catalogue = ProviderCatalogue()
        for kind in UploadKind.allCases { catalogue.files[kind] = try await client.call(.get, kind.path) }
        for file in catalogue.files[.loadFile] ?? [] { catalogue.modules[file.id] = try await client.call(.get, "\(UploadKind.loadFile.path)/\(file.id)/executable-modules") }
        catalogue.sposConfigs = try await client.call(.get, "/spos-configs")
        catalogue.configs = try await client.call(.get, "/application-configs")
        catalogue.services = try await client.call(.get, "/services")
        for service in catalogue.services {
            catalogue.flavors[service.id] = try await client.call(.get, "/services/\(service.id)/flavors")
            catalogue.versions[service.id] = try await client.call(.get, "/services/\(service.id)/versions")
        }
        catalogue.profiles = try await client.call(.get, "/secure-component-profiles")
        return catalogue
    }

    func file(_ kind: UploadKind, named name: String) throws(ToolFailure) -> File? { try Self.one(files[kind] ?? [], kind.words, name) { $0.fileName == name } }
    func sposConfig(url: String) throws(ToolFailure) -> SposConfig? { try Self.one(sposConfigs, "SposConfig", url) { $0.url == url } }
    func config(_ name: String) throws(ToolFailure) -> ApplicationConfig? { try Self.one(configs, "ApplicationConfig", name) { $0.name == name } }
    func service(_ name: String) throws(ToolFailure) -> TrustedServiceModel.Service? { try Self.one(services, "Service", name) { $0.name == name } }
    func flavor(_ name: String, of service: String) throws(ToolFailure) -> Flavor? { try Self.one(flavors[service] ?? [], "Flavor", name) { $0.name == name } }
    func version(_ tag: String, of service: String) -> Version? { versions[service]?.first { $0.tag == tag } }

    /// By ID or name.
    func profile(_ name: String) throws(ToolFailure) -> SecureComponentProfile {
        if let found = profiles.first(where: { $0.id == name }) { return found }
        guard let found = try Self.one(profiles, "SecureComponentProfile", name, { $0.name == name }) else {
            throw ToolFailure("the TSM has no SecureComponentProfile '\(name)'; it has \(profiles.map { "'\($0.name)'" }.joined(separator: ", "))")
        }
        return found
    }

    /// Names are the author's, not the TSM's: two of the same name cannot be told apart.
    private static func one<Entity>(_ entities: [Entity], _ kind: String, _ name: String, _ matches: (Entity) -> Bool) throws(ToolFailure) -> Entity? {
        let found = entities.filter(matches)
        guard found.count <= 1 else { throw ToolFailure("the TSM has \(found.count) of the kind \(kind) with the name '\(name)'; rename or delete all but one") }
        return found.first
    }
}
