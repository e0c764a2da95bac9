import GlobalPlatform
import Synchronization

/// A session over a card connection.
final class CardSession: Session {
    private struct State {
        var isClosed = false
        var channels: [CardChannel] = []
    }

    private let line: CardLine
    private let accessControl: AccessControlEnforcer
    private let onClose: @Sendable () async -> Void
    private let state = Mutex(State())

    init(line: CardLine, accessControl: AccessControlEnforcer, onClose: @escaping @Sendable () async -> Void) {
        self.line = line
        self.accessControl = accessControl
        self.onClose = onClose
    }

    var atr: [UInt8] { line.connection.atr }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func openBasicChannel(_ aid: AID?) async throws(SecureComponentError) -> any Channel {
        let rules = try await checkedRules(for: aid)
        guard line.takeBasicChannel() else { throw .channelNotAvailable("the basic channel is in use") }
        do {
            return try await openChannel(aid, 0, rules)
        } catch {
            line.returnBasicChannel()
            throw error
        }
    }

    func openLogicalChannel(_ aid: AID?) async throws(SecureComponentError) -> any Channel {
        let rules = try await checkedRules(for: aid)
        let number = try await line.openChannel()
        do {
            return try await openChannel(aid, number, rules)
        } catch {
            await line.closeChannel(number)
            throw error
        }
    }

    func closeChannels() async {
        let channels = state.withLock { state in
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels { await channel.close() }
    }

    func close() async {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard wasOpen else { return }
        await closeChannels()
        await onClose()
    }

    private func checkedRules(for aid: AID?) async throws(SecureComponentError) -> ChannelRules {
        if isClosed { throw .sessionClosed }
        let rules = try await accessControl.channelRules(over: line)
        try rules.checkSelection(of: aid)
        return rules
    }

    private func openChannel(_ aid: AID?, _ number: Int, _ rules: ChannelRules) async throws(SecureComponentError) -> any Channel {
        let response = try await select(aid, channel: number)
        let access: ChannelAccess
        do { access = try rules.access(to: aid, selected: response) } catch {
            // Nothing that is denied stays selected where the next user begins.
            if number == 0, aid != nil { _ = try? await line.select(SelectCommand(name: []), channel: 0) }
            throw error
        }
        return register(CardChannel(line: line, number: number, aid: aid, selectResponse: response, rules: rules, access: access))
    }

    private func select(_ aid: AID?, channel: Int) async throws(SecureComponentError) -> ResponseAPDU? {
        guard let aid else { return nil }
        let response = try await line.select(SelectCommand(aid: aid), channel: channel)
        if response.statusWord.isSuccess || response.statusWord.isWarning { return response }
        switch response.statusWord {
        case .applicationNotFound, .referencedDataNotFound: throw .applicationNotFound(aid.bytes)
        case .conditionsNotSatisfied: throw .channelNotAvailable("application \(aid) is selected on another channel and does not allow a second one")
        default: throw .selectionRefused(aid.bytes, response.statusWord)
        }
    }

    private func register(_ channel: CardChannel) -> CardChannel {
        state.withLock { state in
            state.channels.removeAll { $0.isClosed }
            state.channels.append(channel)
        }
        return channel
    }
}
