import GlobalPlatform
import Synchronization

/// A channel over a card connection.
final class CardChannel: Channel {
    private struct State {
        var isClosed = false
        var selectResponse: ResponseAPDU?
        var access: ChannelAccess
    }

    private let line: CardLine
    private let number: Int
    private let aid: AID?
    private let rules: ChannelRules
    private let state: Mutex<State>

    init(line: CardLine, number: Int, aid: AID?, selectResponse: ResponseAPDU?, rules: ChannelRules, access: ChannelAccess) {
        self.line = line
        self.number = number
        self.aid = aid
        self.rules = rules
        state = Mutex(State(selectResponse: selectResponse, access: access))
    }

    var isBasic: Bool { number == 0 }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    var selectResponse: ResponseAPDU? { state.withLock { $0.selectResponse } }

    func transmit(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU {
        if isClosed { throw .channelClosed }
        try check(command)
        let addressed: CommandAPDU
        // Class bytes that code no channel go out as they are, which only the basic channel can bear.
        do { addressed = command.cla & 0x60 == 0x20 ? command : try command.withChannel(number) } catch { throw .malformedCommand(error.description) }
        return try await line.exchange(addressed)
    }

    func selectNext() async throws(SecureComponentError) -> Bool {
        if isClosed { throw .channelClosed }
        guard let aid else { throw .commandNotAllowed("the channel was opened without an AID") }
        let response = try await line.select(SelectCommand(name: aid.bytes, next: true), channel: number)
        if response.statusWord.isSuccess || response.statusWord.isWarning {
            let access: ChannelAccess
            do { access = try rules.access(to: aid, selected: response) } catch {
                // It is selected now, and must not stay so.
                await close()
                throw error
            }
            state.withLock { state in
                state.selectResponse = response
                state.access = access
            }
            return true
        }
        guard [.applicationNotFound, .referencedDataNotFound].contains(response.statusWord) else {
            throw .selectionRefused(aid.bytes, response.statusWord)
        }
        return false
    }

    func close() async {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard wasOpen else { return }
        if isBasic {
            // Leaves no application of ours selected for whoever uses the basic channel next.
            if aid != nil, !line.isLost { _ = try? await line.select(SelectCommand(name: []), channel: 0) }
            line.returnBasicChannel()
        } else {
            await line.closeChannel(number)
        }
    }

    /// OMAPI, Channel.transmit: what would take the session's control over channels and selection away.
    private func check(_ command: CommandAPDU) throws(SecureComponentError) {
        guard command.cla != 0xFF else { throw .malformedCommand("class FF is none") }
        guard command.ins & 0xF0 != 0x60, command.ins & 0xF0 != 0x90 else { throw .malformedCommand("INS \(Hex.encodeUpperCase([command.ins])) is none") }
        guard isBasic || command.cla & 0x60 != 0x20 else {
            throw .malformedCommand("class \(Hex.encodeUpperCase([command.cla])) names no channel, so it can be sent on the basic one only")
        }
        let isInterindustry = !command.isProprietaryClass
        if isInterindustry, command.ins == Instruction.manageChannel { throw .commandNotAllowed("MANAGE CHANNEL is the session's") }
        if isInterindustry, command.ins == Instruction.select, command.p1 == 0x04 { throw .commandNotAllowed("SELECT by name is the session's") }
        guard command.data.count <= 65535 else { throw .malformedCommand("\(command.data.count) bytes of data are too many") }
        guard state.withLock({ $0.access }).allows(command) else {
            throw .accessDenied("no access rule lets this device app send \(Instruction.name(command.ins)) to \(aid?.description ?? "the default application")")
        }
    }
}
