import GlobalPlatform

/// What instances of one module take and answer while bytecode is not executed. A table of these stands for the applets of known CAP files.
struct SinkDescription: Hashable, Sendable {
    /// How one command is answered.
    enum Answer: Hashable, Sendable {
        case constant([UInt8])
        /// A personalised field, empty when there is none.
        case field(UInt8)
        /// From offset P1 P2 of the token, at most so many bytes.
        case token(page: Int)
        /// P2 = offset into a buffer of so many bytes, Le = length.
        case readBuffer(size: Int)
        case writeBuffer(size: Int)
        /// A two-byte number that grows with each command.
        case count
    }

    struct Command: Hashable, Sendable {
        /// nil: any class.
        var cla: UInt8?
        var ins: UInt8
        var answer: Answer
    }

    /// A field of personalisation data: one byte of tag, one of length.
    struct Field: Hashable, Sendable {
        var tag: UInt8
        var lengths: ClosedRange<Int>
        /// Where installation parameters set it: their first bytes, so many.
        var fromInstallParameters = 0
    }

    var package: [UInt8]
    var version: VersionNumber
    var module: [UInt8]
    /// Most bytes of attestation token; 0 where there is none.
    var tokenCapacity = 0
    var fields: [Field] = []
    var commands: [Command] = []
    var isMultiSelectable = false

    /// Keeps any personalisation data and gives its data objects back by GET DATA.
    static func generic(package: AID, version: VersionNumber, module: AID) -> SinkDescription {
        SinkDescription(package: package.bytes, version: version, module: module.bytes)
    }

    var isGeneric: Bool { commands.isEmpty && fields.isEmpty && tokenCapacity == 0 }

    /// From the table, else generic.
    static func find(package: AID, version: VersionNumber, module: AID) -> SinkDescription {
        known.first { $0.package == package.bytes && $0.version == version && $0.module == module.bytes }
            ?? generic(package: package, version: version, module: module)
    }
}

extension SinkDescription {
    /// The CAP files that the testbed deploys.
    static let known: [SinkDescription] = [ticket(minor: 0), ticket(minor: 1), store, counter]

    private static let vendor: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53]

    private static func ticket(minor: Int) -> SinkDescription {
        var commands = [
            Command(cla: 0x80, ins: 0x10, answer: .field(0xC0)), Command(cla: 0x80, ins: 0x12, answer: .token(page: 240)),
            Command(cla: 0x80, ins: 0x30, answer: .constant([0x01, UInt8(minor)])),
        ]
        if minor >= 1 { commands.append(Command(cla: 0x80, ins: 0x22, answer: .field(0xC2))) }
        return SinkDescription(
            package: vendor + [0x01, 0x01], version: VersionNumber([1, minor]), module: vendor + [0x01, 0x01, 0x01], tokenCapacity: 512,
            fields: [Field(tag: 0xC0, lengths: 0...64), Field(tag: 0xC1, lengths: 16...16), Field(tag: 0xC2, lengths: 2...2, fromInstallParameters: 2)],
            commands: commands)
    }

    private static let store = SinkDescription(
        package: vendor + [0x01, 0x02], version: VersionNumber([1, 0]), module: vendor + [0x01, 0x02, 0x01],
        commands: [Command(ins: 0xD0, answer: .writeBuffer(size: 256)), Command(ins: 0xB0, answer: .readBuffer(size: 256))])

    private static let counter = SinkDescription(
        package: vendor + [0x01, 0x02], version: VersionNumber([1, 0]), module: vendor + [0x01, 0x02, 0x02],
        commands: [Command(ins: 0x40, answer: .count)])
}
