import Foundation
import Identity
import TrustedServiceModel

/// Writes what is at the TSM as a file that `apply` takes, with the uploaded files beside it.
struct ServiceExport {
    let client: ProviderClient
    let catalogue: ProviderCatalogue
    /// The file to write; the uploaded files go beside it.
    let path: String

    /// - Parameter name: of a Service; nil: everything.
    func run(service name: String?) async throws -> ServiceFile {
        let services = try name.map { name in
            guard let found = try catalogue.service(name) else { throw ToolFailure("the TSM has no Service '\(name)'; it has \(catalogue.services.map { "'\($0.name)'" }.joined(separator: ", "))") }
            return [found]
        } ?? catalogue.services
        let flavors = services.flatMap { catalogue.flavors[$0.id] ?? [] }
        func isWanted(_ ids: [String], _ id: String) -> Bool { name == nil || ids.contains(id) }
        let configs = catalogue.configs.filter { isWanted(flavors.flatMap(\.applicationInstantiationConfigs).map(\.applicationConfigId), $0.id) }
        let spos = catalogue.sposConfigs.filter { isWanted(services.map(\.sposConfigId), $0.id) }
        func chosen(_ kind: UploadKind, _ ids: [String]) -> [(kind: UploadKind, file: ProviderCatalogue.File)] {
            (catalogue.files[kind] ?? []).filter { isWanted(ids, $0.id) }.map { (kind, $0) }
        }
        let wanted = chosen(.loadFile, flavors.flatMap(\.executableLoadFileIds))
            + chosen(.script, configs.map(\.personalizationConfig.personalizationScriptId))
            + chosen(.certificate, configs.map(\.personalizationConfig.certificateId) + spos.map(\.certificateId))
        // All names are looked at before the first file is written.
        let targets = try Self.targets(wanted.map { ($0.kind, $0.file.fileName) }, beside: path)
        for (upload, target) in zip(wanted, targets) {
            let mode = upload.kind == .script ? AtomicFile.secretMode : AtomicFile.publicMode
            try AtomicFile.create(try await client.binary(upload.kind, upload.file.id), at: target, mode: mode)
        }
        func entries(_ kind: UploadKind) throws -> [String: ServiceFile.Upload]? {
            try Self.unique(kind.words, wanted.filter { $0.kind == kind }.map { ($0.file.fileName, .init(file: $0.file.fileName)) })
        }
        var file = ServiceFile()
        file.loadFiles = try entries(.loadFile)
        file.scripts = try entries(.script)
        file.certificates = try entries(.certificate)
        file.sposConfigs = try Self.unique("SposConfig", spos.map { ($0.url, .init(url: $0.url, certificate: fileName(.certificate, $0.certificateId))) })
        file.applicationConfigs = try Self.unique("ApplicationConfig", configs.map { ($0.name, config($0)) })
        file.services = try Self.unique("Service", try services.map { ($0.name, try service($0)) })
        return file
    }

    /// Names are how things are found again.
    private static func unique<Value>(_ kind: String, _ entries: [(String, Value)]) throws(ToolFailure) -> [String: Value]? {
        var map: [String: Value] = [:]
        for (name, value) in entries {
            guard !name.isEmpty, map.updateValue(value, forKey: name) == nil else { throw ToolFailure("an entity of the kind \(kind) has no name, or two have the name '\(name)'; name them before the export") }
        }
        return map.isEmpty ? nil : map
    }

