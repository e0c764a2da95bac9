/// INSTALL [for registry update] (GPCS 2.3.1, 11.5.2.3.5): changes privileges, association or parameters of what is installed.
public struct InstallForRegistryUpdate: Hashable, Sendable {
    /// The security domain to move to; nil = no move.
    public var securityDomain: AID?
    public var application: AID
    /// nil = unchanged.
    public var privileges: Privileges?
    public var parameters: InstallParameters
    public var token: [UInt8]

    public init(securityDomain: AID? = nil, application: AID, privileges: Privileges? = nil, parameters: InstallParameters = InstallParameters(), token: [UInt8] = []) {
        self.securityDomain = securityDomain
        self.application = application
        self.privileges = privileges
        self.parameters = parameters
        self.token = token
    }

    static let structure = "INSTALL [for registry update]"

    init(parsing data: [UInt8]) throws(FormatError) {
        var reader = FieldReader(data, structure: InstallForRegistryUpdate.structure)
        securityDomain = try reader.optionalAID("security domain AID")
        try reader.empty("second field")
        application = try reader.aid("application AID")
        let privileges = try reader.field("privileges")
        self.privileges = privileges.isEmpty ? nil : try Privileges(bytes: privileges)
        (parameters, token) = try reader.parametersAndToken()
    }

    func encoded() throws(FormatError) -> [UInt8] {
        let structure = InstallForRegistryUpdate.structure
        return try LV.encode(securityDomain?.bytes ?? []) + [0x00] + LV.encode(application.bytes) + LV.encode(privileges?.bytes ?? [])
            + LV.encode(parameters.bytes, structure, "parameters") + LV.encode(token, structure, "token")
    }
}
