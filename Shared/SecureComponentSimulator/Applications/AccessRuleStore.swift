import Cryptography
import GlobalPlatform

/// The content of an access rule application (GPD_SPE_013): of the master (ARA-M), which readers ask, or of a client (ARA-C) in a provider's domain.
struct AccessRuleStore: Codable, Hashable, Sendable {
    /// E2 … each.
    var rules: [HexBytes]
    /// 8 bytes, others after every change.
    var refreshTag: HexBytes
    /// Of the master: the clients whose rules count, where any were registered; nil: all.
    var clients: [AID]?

    var size: Int { rules.reduce(8) { $0 + $1.bytes.count } + (clients ?? []).reduce(0) { $0 + 1 + $1.bytes.count } }

    /// The applications' own load file, in ROM.
    static let loadFile: AID = (try? AID([0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C])) ?? .accessRuleApplicationMaster
    /// The module that clients are installed from. The simulator's own: the standard names none.
    static let clientModule: AID = (try? AID([0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x01])) ?? .accessRuleApplicationMaster

    func parsed() throws(Refusal) -> [AccessRule] {
        var result: [AccessRule] = []
        for rule in rules { result.append(try AccessRuleStore.parse(rule)) }
        return result
    }

    static func parse(_ rule: HexBytes) throws(Refusal) -> AccessRule {
        let object: TLV
        do { object = try TLV.parse(rule.bytes) } catch { throw Refusal(.memoryFailure, error.description) }
        return try Refusal.reading { () throws(FormatError) in try AccessRule(parsing: object) }
    }
}

/// What readers are told: the master's rules and those of its clients.
///
/// A client's rule counts where its provider is at home: for an AID that belongs to applications of its own security domain's hierarchy and to no other
/// application of the card. That keeps one provider from opening, or closing, what is another's. Where both have rules for one reference both count, and the
/// strictest decides (GPD_SPE_013, 4.2.3).
extension CardImage {
    var accessRuleMaster: ApplicationRecord? { applications.first { $0.accessRules != nil && $0.module == .accessRuleApplicationMaster } }

    /// The rules that count, and a tag that changes with them; nil without a master.
    func effectiveAccessRules() throws(Refusal) -> (rules: [AccessRule], refreshTag: [UInt8])? {
        guard let master = accessRuleMaster?.accessRules else { return nil }
        var rules = try master.parsed()
        var contributions: [UInt8] = []
        for client in applications where client.module == AccessRuleStore.clientModule && client.isSelectable {
            guard let store = client.accessRules, master.clients?.contains(client.aid) != false else { continue }
            for rule in try store.parsed() where isAtHome(rule.target, of: client.securityDomain) {
                contributions += rule.encoded.bytes
                if !rules.contains(rule) { rules.append(rule) }
            }
        }
        guard !contributions.isEmpty else { return (rules, master.refreshTag.bytes) }
        do { return (rules, Array(try HashFunction.sha256.digest(of: master.refreshTag.bytes + contributions).prefix(8))) } catch {
            throw Refusal(.noSpecificDiagnosis, error.description)
        }
    }

    private func isAtHome(_ target: AccessRule.Target, of domain: AID) -> Bool {
        guard case .aid(let prefix) = target else { return false }
        let meant = applications.filter { $0.aid.hasPrefix(prefix) }
        return !meant.isEmpty && meant.allSatisfy { isWithin($0.aid, domain: domain) }
    }

    /// For an instance that is being installed.
    /// - Throws: 6985 for a second master.
    func checkAccessRuleModule(_ module: AID) throws(Refusal) {
        guard module != .accessRuleApplicationMaster || accessRuleMaster == nil else {
            throw Refusal(.conditionsNotSatisfied, "the card has its access rule application master already")
        }
    }
}