    /// Paths of the uploaded files beside the file `path`, in the order of the uploads.
    /// - Throws: for a name that is no plain file name, that another file has, or that is there already: nothing is ever overwritten.
    static func targets(_ uploads: [(kind: UploadKind, name: String)], beside path: String) throws(ToolFailure) -> [String] {
        let file = URL(fileURLWithPath: path)
        let directory = file.deletingLastPathComponent().path
        guard !FileManager.default.fileExists(atPath: path) else { throw ToolFailure("\(path) exists: an export never overwrites") }
        var taken: Set<String> = [file.lastPathComponent]
        var targets: [String] = []
        for (kind, name) in uploads {
            // A file name comes from a client of the TSM: it must not decide where the file goes, nor hide it.
            guard !name.isEmpty, !name.hasPrefix("."), !name.unicodeScalars.contains(where: { $0 == "/" || $0 == "\\" || $0.value < 0x20 }) else {
                throw ToolFailure("the \(kind.words) '\(name)' has a file name that is empty or hidden, or a path; rename it before the export")
            }
            guard taken.insert(name).inserted else { throw ToolFailure("two of the files to write would be '\(name)'; rename one of them before the export") }
            let target = directory + "/" + name
            guard !FileManager.default.fileExists(atPath: target) else { throw ToolFailure("\(target) exists: an export never overwrites") }
            targets.append(target)
        }
        return targets
    }

    private func fileName(_ kind: UploadKind, _ id: String) -> String { catalogue.files[kind]?.first { $0.id == id }?.fileName ?? id }

    private func config(_ config: ApplicationConfig) -> ServiceFile.Config {
        let personalization = config.personalizationConfig
        func some(_ text: String) -> String? { text.isEmpty ? nil : text }
        return .init(
            instanceAid: config.instanceAid, description: some(config.description),
            install: config.installConfig == InstallConfig() ? nil : .init(parameter: some(config.installConfig.applicationSpecificInstallParameter), privileges: config.installConfig.privileges),
            activation: .init(selectable: config.activationConfig.makeSelectable, apdu: config.activationConfig.accessibleViaApdu, nfc: config.activationConfig.accessibleViaNfc),
            personalization: personalization == PersonalizationConfig() ? nil : .init(
                script: some(personalization.personalizationScriptId).map { fileName(.script, $0) }, certificate: some(personalization.certificateId).map { fileName(.certificate, $0) },
                attestationToken: personalization.provideAttestationToken, diversificationData: personalization.includeSecurityDomainDiversificationData))
    }

    private func service(_ service: TrustedServiceModel.Service) throws(ToolFailure) -> ServiceFile.Service {
        let flavors = catalogue.flavors[service.id] ?? []
        func name(_ id: String) -> String { flavors.first { $0.id == id }?.name ?? id }
        var versions: [String: [String: [String]]] = [:]
        for version in catalogue.versions[service.id] ?? [] {
            versions[version.tag] = Dictionary(version.allowedDeployments.map { (name($0.key), $0.value) }, uniquingKeysWith: { $0 + $1 })
        }
        return .init(
            apps: service.accessAuthorizedDeviceApps, spos: service.sposConfigId.isEmpty ? nil : catalogue.sposConfigs.first { $0.id == service.sposConfigId }?.url,
            parameters: service.spParameters.isEmpty ? nil : service.spParameters,
            flavors: try Self.unique("Flavor", flavors.map { ($0.name, flavor($0)) }) ?? [:], versions: versions)
    }

    private func flavor(_ flavor: Flavor) -> ServiceFile.Flavor {
        let modules = Dictionary(catalogue.modules.values.joined().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let feature = flavor.featureConfig
        return .init(
            description: flavor.description.isEmpty ? nil : flavor.description, loadFiles: flavor.executableLoadFileIds.map { fileName(.loadFile, $0) },
            applications: flavor.applicationInstantiationConfigs.map { entry in
                let module = modules[entry.executableModuleId]
                return .init(loadFile: fileName(.loadFile, module?.elfId ?? ""), module: module?.aid ?? entry.executableModuleId,
                             config: catalogue.configs.first { $0.id == entry.applicationConfigId }?.name ?? entry.applicationConfigId, priority: entry.priority)
            },
            keys: feature.keyProvisioningMode == 0 ? nil : .init(mode: feature.keyProvisioningMode, index: feature.keyIndex), csp: feature.useCspFull ? true : nil,
            genericOptions: feature.genericOptions.isEmpty ? nil : feature.genericOptions, parameters: flavor.spParameters.isEmpty ? nil : flavor.spParameters,
            contextSpecificAttributes: flavor.contextSpecificAttributes.isEmpty ? nil : flavor.contextSpecificAttributes, published: flavor.published ? true : nil)
    }
}
