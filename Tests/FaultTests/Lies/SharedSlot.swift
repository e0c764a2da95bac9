import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization

/// A slot whose card another program uses as well: once, before a command of ours, it begins a session with the issuer security domain.
final class SharedSlot: CardConnector {
    private struct State {
        var commands = 0
        var intrusion: Int?
    }

    let name = "eSE1"
    private let card: SimulatedCard
    private let state = Mutex(State())

    init(_ card: SimulatedCard) { self.card = card }

    /// - Parameter command: counted from now.
    func intrude(at command: Int) { state.withLock { $0 = State(commands: 0, intrusion: command) } }

    var hasIntruded: Bool { state.withLock { $0.intrusion == nil } }

    var isCardPresent: Bool { true }

    func connect() async throws(SecureComponentError) -> any CardConnection { Connection(slot: self) }

    private func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        let isDue = state.withLock { state in
            defer { state.commands += 1 }
            guard state.intrusion == state.commands else { return false }
            state.intrusion = nil
            return true
        }
        if isDue {
            _ = try card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu.bytes)
            _ = try card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]).bytes)
        }
        return try card.transmit(command)
    }

    private struct Connection: CardConnection {
        let slot: SharedSlot
        var atr: [UInt8] { slot.card.atr }
        func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8] { try slot.transmit(command) }
        func reset() async throws(SecureComponentError) { slot.card.reset() }
        func disconnect() async {}
    }
}
