import Foundation
import TrustedServiceModel

/// Makes what is at the TSM what the file says; what the file does not name stays. Goes through everything in the order in which things refer
/// to each other. Run first to see what would be done (nothing is changed, new things have stand-ins for IDs), then to do it.
struct Reconciliation {
    enum Mode: Sendable { case plan, perform }

    enum Action: String, Codable, Sendable { case keep, create, change, publish }

    struct Step: Codable, Sendable, Equatable {
        var action: Action
        var kind: String
        var name: String
        /// What differs; empty otherwise.
        var remark: String
    }

    let file: ServiceFile
    /// What paths in the file are relative to.
    let directory: String
    let client: ProviderClient
    let mode: Mode
    /// Told of each step, in perform mode after it.
    let report: @Sendable (Step) -> Void

    private var catalogue: ProviderCatalogue
    private var steps: [Step] = []
    private var ids: [String: String] = [:]

    init(file: ServiceFile, directory: String, client: ProviderClient, mode: Mode, report: @escaping @Sendable (Step) -> Void = { _ in }) async throws {
        self.file = file
        self.directory = directory
        self.client = client
        self.mode = mode
        self.report = report
        catalogue = try await ProviderCatalogue.read(client)
    }

    /// - Returns: every step, also those where nothing is to be done.
    mutating func run() async throws -> [Step] {
        for (name, upload) in Self.sorted(file.certificates) { try await reconcile(.certificate, name, upload) }
        for (name, upload) in Self.sorted(file.scripts) { try await reconcile(.script, name, upload) }
        for (name, upload) in Self.sorted(file.loadFiles) { try await reconcile(.loadFile, name, upload) }
        for (name, config) in Self.sorted(file.sposConfigs) { try await reconcile(name, config) }
        for (name, config) in Self.sorted(file.applicationConfigs) { try await reconcile(name, config) }
        for (name, service) in Self.sorted(file.services) { try await reconcile(name, service) }
        return steps
    }

    private static func sorted<Value>(_ map: [String: Value]?) -> [(key: String, value: Value)] { (map ?? [:]).sorted { $0.key < $1.key } }

    private mutating func note(_ action: Action, _ kind: String, _ name: String, _ remark: String = "") {
        let step = Step(action: action, kind: kind, name: name, remark: remark)
        steps.append(step)
        report(step)
    }

    private func id(_ kind: String, _ name: String) throws(ToolFailure) -> String {
        guard let id = ids["\(kind)/\(name)"] else { throw ToolFailure("the file names the \(kind) '\(name)' but does not describe it") }
        return id
    }

    private mutating func reconcile(_ kind: UploadKind, _ name: String, _ upload: ServiceFile.Upload) async throws {
        let path = upload.file.hasPrefix("/") ? upload.file : directory + "/" + upload.file
        let bytes = try Programs.read(path)
        let fileName = URL(fileURLWithPath: path).lastPathComponent
        let existing = try catalogue.file(kind, named: fileName)
        if let existing, try await client.binary(kind, existing.id) == bytes {
            ids["\(kind.words)/\(name)"] = existing.id
            return note(.keep, kind.words, name)
        }
        var id = existing?.id ?? "new \(kind.words) \(name)"
        if mode == .perform { id = (try await client.upload(kind, bytes, named: fileName, replacing: existing?.id) as ProviderCatalogue.File).id }
        if existing == nil { note(.create, kind.words, name, "\(fileName), \(bytes.count) bytes") } else { note(.change, kind.words, name, "other content") }
        ids["\(kind.words)/\(name)"] = id
        guard kind == .loadFile else { return }
        catalogue.modules[id] = mode == .perform ? try await client.call(.get, "\(kind.path)/\(id)/executable-modules")
            : try PlannedModules.of(bytes, path: path, loadFile: id, existing: catalogue.modules[id] ?? [])
    }

    private mutating func reconcile(_ name: String, _ wanted: ServiceFile.SposConfig) async throws {
        let body = SposConfigBody(url: wanted.url, certificateId: try id("certificate", wanted.certificate))
        let existing = try catalogue.sposConfig(url: wanted.url)
        let made: SposConfig? = try await settle("SposConfig", name, existing.map { SposConfigBody(url: $0.url, certificateId: $0.certificateId) }, body, "/spos-configs", existing?.id)
        ids["SposConfig/\(name)"] = made?.id ?? existing?.id ?? "new SposConfig \(name)"
    }

    private mutating func reconcile(_ name: String, _ wanted: ServiceFile.Config) async throws {
        let body = ApplicationConfigBody(name: name, wanted, script: try wanted.personalization?.script.map { try id("script", $0) } ?? "",
                                         certificate: try wanted.personalization?.certificate.map { try id("certificate", $0) } ?? "")
        let existing = try catalogue.config(name)
        let made: ApplicationConfig? = try await settle("ApplicationConfig", name, existing.map(ApplicationConfigBody.init), body, "/application-configs", existing?.id)
        ids["ApplicationConfig/\(name)"] = made?.id ?? existing?.id ?? "new ApplicationConfig \(name)"
    }

