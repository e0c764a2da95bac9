/// The instruction bytes of GPCS 2.3.1, table 11-3, and their names for people.
public enum Instruction {
    public static let manageChannel: UInt8 = 0x70
    public static let initializeUpdate: UInt8 = 0x50
    public static let externalAuthenticate: UInt8 = 0x82
    public static let select: UInt8 = 0xA4
    public static let getResponse: UInt8 = 0xC0
    public static let getData: UInt8 = 0xCA
    public static let putKey: UInt8 = 0xD8
    public static let storeData: UInt8 = 0xE2
    public static let delete: UInt8 = 0xE4
    public static let install: UInt8 = 0xE6
    public static let load: UInt8 = 0xE8
    public static let setStatus: UInt8 = 0xF0
    public static let getStatus: UInt8 = 0xF2

    /// The command's name, or "INS xx".
    public static func name(_ ins: UInt8) -> String {
        switch ins {
        case manageChannel: "MANAGE CHANNEL"
        case initializeUpdate: "INITIALIZE UPDATE"
        case externalAuthenticate: "EXTERNAL AUTHENTICATE"
        case select: "SELECT"
        case getResponse: "GET RESPONSE"
        case getData, 0xCB: "GET DATA"
        case putKey: "PUT KEY"
        case storeData: "STORE DATA"
        case delete: "DELETE"
        case install: "INSTALL"
        case load: "LOAD"
        case setStatus: "SET STATUS"
        case getStatus: "GET STATUS"
        default: "INS \(Hex.encodeUpperCase([ins]))"
        }
    }
}
