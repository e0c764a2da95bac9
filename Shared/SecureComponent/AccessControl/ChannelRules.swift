import GlobalPlatform

/// The component's rules as they were when a channel was opened, and for whom.
///
/// What is asked for may be the beginning of an AID. Then the AID that was selected decides, where the component names it; where it does not, a command must be
/// allowed for every application that the beginning can stand for. So nobody gets around a rule by naming less of an AID than the rule does.
struct ChannelRules: Sendable {
    /// nil: there are none to keep.
    private let rules: [AccessRule]?
    private let deviceApp: [[UInt8]]

    static let unrestricted = ChannelRules(rules: nil, deviceApp: [])

    init(rules: [AccessRule]?, deviceApp: [DeviceAppID]) {
        self.rules = rules
        self.deviceApp = deviceApp.map(\.bytes)
    }

    /// Before SELECT: whether any application that the name can stand for may be used.
    /// - Throws: `accessDenied`.
    func checkSelection(of name: AID?) throws(SecureComponentError) {
        let decisions = decisions(for: name)
        guard decisions.contains(where: \.allowsChannel) || rules == nil else { throw denial(of: name, decisions) }
    }

    /// After SELECT: what may be sent.
    /// - Parameter response: to SELECT; nil when nothing was selected by name.
    /// - Throws: `accessDenied`.
    func access(to name: AID?, selected response: ResponseAPDU?) throws(SecureComponentError) -> ChannelAccess {
        guard rules != nil else { return .unrestricted }
        let selected = response.flatMap { try? SelectResponse(parsing: $0.data).aid }
        let decisions: [AccessDecision]
        if let name, let selected, selected.hasPrefix(name) { decisions = [decision(for: selected)] } else { decisions = self.decisions(for: name) }
        guard decisions.allSatisfy(\.allowsChannel) else { throw denial(of: selected ?? name, decisions) }
        return .decided(decisions)
    }

    /// For the name itself and for every longer one that has rules.
    private func decisions(for name: AID?) -> [AccessDecision] {
        guard let name else { return [decision(for: nil)] }
        var longer: [AID] = []
        for rule in rules ?? [] {
            guard case .aid(let bytes) = rule.target, bytes.count > name.bytes.count, bytes.starts(with: name.bytes), let aid = try? AID(bytes) else { continue }
            if !longer.contains(aid) { longer.append(aid) }
        }
        return ([name] + longer).map { decision(for: $0) }
    }

    private func decision(for target: AID?) -> AccessDecision { AccessRuleEvaluation.decide(rules ?? [], target: target, deviceApplication: deviceApp) }

    private func denial(of target: AID?, _ decisions: [AccessDecision]) -> SecureComponentError {
        let name = target?.description ?? "the default application"
        let reason = switch decisions.first(where: { !$0.allowsChannel })?.basis {
        case .rules: "a rule forbids this device app to use \(name)"
        case .reservedForOthers: "\(name) is reserved for other device apps"
        case .noRule, nil: "no rule lets this device app use \(name)"
        }
        return .accessDenied(reason)
    }
}

/// What the rules let through on one channel.
enum ChannelAccess: Sendable {
    case unrestricted
    /// All of them have to agree.
    case decided([AccessDecision])

    func allows(_ command: CommandAPDU) -> Bool {
        switch self {
        case .unrestricted: true
        case .decided(let decisions): decisions.allSatisfy { $0.allows(command) }
        }
    }
}
