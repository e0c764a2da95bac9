/// INSTALL [for load] (GPCS 2.3.1, 11.5.2.3.1): announces a load file.
public struct InstallForLoad: Hashable, Sendable {
    public var loadFile: AID
    /// The security domain that it will belong to; nil = the one that is selected.
    public var securityDomain: AID?
    /// Over the load file data block, SHA-256 here; empty = none.
    public var loadFileDataBlockHash: [UInt8]
    public var parameters: InstallParameters
    /// Needed under delegated management alone.
    public var token: [UInt8]

    public init(loadFile: AID, securityDomain: AID? = nil, loadFileDataBlockHash: [UInt8] = [], parameters: InstallParameters = InstallParameters(), token: [UInt8] = []) {
        self.loadFile = loadFile
        self.securityDomain = securityDomain
        self.loadFileDataBlockHash = loadFileDataBlockHash
        self.parameters = parameters
        self.token = token
    }

    static let structure = "INSTALL [for load]"

    init(parsing data: [UInt8]) throws(FormatError) {
        var reader = FieldReader(data, structure: InstallForLoad.structure)
        loadFile = try reader.aid("load file AID")
        securityDomain = try reader.optionalAID("security domain AID")
        loadFileDataBlockHash = try reader.field("load file data block hash")
        guard [0, 20, 32, 48, 64].contains(loadFileDataBlockHash.count) else {
            throw FormatError(.data, InstallForLoad.structure, "load file data block hash", "\(loadFileDataBlockHash.count) bytes are no hash")
        }
        (parameters, token) = try reader.parametersAndToken()
    }

    func encoded() throws(FormatError) -> [UInt8] {
        let structure = InstallForLoad.structure
        return try LV.encode(loadFile.bytes) + LV.encode(securityDomain?.bytes ?? [])
            + LV.encode(loadFileDataBlockHash, structure, "load file data block hash")
            + LV.encode(parameters.bytes, structure, "parameters") + LV.encode(token, structure, "token")
    }
}
