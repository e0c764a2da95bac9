import GlobalPlatform
import Synchronization

/// Reads a component's rules and decides by them (GPD_SPE_013, 4). Rules are kept as long as their refresh tag stays.
final class AccessControlEnforcer: Sendable {
    /// Bytes of rules; more than any component has, less than a faulty one can announce.
    private static let maximumLength = 65_536

    private enum Rules: Sendable {
        case none
        case read(refreshTag: [UInt8], rules: [AccessRule])
    }

    private let configuration: AccessControl
    private let gate = AsyncGate()
    private let known = Mutex<Rules?>(nil)

    init(_ configuration: AccessControl) {
        self.configuration = configuration
    }

    /// Another component may be in the reader.
    func forgetRules() {
        known.withLock { $0 = nil }
    }

    /// The rules to keep on a channel; asked before anything is selected on it.
    /// - Throws: `accessDenied` when there are none and the default is to deny, and when they cannot be read.
    func channelRules(over line: CardLine) async throws(SecureComponentError) -> ChannelRules {
        guard case .rules(let whenThereAreNone) = configuration.enforcement else { return .unrestricted }
        switch try await rules(over: line) {
        case .none:
            guard whenThereAreNone == .allow else { throw .accessDenied("the component has no access rules, and this service then denies") }
            return .unrestricted
        case .read(_, let rules): return ChannelRules(rules: rules, deviceApp: configuration.deviceApp)
        }
    }

    private func rules(over line: CardLine) async throws(SecureComponentError) -> Rules {
        await gate.enter()
        defer { gate.leave() }
        let rules = try await freshRules(over: line)
        known.withLock { $0 = rules }
        return rules
    }

    private func freshRules(over line: CardLine) async throws(SecureComponentError) -> Rules {
        let channel = try await line.openChannel()
        do {
            let rules = try await read(over: line, channel: channel)
            await line.closeChannel(channel)
            return rules
        } catch {
            await line.closeChannel(channel)
            throw error
        }
    }

    private func read(over line: CardLine, channel: Int) async throws(SecureComponentError) -> Rules {
        let selected = try await line.select(SelectCommand(aid: .accessRuleApplicationMaster), channel: channel)
        if selected.statusWord == .applicationNotFound { return .none }
        guard selected.statusWord.isSuccess || selected.statusWord.isWarning else {
            throw .accessDenied("the access rules cannot be read: SELECT was answered \(selected.statusWord)")
        }
        // Rules that change while they are read end the reading with 6984 (or 6A84 on older applications): begin again.
        for _ in 0..<4 {
            let tag = try await refreshTag(line, channel)
            if case .read(let known, let rules) = known.withLock({ $0 }), known == tag { return .read(refreshTag: tag, rules: rules) }
            guard let data = try await all(line, channel) else { continue }
            do { return .read(refreshTag: tag, rules: try AccessRuleResponse.parseAll(data)) } catch {
                throw .accessDenied("the access rules cannot be understood: \(error)")
            }
        }
        throw .accessDenied("the access rules keep changing while they are read")
    }

    private func refreshTag(_ line: CardLine, _ channel: Int) async throws(SecureComponentError) -> [UInt8] {
        let response = try await get(.accessRulesRefreshTag, line, channel)
        guard response.statusWord.isSuccess else { throw .accessDenied("the access rules cannot be read: GET DATA was answered \(response.statusWord)") }
        do { return try AccessRuleResponse.parseRefreshTag(response.data) } catch { throw .accessDenied("the access rules cannot be understood: \(error)") }
    }

    /// FF40, and FF60 until the length that the first answer begins with is reached; nil when the rules changed meanwhile.
    private func all(_ line: CardLine, _ channel: Int) async throws(SecureComponentError) -> [UInt8]? {
        var response = try await get(.allAccessRules, line, channel)
        var data: [UInt8] = []
        while true {
            if [.referencedDataInvalidated, .notEnoughMemory].contains(response.statusWord) { return nil }
            guard response.statusWord.isSuccess else { throw .accessDenied("the access rules cannot be read: GET DATA was answered \(response.statusWord)") }
            data += response.data
            guard let total = Self.announcedLength(data) else { throw .accessDenied("the access rules cannot be understood: FF40 was expected") }
            guard total <= Self.maximumLength else { throw .accessDenied("the access rules have \(total) bytes, more than \(Self.maximumLength)") }
            if data.count >= total { return data }
            guard !response.data.isEmpty else { throw .accessDenied("the access rules end early") }
            response = try await get(.nextAccessRules, line, channel)
        }
    }

    private func get(_ command: GetDataCommand, _ line: CardLine, _ channel: Int) async throws(SecureComponentError) -> ResponseAPDU {
        let addressed: CommandAPDU
        do { addressed = try command.apdu.withChannel(channel) } catch { throw .malformedCommand(error.description) }
        return try await line.exchange(addressed)
    }

    /// Tag, length and value of the FF40 whose beginning this is; nil when it is none.
    static func announcedLength(_ data: [UInt8]) -> Int? {
        guard data.count >= 3, data[0] == 0xFF, data[1] == 0x40 else { return nil }
        if data[2] < 0x80 { return 3 + Int(data[2]) }
        let count = Int(data[2] & 0x7F)
        guard (1...3).contains(count), data.count >= 3 + count else { return nil }
        return 3 + count + data[3..<3 + count].reduce(0) { $0 << 8 | Int($1) }
    }
}
