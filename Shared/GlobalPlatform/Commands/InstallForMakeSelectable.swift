/// INSTALL [for make selectable] (GPCS 2.3.1, 11.5.2.3.3).
public struct InstallForMakeSelectable: Hashable, Sendable {
    public var application: AID
    /// nil is written as the single byte 00: the privileges stay as they were.
    public var privileges: Privileges?
    public var parameters: InstallParameters
    public var token: [UInt8]

    public init(application: AID, privileges: Privileges? = nil, parameters: InstallParameters = InstallParameters(), token: [UInt8] = []) {
        self.application = application
        self.privileges = privileges
        self.parameters = parameters
        self.token = token
    }

    static let structure = "INSTALL [for make selectable]"

    init(parsing data: [UInt8]) throws(FormatError) {
        var reader = FieldReader(data, structure: InstallForMakeSelectable.structure)
        try reader.empty("first field")
        try reader.empty("second field")
        application = try reader.aid("application AID")
        let privileges = try reader.field("privileges")
        self.privileges = privileges.isEmpty || privileges == [0x00] ? nil : try Privileges(bytes: privileges)
        (parameters, token) = try reader.parametersAndToken()
    }

    func encoded() throws(FormatError) -> [UInt8] {
        let structure = InstallForMakeSelectable.structure
        return try [0x00, 0x00] + LV.encode(application.bytes) + LV.encode(privileges?.bytes ?? [0x00])
            + LV.encode(parameters.bytes, structure, "parameters") + LV.encode(token, structure, "token")
    }
}
