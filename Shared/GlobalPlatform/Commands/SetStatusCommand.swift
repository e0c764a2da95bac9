/// SET STATUS (GPCS 2.3.1, 11.10): `80 F0 P1 P2 AID`, the AID without a length, no Le.
public struct SetStatusCommand: Hashable, Sendable {
    /// P1.
    public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
        case card = 0x80
        case application = 0x40
        /// A security domain and the applications associated with it.
        case securityDomainAndApplications = 0x60
    }

    public var scope: Scope
    /// P2: a card state, 80 = lock, 00 = unlock, 0F = PERSONALIZED.
    public var stateControl: UInt8
    /// nil for the card's own state.
    public var aid: AID?

    public init(scope: Scope, stateControl: UInt8, aid: AID?) {
        self.scope = scope
        self.stateControl = stateControl
        self.aid = aid
    }

    public static func lock(_ aid: AID) -> SetStatusCommand { SetStatusCommand(scope: .application, stateControl: 0x80, aid: aid) }
    public static func unlock(_ aid: AID) -> SetStatusCommand { SetStatusCommand(scope: .application, stateControl: 0x00, aid: aid) }
    /// A SELECTABLE security domain says of itself that it is PERSONALIZED.
    public static func personalized(_ aid: AID) -> SetStatusCommand { SetStatusCommand(scope: .application, stateControl: 0x0F, aid: aid) }
    public static func card(_ state: CardState) -> SetStatusCommand { SetStatusCommand(scope: .card, stateControl: state.rawValue, aid: nil) }

    /// Whether it asks for LOCKED, where it speaks of applications.
    public var locks: Bool { stateControl & 0x80 != 0 }

    public var apdu: CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.setStatus, p1: scope.rawValue, p2: stateControl, data: aid?.bytes ?? [])
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> SetStatusCommand {
        let structure = "SET STATUS"
        guard command.ins == Instruction.setStatus else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard let scope = Scope(rawValue: command.p1) else { throw FormatError(.parameters, structure, "P1", "80, 40 or 60 was expected") }
        if scope == .card {
            // GPCS 2.3.1, 11.10.2.3: the data field is ignored where the card's state is set.
            return SetStatusCommand(scope: scope, stateControl: command.p2, aid: nil)
        }
        do {
            return SetStatusCommand(scope: scope, stateControl: command.p2, aid: try AID(command.data))
        } catch {
            throw FormatError(.data, structure, "AID", error.description)
        }
    }
}
