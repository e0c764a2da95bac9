import TrustedServiceModel

/// Tables of what no JSON body brings: made from uploads (TR-03165 4.1.4.8 to 4.1.4.11, 4.1.4.16, 4.1.4.17), kept by the operator
/// (4.1.4.1, 4.1.4.5) or sent as answers only (4.1.4.19).
extension EntityRules {
    private static let id = AttributeRule("id", .assigned, .no, .reference)
    private static let owner = AttributeRule("spId", .assigned, .no, .reference)
    /// From the part that names the file, or from the file's own name; the one attribute of an upload that the client gives.
    private static let fileName = AttributeRule("fileName", .assigned, .yes, .text(255), clientMaySet: true)
    private static let created = AttributeRule("creationDate", .assigned, .no, .text(40))
    private static let uploaded = AttributeRule("uploadDate", .assigned, .no, .text(40))
    private static let texts = AttributeFormat.map(.text(255))

    static let serviceProvider = EntityRules("ServiceProvider", [
        id,
        // Editable, but by the operator: the REST API has no method for it.
        AttributeRule("name", .mandatory, .yes, .text(255)),
    ])

    static let secureComponentProfile = EntityRules("SecureComponentProfile", [
        id,
        AttributeRule("name", .mandatory, .no, .text(255)),
        AttributeRule("scType", .mandatory, .no, .integer(1...4)),
        AttributeRule("hardwarePlatform", .mandatory, .no, .text(255)),
        AttributeRule("os", .mandatory, .no, .text(255)),
        AttributeRule("osVersion", .mandatory, .no, .text(255)),
        AttributeRule("javaCardVersion", .mandatory, .no, .versionTag),
        AttributeRule("javaCardFeatures", .mandatory, .no, .map(.list(.text(255))), mayBeEmpty: true),
        AttributeRule("gpSpecVersions", .mandatory, .no, texts, mayBeEmpty: true),
        AttributeRule("gpApiVersions", .mandatory, .no, texts, mayBeEmpty: true),
        // "Mandatory", and empty for a component without a CSP.
        AttributeRule("csp", .mandatory, .no, texts, mayBeEmpty: true),
        AttributeRule("certifications", .mandatory, .no, texts, mayBeEmpty: true),
    ])

    static let executableLoadFile = EntityRules("ExecutableLoadFile", [
        id, owner,
        AttributeRule("aid", .assigned, .no, .aid),
        fileName,
        AttributeRule("type", .assigned, .no, .oneOf(["CAP"]), default: .string("CAP")),
        created, uploaded,
    ])

    static let cap = EntityRules("CAP", [
        AttributeRule("packageName", .assigned, .no, .text(255)),
        AttributeRule("importedPackages", .assigned, .no, .list(.text(255)), default: .array([])),
        AttributeRule("packageVersion", .assigned, .no, .text(7)),
        // Optional and editable in the table; no method takes it, and both members are found in the file.
        AttributeRule("technicalRequirements", .optional, .yes, .object(technicalRequirements)),
    ])

    static let technicalRequirements = EntityRules("TechnicalRequirements", [
        AttributeRule("javaCardVersion", .assigned, .no, .versionTag),
        AttributeRule("gpApiVersion", .assigned, .no, .text(7)),
    ])

    static let executableModule = EntityRules("ExecutableModule", [
        id,
        AttributeRule("elfId", .assigned, .no, .reference),
        AttributeRule("aid", .assigned, .no, .aid),
    ])

    static let personalizationScript = EntityRules("PersonalizationScript", [id, owner, fileName, created, uploaded])

    static let certificate = EntityRules("Certificate", [id, owner, fileName, created, uploaded])

    static let generalError = EntityRules("GeneralError", [
        AttributeRule("errorCategory", .mandatory, .no, .integer(1000...9999)),
        AttributeRule("errorMessage", .mandatory, .no, .text(255)),
    ])

    /// The 19 tables of TR-03165 4.1.4, 92 attributes.
    static let all = bodies + [serviceProvider, secureComponentProfile, executableLoadFile, cap, technicalRequirements, executableModule, personalizationScript,
                               certificate, generalError]
}
