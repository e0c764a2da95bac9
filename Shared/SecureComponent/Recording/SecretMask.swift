import GlobalPlatform

/// A command and its response with everything taken out that may be a secret. Nothing else can be written into a transcript, and only
/// ``SecretMask`` makes one.
public struct MaskedExchange: Hashable, Sendable {
    public let command: MaskedBytes
    public let response: MaskedBytes

    fileprivate init(command: MaskedBytes, response: MaskedBytes) {
        self.command = command
        self.response = response
    }
}

/// Decides what of a dialog with a component may be written down.
///
/// A list of what is told, not of what is hidden: header and length of each command and the status word, and the data of those commands
/// that are known to carry neither key nor personal data. Everything else is masked byte by byte: data of PUT KEY, STORE DATA, LOAD
/// and INSTALL [for install] (whose parameters are the application's), ciphertext as well, and all data to and from applications.
/// That an application is a security domain, and GlobalPlatform's commands mean what they say, is known from the answer to SELECT.
public struct SecretMask: Sendable {
    private enum Selected: Sendable { case unknown, securityDomain, accessRules, application }

    /// By logical channel.
    private var selected: [Int: Selected] = [:]
    /// By logical channel: whether the rest of a response that GET RESPONSE fetches may be told.
    private var isRestTold: [Int: Bool] = [:]

    public init() {}

    /// Data objects that GET DATA reads from any card without a key: CPLC, IIN, CIN, recognition data, capabilities, resources.
    private static let publicObjects: Set<UInt16> = [0x9F7F, 0x0042, 0x0045, 0x0066, 0x0067, 0xFF21]
    /// From a security domain: key information (no keys), sequence counter, diversification data, and what it lists.
    private static let domainObjects: Set<UInt16> = [0x00E0, 0x00C1, 0x00CF, 0x2F00, 0x00D3]
    private static let ruleObjects: Set<UInt16> = [0xFF40, 0xFF50, 0xFF60, 0xDF20, 0xDF21]

    /// The component lost power or was reset: other applications are selected.
    public mutating func reset() {
        selected = [:]
        isRestTold = [:]
    }

    /// - Parameter response: empty when none came.
    public mutating func mask(command: [UInt8], response: [UInt8]) -> MaskedExchange {
        guard let parsed = try? CommandAPDU(bytes: command) else {
            // No command: its first four bytes are told, so that a reader of the transcript sees what the component refused.
            return MaskedExchange(command: Self.masked(command, from: min(4, command.count), to: command.count), response: Self.hidden(response))
        }
        let tells = tells(parsed)
        note(parsed, response)
        isRestTold[parsed.logicalChannel] = tells.response
        return MaskedExchange(command: tells.command ? MaskedBytes(command) : Self.hidden(parsed, command), response: tells.response ? MaskedBytes(response) : Self.hidden(response))
    }

    private func tells(_ command: CommandAPDU) -> (command: Bool, response: Bool) {
        let here = selected[command.logicalChannel] ?? .unknown
        let none = (command: command.data.isEmpty, response: false)
        if !command.isProprietaryClass {
            switch command.ins {
            case Instruction.select where command.p1 == 0x04: return (true, true)
            case Instruction.manageChannel: return (true, true)
            case Instruction.getResponse: return (true, isRestTold[command.logicalChannel] ?? false)
            default: break
            }
        }
        switch (command.ins, here) {
        case (Instruction.getData, _):
            let tag = UInt16(command.p1) << 8 | UInt16(command.p2)
            let isTold = Self.publicObjects.contains(tag) || here == .securityDomain && Self.domainObjects.contains(tag) || here == .accessRules && Self.ruleObjects.contains(tag)
            return isTold ? (true, true) : none
        case (Instruction.initializeUpdate, .securityDomain), (Instruction.externalAuthenticate, .securityDomain), (Instruction.getStatus, .securityDomain),
             (Instruction.setStatus, .securityDomain), (Instruction.delete, .securityDomain):
            return (true, true)
        case (Instruction.install, .securityDomain):
            // 04 and 08: parameters of the application's own may be in it.
            return (command.p1 & 0x0C == 0, true)
        default:
            return none
        }
    }

    /// Follows what is selected where.
    private mutating func note(_ command: CommandAPDU, _ response: [UInt8]) {
        guard !command.isProprietaryClass, let answer = try? ResponseAPDU(bytes: response) else { return }
        if command.ins == Instruction.manageChannel {
            // Opened or closed: whatever was selected there is not any more.
            selected[answer.data.first.map(Int.init) ?? Int(command.p2)] = nil
            return
        }
        guard command.ins == Instruction.select, command.p1 == 0x04 else { return }
        // A failed SELECT leaves the selection as it was.
        guard !answer.statusWord.isError else { return }
        selected[command.logicalChannel] = Self.kind(answer.data, asked: command.data)
    }

    private static func kind(_ data: [UInt8], asked: [UInt8]) -> Selected {
        if asked == AID.accessRuleApplicationMaster.bytes { return .accessRules }
        guard let answer = try? SelectResponse(parsing: data) else {
            return asked == AID.issuerSecurityDomain.bytes ? .securityDomain : .application
        }
        if answer.aid == .accessRuleApplicationMaster { return .accessRules }
        // 73 is security domain management data (GPCS 2.3.1, 11.9.3.1): applications have none.
        return answer.managementData != nil || answer.aid == .issuerSecurityDomain ? .securityDomain : .application
    }

    private static func masked(_ bytes: [UInt8], from start: Int, to end: Int) -> MaskedBytes { MaskedBytes(bytes, masked: start < end ? start..<end : nil) }

    /// Header, Lc and Le stay.
    private static func hidden(_ command: CommandAPDU, _ bytes: [UInt8]) -> MaskedBytes {
        let start = command.isExtended || bytes.count > 4 && bytes[4] == 0 ? 7 : 5
        return masked(bytes, from: start, to: min(start + command.data.count, bytes.count))
    }

    /// The status word stays.
    private static func hidden(_ response: [UInt8]) -> MaskedBytes { masked(response, from: 0, to: max(response.count - 2, 0)) }
}
