/// A token: the signature over a management command by which the card's owner lets a domain with Delegated Management have it executed
/// (GPCS 2.3.1, 9.1.3.3 and C.4).
public enum ManagementToken {
    /// What is signed: P1, P2, the length of what follows, and the data of the command without its token field.
    /// - Parameter command: INSTALL or DELETE before secure messaging, with or without its token.
    public static func signedData(of command: CommandAPDU) throws(FormatError) -> [UInt8] {
        let data: [UInt8]
        switch command.ins {
        case Instruction.install: data = try installData(command)
        case Instruction.delete: data = try TLV.read(command.data, "DELETE", "data").filter { $0.tag != 0x9E }.bytes
        default: throw FormatError(.instruction, "token", "INS", "only INSTALL and DELETE have tokens")
        }
        guard let length = UInt8(exactly: data.count) else { throw FormatError(.length, "token", "data", "\(data.count) bytes are too many") }
        return [command.p1, command.p2, length] + data
    }

    /// All fields but the last, which is the token. Before the parameters there are four, and three where a load file is announced.
    private static func installData(_ command: CommandAPDU) throws(FormatError) -> [UInt8] {
        let announcesLoadFile = command.p1 == 0x02 || (command.p1 == 0x0E && command.p2 == 0x01)
        var reader = FieldReader(command.data, structure: "token")
        for number in 1...(announcesLoadFile ? 3 : 4) { _ = try reader.field("field \(number)") }
        _ = try reader.parametersField()
        let end = reader.offset
        _ = try reader.field("token")
        try reader.finish()
        return Array(command.data[..<end])
    }
}

/// Control reference template for digital signature, B6 in the parameters of INSTALL or in DELETE (GPCS 2.3.1, table 11-54): whose token this is.
public struct TokenReference: Hashable, Sendable {
    /// 42 and 45: identification and image number of the security domain that verifies the token.
    public var identificationNumber: [UInt8]?
    public var imageNumber: [UInt8]?
    /// 5F20.
    public var applicationProvider: [UInt8]?
    /// 93: the token's number, which grows from token to token of one domain.
    public var tokenIdentifier: [UInt8]?

    public init(identificationNumber: [UInt8]? = nil, imageNumber: [UInt8]? = nil, applicationProvider: [UInt8]? = nil, tokenIdentifier: [UInt8]? = nil) {
        self.identificationNumber = identificationNumber
        self.imageNumber = imageNumber
        self.applicationProvider = applicationProvider
        self.tokenIdentifier = tokenIdentifier
    }

    /// Reads B6 itself; a tag that it does not have is an error, a tag that comes twice too.
    public init(parsing object: TLV) throws(FormatError) {
        let structure = "control reference template"
        guard object.tag == 0xB6 else { throw FormatError(.data, structure, "tag", "B6 was expected, not \(object.tag)") }
        self.init()
        var seen: Set<TLVTag> = []
        for part in try object.read(structure) {
            guard seen.insert(part.tag).inserted, (1...32).contains(part.value.count) else {
                throw FormatError(.data, structure, "\(part.tag)", "it occurs twice, or has not 1 to 32 bytes")
            }
            switch part.tag {
            case 0x42: identificationNumber = part.value
            case 0x45: imageNumber = part.value
            case 0x5F20: applicationProvider = part.value
            case 0x93: tokenIdentifier = part.value
            default: throw FormatError(.data, structure, "\(part.tag)", "it is unknown")
            }
        }
    }

    /// B6 in a list of objects; nil when there is none.
    public static func find(in objects: [TLV]) throws(FormatError) -> TokenReference? {
        let references = objects.all(0xB6)
        guard references.count <= 1 else { throw FormatError(.data, "control reference template", "B6", "it occurs twice") }
        guard let reference = references.first else { return nil }
        return try TokenReference(parsing: reference)
    }

    public var encoded: TLV {
        let parts: [(TLVTag, [UInt8]?)] = [(0x42, identificationNumber), (0x45, imageNumber), (0x5F20, applicationProvider), (0x93, tokenIdentifier)]
        return TLV(0xB6, parts.compactMap { tag, value in value.map { TLV(tag, $0) } })
    }
}
