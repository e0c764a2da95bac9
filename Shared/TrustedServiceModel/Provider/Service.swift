/// All data of a secure application over its life cycle (TR-03165 4.1.4.2). Every attribute is present in an answer; optional ones may be empty.
public struct Service: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// ID of the owning ServiceProvider.
    public var spId: String
    public var name: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set once.
    public var creationDate: String
    /// AID of the security domain that every instance of the Service gets; hexadecimal, unique, assigned.
    public var sdAid: String
    /// DeviceAppIDs (hashes, hexadecimal) that get an access rule at activation.
    public var accessAuthorizedDeviceApps: [String]
    /// Empty: none.
    public var sposConfigId: String
    /// Defaults for all Flavors; a Flavor's value wins.
    public var spParameters: [String: String]

    public init(id: String, spId: String, name: String, creationDate: String, sdAid: String, accessAuthorizedDeviceApps: [String] = [],
                sposConfigId: String = "", spParameters: [String: String] = [:]) {
        self.id = id
        self.spId = spId
        self.name = name
        self.creationDate = creationDate
        self.sdAid = sdAid
        self.accessAuthorizedDeviceApps = accessAuthorizedDeviceApps
        self.sposConfigId = sposConfigId
        self.spParameters = spParameters
    }
}
