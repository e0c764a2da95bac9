import Personalization
import TrustedServiceModel

/// PersonalizationScripts (TR-03165 4.1.6.7)
enum PersonalizationScriptOperations {
    static let all: [ProviderOperation] = [
        .read("listPersoScripts", "/personalization-scripts") { catalogue, _ in .json(try catalogue.list(PersonalizationScript.self)) },
        .write("createPersoScriptAndUploadBinary", .post, "/personalization-scripts", .upload(.script)) { catalogue, input in
            .json(try PersonalizationScript.create(input, catalogue))
        },
        .read("getPersoScript", "/personalization-scripts/{personalizationScriptId}") { catalogue, input in .json(try PersonalizationScript.find(input, catalogue)) },
        .write("modifyPersoScriptAndOverwriteBinary", .put, "/personalization-scripts/{personalizationScriptId}", .upload(.script)) { catalogue, input in
            .json(try PersonalizationScript.find(input, catalogue).modified(input, catalogue) { script in
                // Deployment documents hold the script's text.
                for flavor in try script.flavors(catalogue) { catalogue.changes.serviceChanged(flavor.serviceId) }
            })
        },
        .write("deletePersoScript", .delete, "/personalization-scripts/{personalizationScriptId}", .none) { catalogue, input in
            try PersonalizationScript.find(input, catalogue).deleted(from: catalogue)
        },
        .read("getScriptBinary", "/personalization-scripts/{personalizationScriptId}/binary") { catalogue, input in
            try PersonalizationScript.find(input, catalogue).binary(catalogue)
        },
        .read("listScriptRelatedAppConfigs", "/personalization-scripts/{personalizationScriptId}/application-configs") { catalogue, input in
            .json(try PersonalizationScript.find(input, catalogue).configs(catalogue))
        },
        .read("listScriptRelatedFlavors", "/personalization-scripts/{personalizationScriptId}/flavors") { catalogue, input in
            .json(try PersonalizationScript.find(input, catalogue).flavors(catalogue))
        },
        .read("listScriptRelatedServices", "/personalization-scripts/{personalizationScriptId}/services") { catalogue, input in
            let script = try PersonalizationScript.find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: PersonalizationScript.usedByService, [script.id]))
        },
    ]
}

extension PersonalizationScript: UploadedEntity {
    static var kind: UploadKind { .script }
    static var parameter: String { "personalizationScriptId" }
    static var configColumn: String { "personalization_script_id" }

    /// What is wrong with a script is said here, with its line, and not on somebody's phone.
    static func check(_ content: [UInt8]) throws(GeneralError) {
        do throws(ScriptError) {
            _ = try PersonalizationProgram(parsing: content)
        } catch {
            throw .invalidFileType(supported: ["pers"], detail: error.description)
        }
    }
}
