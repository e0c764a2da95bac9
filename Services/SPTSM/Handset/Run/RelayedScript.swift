import GlobalPlatform
import SEIAPI
import TrustedServiceModel

/// What an issuer's script must look like before it is relayed to a handset (design section 5): opaque, but bounded and addressed.
enum RelayedScript {
    static let maximumCommands = 256
    static let maximumBytes = 64 * 1024

    /// - Parameters:
    ///   - securityDomain: the only AID that the script may SELECT, as its first command.
    ///   - mustSelect: the session begins here; else it may go on in the open channel.
    /// - Returns: whether it begins with SELECT.
    @discardableResult
    static func check(_ commands: [HexBytes], securityDomain: AID, mustSelect: Bool) throws(RunFailure) -> Bool {
        guard commands.count <= maximumCommands, commands.reduce(0, { $0 + $1.bytes.count }) <= maximumBytes else {
            throw RunFailure(.issuerError, "the issuer's script is larger than this TSM relays")
        }
        var selects = false
        for (index, bytes) in commands.enumerated() {
            guard let command = try? CommandAPDU(bytes: bytes.bytes) else { throw RunFailure(.issuerError, "the issuer's script holds something that is no C-APDU") }
            let isInterindustry = command.cla & 0x80 == 0
            if isInterindustry && command.ins == Instruction.select {
                guard index == 0, command.data == securityDomain.bytes else { throw RunFailure(.issuerError, "the issuer's script selects something else than its security domain") }
                selects = true
            }
            guard !(isInterindustry && command.ins == Instruction.manageChannel) else { throw RunFailure(.issuerError, "the issuer's script manages channels, which is the handset's part") }
            if command.ins == Instruction.initializeUpdate && !isInterindustry && command.p1 == 0 {
                throw RunFailure(.issuerError, "the issuer's script leaves the key version to the card")
            }
        }
        guard selects || !mustSelect else { throw RunFailure(.issuerError, "the issuer's script does not begin with SELECT of its own security domain") }
        return selects
    }
}
