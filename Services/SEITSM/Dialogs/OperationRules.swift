import GlobalPlatform
import SEIAPI

/// What an SP TSM may ask for in a dialog: its contract, its own domains, sensible sizes. Pure.
struct OperationRules {
    let settings: IssuerSettings
    let contract: Contract
    let component: Component
    /// The domains on this component that the operations name, whoever they belong to.
    let domains: [AID: SecurityDomainRecord]

    /// - Throws: `invalidRequest` for what is malformed, `contractViolation` for what this SP TSM may not do.
    func check(_ sessions: [[SEI.Operation]]) throws(SEIError) {
        guard (1...settings.maximumSessions).contains(sessions.count), sessions.allSatisfy({ !$0.isEmpty }) else {
            throw SEIError(.invalidRequest, "a dialog has 1 to \(settings.maximumSessions) sessions with at least one operation each")
        }
        let weight = sessions.joined().reduce(0) { $0 + $1.weight }
        guard weight <= settings.maximumOperations else {
            throw SEIError(.invalidRequest, "a dialog has at most \(settings.maximumOperations) operations and access rules, not \(weight)")
        }
        var present = Set(domains.values.filter { $0.spTsm == contract.spTsm && $0.state != .deleted }.map(\.aid))
        var proven = Set(domains.values.filter { $0.spTsm == contract.spTsm && $0.state == .live }.map(\.aid))
        var made: Set<AID> = []
        try keying(sessions)
        for operation in sessions.joined() {
            switch operation {
            case .createSecurityDomain(let aid, let quotas, let transportKeyIndex, let keyVersionNumber, let deviceAppIds):
                try creation(aid, quotas, transportKeyIndex, keyVersionNumber, deviceAppIds)
                guard made.insert(aid).inserted else { throw SEIError(.invalidRequest, "security domain \(aid) is made twice in one dialog") }
                guard !proven.contains(aid) else { throw SEIError(.contractViolation, "security domain \(aid) exists; delete it first") }
                present.insert(aid)
                proven.insert(aid)
            case .putFirstKeys(let aid): try permitted(aid)
            case .deleteSecurityDomain(let aid):
                // Where a DELETE with all related objects would hit: the AID must be the caller's, and that of a domain. One that is gone may be
                // deleted again: a script that makes it may have run since.
                try permitted(aid)
                guard domains[aid]?.spTsm == contract.spTsm || present.contains(aid) else {
                    throw SEIError(.contractViolation, "no security domain \(aid) of yours on this component")
                }
                proven.remove(aid)
                present.remove(aid)
            case .addAccessRules(let rules), .removeAccessRules(let rules):
                guard !rules.isEmpty else { throw SEIError(.invalidRequest, "an operation on access rules names none") }
                for rule in rules {
                    try permitted(rule.aid)
                    try hash(rule.deviceAppId)
                }
            case .status(let aid):
                try permitted(aid)
            }
        }
    }

    /// A domain that inherits its keys gets its own in the session after the one that makes it, and nothing else happens there: until then the
    /// issuer's keys open it.
    private func keying(_ sessions: [[SEI.Operation]]) throws(SEIError) {
        var unkeyed: [AID] = []
        for operations in sessions {
            if let aid = operations.keyedDomain {
                guard component.firstKeys == .inherited else {
                    throw SEIError(.invalidRequest, "this component's security domains get their first keys where they are made (firstKeys: storeData); leave out putFirstKeys")
                }
                guard operations.count == 1, unkeyed.first == aid else {
                    throw SEIError(.invalidRequest, "putFirstKeys of \(aid) is the only operation of its session, right after the session that makes the domain")
                }
                unkeyed.removeFirst()
            } else {
                try requireKeyed(unkeyed)
            }
            guard component.firstKeys == .inherited else { continue }
            for case .createSecurityDomain(let aid, _, _, _, _) in operations { unkeyed.append(aid) }
        }
        try requireKeyed(unkeyed)
    }

    private func requireKeyed(_ unkeyed: [AID]) throws(SEIError) {
        guard let aid = unkeyed.first else { return }
        throw SEIError(.invalidRequest, "security domain \(aid) would be left with the issuer's keys (firstKeys: inherited): the next session puts its first keys (putFirstKeys)")
    }

    private func creation(_ aid: AID, _ quotas: SEI.Quotas, _ transportKeyIndex: String, _ keyVersionNumber: UInt8, _ deviceAppIds: [HexBytes]) throws(SEIError) {
        try permitted(aid)
        guard contract.transportKeys.contains(transportKeyIndex) else {
            throw SEIError(.contractViolation, "transport key \(transportKeyIndex) is not in your contract")
        }
        guard (0x30...0x3F).contains(keyVersionNumber) else {
            throw SEIError(.invalidRequest, "key version number \(keyVersionNumber) is not one of SCP03's, 48 to 63")
        }
        for quota in [quotas.nonVolatile, quotas.volatile] {
            if let quota, UInt32(exactly: quota) == nil { throw SEIError(.invalidRequest, "a quota of \(quota) bytes cannot be set") }
        }
        for deviceAppId in deviceAppIds { try hash(deviceAppId) }
    }

    private func permitted(_ aid: AID) throws(SEIError) {
        let owner = domains[aid].flatMap { $0.state == .deleted ? nil : $0.spTsm }
        guard contract.allows(aid), aid != component.issuerSecurityDomain, aid != component.accessRuleApplication, owner ?? contract.spTsm == contract.spTsm else {
            throw SEIError(.contractViolation, "AID \(aid) is not one that your contract covers")
        }
    }

    private func hash(_ deviceAppId: HexBytes?) throws(SEIError) {
        guard let deviceAppId else { return }
        guard [20, 32].contains(deviceAppId.bytes.count) else {
            throw SEIError(.invalidRequest, "a device app is named by the SHA-1 or SHA-256 of its certificate, 20 or 32 bytes, not \(deviceAppId.bytes.count)")
        }
    }
}

extension SEI.Operation {
    /// How much of a dialog's size it takes: each access rule counts as one.
    var weight: Int {
        switch self {
        case .createSecurityDomain(_, _, _, _, let deviceAppIds): 1 + deviceAppIds.count
        case .putFirstKeys, .deleteSecurityDomain, .status: 1
        case .addAccessRules(let rules), .removeAccessRules(let rules): rules.count
        }
    }

    /// The object that it is about, where it is one object.
    var aids: [AID] {
        switch self {
        case .createSecurityDomain(let aid, _, _, _, _), .putFirstKeys(let aid), .deleteSecurityDomain(let aid), .status(let aid): [aid]
        case .addAccessRules(let rules), .removeAccessRules(let rules): rules.map(\.aid)
        }
    }
}

extension [SEI.Operation] {
    /// The domain whose first keys a session puts; nil: a session with the ISD selected.
    var keyedDomain: AID? {
        for case .putFirstKeys(let aid) in self { return aid }
        return nil
    }

    /// Domains that get first keys in this session.
    func domainsGivenKeys(on component: Component) -> [AID] {
        compactMap { operation in
            switch operation {
            case .createSecurityDomain(let aid, _, _, _, _): component.firstKeys == .storeData ? aid : nil
            case .putFirstKeys(let aid): aid
            case .deleteSecurityDomain, .addAccessRules, .removeAccessRules, .status: nil
            }
        }
    }
}
