/// INSTALL [for install], and with `makeSelectable` [for install and make selectable] (GPCS 2.3.1, 11.5.2.3.2).
public struct InstallForInstall: Hashable, Sendable {
    public var loadFile: AID
    public var module: AID
    /// The AID by which the application will be selected.
    public var application: AID
    public var privileges: Privileges
    /// C9 is there in any case, empty when `applicationSpecific` is nil.
    public var parameters: InstallParameters
    public var token: [UInt8]
    public var makeSelectable: Bool

    public init(loadFile: AID, module: AID, application: AID, privileges: Privileges = [], parameters: InstallParameters = InstallParameters(),
                token: [UInt8] = [], makeSelectable: Bool) {
        self.loadFile = loadFile
        self.module = module
        self.application = application
        self.privileges = privileges
        self.parameters = parameters
        self.token = token
        self.makeSelectable = makeSelectable
    }

    /// A supplementary security domain, selectable at once, from the card's own security domain package.
    public init(securityDomain: AID, privileges: Privileges = .serviceProviderSecurityDomain, parameters: SecurityDomainParameters,
                system: SystemParameters = SystemParameters(), loadFile: AID = .securityDomainPackage, module: AID = .securityDomainModule) {
        self.init(loadFile: loadFile, module: module, application: securityDomain, privileges: privileges,
                  parameters: InstallParameters(securityDomain: parameters, system: system), makeSelectable: true)
    }

    init(parsing data: [UInt8], makeSelectable: Bool) throws(FormatError) {
        let structure = makeSelectable ? "INSTALL [for install and make selectable]" : "INSTALL [for install]"
        var reader = FieldReader(data, structure: structure)
        loadFile = try reader.aid("load file AID")
        module = try reader.aid("module AID")
        application = try reader.aid("application AID")
        privileges = try Privileges(bytes: reader.field("privileges"))
        (parameters, token) = try reader.parametersAndToken()
        guard parameters.applicationSpecific != nil else { throw FormatError(.data, structure, "parameters", "C9 is missing") }
        self.makeSelectable = makeSelectable
    }

    func encoded(_ structure: String) throws(FormatError) -> [UInt8] {
        var parameters = parameters
        if parameters.applicationSpecific == nil { parameters.applicationSpecific = [] }
        return try LV.encode(loadFile.bytes) + LV.encode(module.bytes) + LV.encode(application.bytes) + LV.encode(privileges.bytes)
            + LV.encode(parameters.bytes, structure, "parameters") + LV.encode(token, structure, "token")
    }
}
