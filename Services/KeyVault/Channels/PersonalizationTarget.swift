import GlobalPlatform

/// Whom STORE DATA reaches: the domain itself, or after INSTALL [for personalization] an application, up to the last block (GPCS 2.3.1, 7.3.3). Pure.
struct PersonalizationTarget: Sendable {
    let securityDomain: AID
    /// Bytes of the AID that INSTALL [for personalization] named.
    private var named: [UInt8]?

    init(securityDomain: AID) { self.securityDomain = securityDomain }

    var isApplication: Bool { named.map { $0 != securityDomain.bytes } ?? false }

    mutating func note(_ command: CommandAPDU) {
        switch command.ins {
        case Instruction.install where command.p1 == 0x20:
            // Two empty fields, then the AID.
            named = command.data.count > 3 && command.data[0] == 0 && command.data[1] == 0 ? Array(command.data.dropFirst(3).prefix(Int(command.data[2]))) : nil
        case Instruction.storeData:
            if command.p1 & 0x80 != 0 { named = nil }
        default: named = nil
        }
    }
}
