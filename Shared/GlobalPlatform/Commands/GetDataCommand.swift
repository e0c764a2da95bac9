/// GET DATA (GPCS 2.3.1, 11.3): `80 CA tag [data] 00`.
public struct GetDataCommand: Hashable, Sendable {
    /// P1 P2.
    public var tag: UInt16
    /// Only the search of access rules (FF50) has any.
    public var data: [UInt8]

    public init(tag: UInt16, data: [UInt8] = []) {
        self.tag = tag
        self.data = data
    }

    public static let cardProductionLifeCycle = GetDataCommand(tag: 0x9F7F)
    /// IIN, of a supplementary security domain its provider's (SIN).
    public static let issuerIdentificationNumber = GetDataCommand(tag: 0x0042)
    /// CIN, of a supplementary security domain its image number (SDIN).
    public static let cardImageNumber = GetDataCommand(tag: 0x0045)
    public static let cardRecognitionData = GetDataCommand(tag: 0x0066)
    public static let cardCapabilityInformation = GetDataCommand(tag: 0x0067)
    public static let keyInformation = GetDataCommand(tag: 0x00E0)
    /// The sequence counter of the default key set (Amendment D, 7.1.1.6 of the card's data).
    public static let sequenceCounter = GetDataCommand(tag: 0x00C1)
    /// The number of the last receipt.
    public static let confirmationCounter = GetDataCommand(tag: 0x00C2)
    public static let keyDiversificationData = GetDataCommand(tag: 0x00CF)
    /// ETSI TS 102 226: free memory and number of applications.
    public static let extendedCardResources = GetDataCommand(tag: 0xFF21)
    /// Access rules (GPD_SPE_013): all, the next part, refresh tag, configuration.
    public static let allAccessRules = GetDataCommand(tag: 0xFF40)
    public static let nextAccessRules = GetDataCommand(tag: 0xFF60)
    public static let accessRulesRefreshTag = GetDataCommand(tag: 0xDF20)
    public static let accessRulesConfiguration = GetDataCommand(tag: 0xDF21)

    public var apdu: CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.getData, p1: UInt8(tag >> 8), p2: UInt8(tag & 0xFF), data: data, expectedLength: 256)
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> GetDataCommand {
        guard command.ins == Instruction.getData else { throw FormatError(.instruction, "GET DATA", "INS", "it is another command") }
        return GetDataCommand(tag: UInt16(command.p1) << 8 | UInt16(command.p2), data: command.data)
    }
}
