/// What the rules of a secure component let a device application do with an application on it.
public struct AccessDecision: Hashable, Sendable {
    /// Which rules decided.
    public enum Basis: Hashable, Sendable {
        case rules([AccessRule])
        /// The target has rules for other device applications only.
        case reservedForOthers
        /// Nothing matches.
        case noRule
    }

    public var apdu: AccessRule.APDUAccess
    public var nfcEvents: Bool
    public var basis: Basis

    public init(apdu: AccessRule.APDUAccess, nfcEvents: Bool, basis: Basis) {
        self.apdu = apdu
        self.nfcEvents = nfcEvents
        self.basis = basis
    }

    /// Whether a command may be sent.
    public func allows(_ command: CommandAPDU) -> Bool {
        switch apdu {
        case .never: false
        case .always: true
        case .filters(let filters): filters.contains { $0.allows(command) }
        }
    }

    /// Whether a channel may be opened at all.
    public var allowsChannel: Bool { apdu != .never }
}

/// The rule algorithm of GPD_SPE_013, 4.2.3: from the most specific rule to the most general; deny when there is none.
public enum AccessRuleEvaluation {
    /// - Parameters:
    ///   - target: the AID to be selected, nil for what is selected implicitly.
    ///   - hashes: of the device application's certificate, SHA-1 and SHA-256 where both are known.
    public static func decide(_ rules: [AccessRule], target: AID?, deviceApplication hashes: [[UInt8]]) -> AccessDecision {
        for group in specificGroups(rules, target) {
            if let decision = decide(group, hashes) { return decision }
        }
        let general = rules.filter { $0.target == .any }
        return decide(general, hashes) ?? AccessDecision(apdu: .never, nfcEvents: false, basis: .noRule)
    }

    /// The rules whose target is this one, those of the longest AID first: a whole AID outranks the beginning of AIDs.
    private static func specificGroups(_ rules: [AccessRule], _ target: AID?) -> [[AccessRule]] {
        guard let target else { return [rules.filter { $0.target == .implicitlySelected }] }
        var groups: [Int: [AccessRule]] = [:]
        for rule in rules {
            guard case .aid(let prefix) = rule.target, target.hasPrefix(prefix) else { continue }
            groups[prefix.count, default: []].append(rule)
        }
        return groups.keys.sorted(by: >).compactMap { groups[$0] }
    }

    /// Rules of one target: for this device application; else denied when others are named; else for any. nil when the target has no rule.
    private static func decide(_ rules: [AccessRule], _ hashes: [[UInt8]]) -> AccessDecision? {
        let own = rules.filter { if case .hash(let hash) = $0.deviceApplication { hashes.contains(hash) } else { false } }
        if !own.isEmpty { return combine(own) }
        if rules.contains(where: { $0.deviceApplication != .any }) {
            return AccessDecision(apdu: .never, nfcEvents: false, basis: .reservedForOthers)
        }
        return rules.isEmpty ? nil : combine(rules)
    }

    /// Several rules of one reference: the strictest counts, and filters add up. Without D1, events follow the permission for commands.
    private static func combine(_ rules: [AccessRule]) -> AccessDecision {
        var apdu: AccessRule.APDUAccess?
        for access in rules.compactMap(\.apdu) {
            switch (apdu, access) {
            case (.never, _), (_, .never): apdu = .never
            case (.filters(let some), .filters(let more)): apdu = .filters(some + more)
            case (.filters, .always): break
            case (_, _): apdu = access
            }
        }
        let decided = apdu ?? .never
        let events = rules.compactMap(\.nfcEvents)
        let nfcEvents = events.isEmpty ? decided != .never : events.allSatisfy { $0 }
        return AccessDecision(apdu: decided, nfcEvents: nfcEvents, basis: .rules(rules))
    }
}
