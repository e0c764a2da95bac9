/// INSTALL (GPCS 2.3.1, 11.5): `80 E6 P1 P2 …`, one case for each value of P1 that stands alone, and for the two combined ones.
public enum InstallCommand: Hashable, Sendable {
    case load(InstallForLoad)
    case install(InstallForInstall)
    case makeSelectable(InstallForMakeSelectable)
    /// The STORE DATA that follow go to this application.
    case personalization(AID)
    case extradition(InstallForExtradition)
    case registryUpdate(InstallForRegistryUpdate)
    /// The beginning and the end of [for load, install and make selectable]: the load file's LOAD commands stand between them.
    case beginCombined(InstallForLoad)
    case endCombined(InstallForInstall)

    /// INSTALL and what it is for, as the specification writes it.
    public var name: String {
        switch self {
        case .load: "INSTALL [for load]"
        case .install(let install): install.makeSelectable ? "INSTALL [for install and make selectable]" : "INSTALL [for install]"
        case .makeSelectable: "INSTALL [for make selectable]"
        case .personalization: "INSTALL [for personalization]"
        case .extradition: "INSTALL [for extradition]"
        case .registryUpdate: "INSTALL [for registry update]"
        case .beginCombined, .endCombined: "INSTALL [for load, install and make selectable]"
        }
    }

    public var p1: UInt8 {
        switch self {
        case .load: 0x02
        case .install(let install): install.makeSelectable ? 0x0C : 0x04
        case .makeSelectable: 0x08
        case .personalization: 0x20
        case .extradition: 0x10
        case .registryUpdate: 0x40
        case .beginCombined, .endCombined: 0x0E
        }
    }

    /// Where the command stands in a combined process.
    public var p2: UInt8 {
        switch self {
        case .beginCombined: 0x01
        case .endCombined: 0x03
        default: 0x00
        }
    }

    /// The command, before secure messaging; throws when a field is longer than its length byte can say or the data than 255 bytes.
    public func apdu() throws(FormatError) -> CommandAPDU {
        let data: [UInt8]
        switch self {
        case .load(let load): data = try load.encoded()
        case .install(let install): data = try install.encoded(name)
        case .makeSelectable(let selectable): data = try selectable.encoded()
        case .personalization(let aid): data = try [0x00, 0x00] + LV.encode(aid.bytes) + [0x00, 0x00, 0x00]
        case .extradition(let extradition): data = try extradition.encoded()
        case .registryUpdate(let update): data = try update.encoded()
        case .beginCombined(let load): data = try load.encoded()
        case .endCombined(let install): data = try install.encoded(name)
        }
        guard data.count <= 255 else { throw FormatError(.length, name, "data", "\(data.count) bytes do not fit one command") }
        return CommandAPDU(cla: 0x80, ins: Instruction.install, p1: p1, p2: p2, data: data, expectedLength: 256)
    }

    /// Reads the command as a card does: every field, nothing after the last. Chained commands (P1.b8) are refused.
    public static func parse(_ command: CommandAPDU) throws(FormatError) -> InstallCommand {
        guard command.ins == Instruction.install else { throw FormatError(.instruction, "INSTALL", "INS", "it is another command") }
        if command.p1 == 0x0E {
            switch command.p2 {
            case 0x01: return .beginCombined(try InstallForLoad(parsing: command.data))
            case 0x03: return .endCombined(try InstallForInstall(parsing: command.data, makeSelectable: true))
            default: throw FormatError(.parameters, "INSTALL", "P2", "a combined process begins with 01 and ends with 03")
            }
        }
        guard command.p2 == 0x00 else { throw FormatError(.parameters, "INSTALL", "P2", "only 0E is a combined process") }
        switch command.p1 {
        case 0x02: return .load(try InstallForLoad(parsing: command.data))
        case 0x04: return .install(try InstallForInstall(parsing: command.data, makeSelectable: false))
        case 0x0C: return .install(try InstallForInstall(parsing: command.data, makeSelectable: true))
        case 0x08: return .makeSelectable(try InstallForMakeSelectable(parsing: command.data))
        case 0x10: return .extradition(try InstallForExtradition(parsing: command.data))
        case 0x20:
            var reader = FieldReader(command.data, structure: "INSTALL [for personalization]")
            try reader.empty("first field")
            try reader.empty("second field")
            let aid = try reader.aid("application AID")
            for place in ["fourth field", "parameters", "sixth field"] { try reader.empty(place) }
            try reader.finish()
            return .personalization(aid)
        case 0x40: return .registryUpdate(try InstallForRegistryUpdate(parsing: command.data))
        default: throw FormatError(.parameters, "INSTALL", "P1", "02, 04, 08, 0C, 0E, 10, 20 or 40 was expected")
        }
    }
}

extension FieldReader {
    mutating func parametersAndToken() throws(FormatError) -> (parameters: InstallParameters, token: [UInt8]) {
        let plain = try parametersField()
        let token = try field("token")
        try finish()
        return (try InstallParameters(parsing: plain), token)
    }

    /// The parameters field. Its length is one byte; hosts that follow BER write 81 before lengths of 128 and more, which the bytes left tell apart.
    mutating func parametersField() throws(FormatError) -> [UInt8] {
        var berLength = self
        if let value = try? berLength.berField("parameters"), value.count >= 0x80, berLength.endsWithOneField {
            self = berLength
            return value
        }
        return try field("parameters")
    }

    private var endsWithOneField: Bool {
        var rest = self
        return (try? rest.field("token")) != nil && rest.isAtEnd
    }
}
