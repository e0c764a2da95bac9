import CPCSC
import GlobalPlatform

/// How a component was switched on to speak. What a program sends differs: T=1 carries APDUs as they are, T=0 does not (ISO/IEC 7816-3, 12.2).
enum TransmissionProtocol: Hashable, Sendable {
    case t0, t1

    /// - Parameter active: SCARD_PROTOCOL_…; anything but T=0 is spoken to as T=1.
    init(active: DWORD) {
        self = active == DWORD(SCARD_PROTOCOL_T0) ? .t0 : .t1
    }

    var identifier: DWORD {
        switch self {
        case .t0: DWORD(SCARD_PROTOCOL_T0)
        case .t1: DWORD(SCARD_PROTOCOL_T1)
        }
    }

    /// What goes to the reader. With T=0 a command has no Le beside data: the component announces its data by 61xx (12.2.5).
    /// A command of four bytes is sent as four: the reader's driver adds P3.
    /// - Throws: `malformedCommand` for extended lengths with T=0, which has none.
    func outgoing(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        guard self == .t0, command.count > 5 else { return command }
        guard command[4] != 0 else { throw .malformedCommand("the component speaks T=0, which has no extended lengths; send at most 255 bytes at a time") }
        return command.count == 6 + Int(command[4]) ? Array(command.dropLast()) : command
    }
}
