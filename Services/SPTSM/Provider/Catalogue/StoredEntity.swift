import GRDB
import TrustedServiceModel

/// An entity as a row: its document, its owner, and the columns that queries need.
protocol StoredEntity: Codable, Sendable {
    static var table: String { get }
    /// The TR's name, for messages.
    static var entityName: String { get }
    var id: String { get }
    /// Columns that follow from the document.
    var columns: [String: (any DatabaseValueConvertible)?] { get }
}

extension StoredEntity {
    var columns: [String: (any DatabaseValueConvertible)?] { [:] }
}

private func reference(_ id: String) -> String? { id.isEmpty ? nil : id }

extension TrustedServiceModel.Service: StoredEntity {
    static var table: String { "service" }
    static var entityName: String { "Service" }
    var columns: [String: (any DatabaseValueConvertible)?] { ["sd_aid": sdAid, "spos_config_id": reference(sposConfigId)] }
}

extension Flavor: StoredEntity {
    static var table: String { "flavor" }
    static var entityName: String { "Flavor" }
    var columns: [String: (any DatabaseValueConvertible)?] { ["service_id": serviceId, "published": published] }
}

extension Version: StoredEntity {
    static var table: String { "version" }
    static var entityName: String { "Version" }
    /// A tag is unique within its Service only.
    var id: String { Version.key(service: serviceId, tag: tag) }
    var columns: [String: (any DatabaseValueConvertible)?] { ["service_id": serviceId] }

    static func key(service: String, tag: String) -> String { "\(service)/\(tag)" }
}

extension CAP: StoredEntity {
    static var table: String { "executable_load_file" }
    static var entityName: String { "ExecutableLoadFile" }
}

extension ExecutableModule: StoredEntity {
    static var table: String { "executable_module" }
    static var entityName: String { "ExecutableModule" }
    var columns: [String: (any DatabaseValueConvertible)?] { ["elf_id": elfId] }
}

extension ApplicationConfig: StoredEntity {
    static var table: String { "application_config" }
    static var entityName: String { "ApplicationConfig" }
    var columns: [String: (any DatabaseValueConvertible)?] {
        ["personalization_script_id": reference(personalizationConfig.personalizationScriptId), "certificate_id": reference(personalizationConfig.certificateId)]
    }
}

extension PersonalizationScript: StoredEntity {
    static var table: String { "personalization_script" }
    static var entityName: String { "PersonalizationScript" }
}

extension Certificate: StoredEntity {
    static var table: String { "certificate" }
    static var entityName: String { "Certificate" }
}

extension SposConfig: StoredEntity {
    static var table: String { "spos_config" }
    static var entityName: String { "SposConfig" }
    var columns: [String: (any DatabaseValueConvertible)?] { ["certificate_id": certificateId] }
}