    private mutating func reconcile(_ name: String, _ wanted: ServiceFile.Service) async throws {
        let existing = try catalogue.service(name)
        let body = ServiceBody(name: name, wanted, spos: try wanted.spos.map { try id("SposConfig", $0) } ?? "")
        let made: TrustedServiceModel.Service? = try await settle("Service", name, existing.map(ServiceBody.init), body, "/services", existing?.id)
        let service = made?.id ?? existing?.id ?? "new Service \(name)"
        for (flavorName, flavor) in Self.sorted(wanted.flavors) { try await reconcile(flavorName, flavor, of: service, name) }
        for (tag, deployments) in Self.sorted(wanted.versions) { try await reconcile(version: tag, deployments, of: service, name) }
        // Last: what phones can deploy is complete by then.
        for (flavorName, flavor) in Self.sorted(wanted.flavors) where flavor.published == true {
            guard try catalogue.flavor(flavorName, of: service)?.published != true else { continue }
            let flavorId = try id("Flavor", "\(name)/\(flavorName)")
            if mode == .perform {
                let published: Flavor = try await client.call(.post, "/services/\(service)/flavors/\(flavorId)/publish")
                guard published.published else { throw ToolFailure("Flavor \(flavorId) is not published although the TSM did not refuse") }
            }
            note(.publish, "Flavor", "\(name)/\(flavorName)", "cannot be undone")
        }
    }

    private mutating func reconcile(_ name: String, _ wanted: ServiceFile.Flavor, of service: String, _ serviceName: String) async throws {
        let existing = try catalogue.flavor(name, of: service)
        let applications = try wanted.applications.map { application in
            ApplicationInstantiationConfig(priority: application.priority ?? 255, executableModuleId: try module(application),
                                           applicationConfigId: try id("ApplicationConfig", application.config))
        }
        let body = FlavorBody(name: name, wanted, loadFiles: try wanted.loadFiles.map { try id(UploadKind.loadFile.words, $0) }, applications: applications)
        let made: Flavor? = try await settle("Flavor", "\(serviceName)/\(name)", existing.map(FlavorBody.init), body, "/services/\(service)/flavors", existing?.id)
        ids["Flavor/\(serviceName)/\(name)"] = made?.id ?? existing?.id ?? "new Flavor \(name)"
        if existing?.published == true, wanted.published == false { throw ToolFailure("Flavor \(serviceName)/\(name) is published, which cannot be undone; the file says published: false") }
    }

    private func module(_ application: ServiceFile.Application) throws(ToolFailure) -> String {
        let file = try id(UploadKind.loadFile.words, application.loadFile)
        let modules = catalogue.modules[file] ?? []
        guard let module = modules.first(where: { $0.aid.lowercased() == application.module.lowercased() }) else {
            throw ToolFailure("load file '\(application.loadFile)' has no applet \(application.module); it has \(modules.map(\.aid).joined(separator: ", "))")
        }
        return module.id
    }

    private mutating func reconcile(version tag: String, _ wanted: [String: [String]], of service: String, _ serviceName: String) async throws {
        var deployments: [String: [String]] = [:]
        for (flavor, profiles) in wanted { deployments[try id("Flavor", "\(serviceName)/\(flavor)")] = try profiles.map { try catalogue.profile($0).id } }
        let existing = catalogue.version(tag, of: service)
        let _: Version? = try await settle("Version", "\(serviceName)/\(tag)", existing.map { VersionBody(tag: $0.tag, allowedDeployments: $0.allowedDeployments) },
                                           VersionBody(tag: tag, allowedDeployments: deployments), "/services/\(service)/versions", existing?.tag)
    }

    /// Creates what is missing, changes what differs.
    private mutating func settle<Body: Encodable & Equatable, Entity: Decodable & Sendable>(
        _ kind: String, _ name: String, _ existing: Body?, _ wanted: Body, _ collection: String, _ id: String?
    ) async throws -> Entity? {
        guard let existing, let id else {
            let made: Entity? = mode == .perform ? try await client.call(.post, collection, wanted) : nil
            note(.create, kind, name)
            return made
        }
        guard existing != wanted else {
            note(.keep, kind, name)
            return nil
        }
        let changed: Entity? = mode == .perform ? try await client.call(.put, "\(collection)/\(ProviderClient.segment(id))", wanted) : nil
        note(.change, kind, name, Self.differences(existing, wanted))
        return changed
    }

    /// Names of the attributes that differ.
    private static func differences(_ one: Any, _ other: Any) -> String {
        zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children).compactMap { "\($0.value)" == "\($1.value)" ? nil : $0.label }.joined(separator: ", ")
    }
}
