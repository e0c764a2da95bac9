/// INSTALL [for extradition] (GPCS 2.3.1, 11.5.2.3.4): another security domain takes over an application or load file.
public struct InstallForExtradition: Hashable, Sendable {
    public var newSecurityDomain: AID
    /// The application or load file that moves.
    public var object: AID
    public var parameters: InstallParameters
    public var token: [UInt8]

    public init(newSecurityDomain: AID, object: AID, parameters: InstallParameters = InstallParameters(), token: [UInt8] = []) {
        self.newSecurityDomain = newSecurityDomain
        self.object = object
        self.parameters = parameters
        self.token = token
    }

    static let structure = "INSTALL [for extradition]"

    init(parsing data: [UInt8]) throws(FormatError) {
        var reader = FieldReader(data, structure: InstallForExtradition.structure)
        newSecurityDomain = try reader.aid("security domain AID")
        try reader.empty("second field")
        object = try reader.aid("application or load file AID")
        try reader.empty("fourth field")
        (parameters, token) = try reader.parametersAndToken()
    }

    func encoded() throws(FormatError) -> [UInt8] {
        let structure = InstallForExtradition.structure
        return try LV.encode(newSecurityDomain.bytes) + [0x00] + LV.encode(object.bytes) + [0x00]
            + LV.encode(parameters.bytes, structure, "parameters") + LV.encode(token, structure, "token")
    }
}
