import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// Turns an SP TSM's operations into the commands of one session under the ISD's keys. Pure.
///
/// Order: what changes the card as asked, then the proofs, then the status readings. Each session ends with at least one
/// GET STATUS under R-MAC; one that puts first keys with the card's check values under R-MAC.
enum SessionPlanner {
    /// What the planner has to know besides the operation itself.
    struct Facts {
        var component: Component
        /// First key sets by domain, made for this dialog.
        var firstKeySets: [AID: FirstKeys]
        /// Apps for which the issuer wrote a rule when it made the domain.
        var deviceAppIds: [AID: [HexBytes]]
    }

    struct FirstKeys: Hashable {
        var keySetId: String
        var keyVersionNumber: UInt8
        var keyCheckValues: [HexBytes]
    }

    /// - Throws: `invalidRequest` where an operation does not fit one command, such as an access rule that is too long.
    static func plan(_ operations: [SEI.Operation], _ facts: Facts) throws(SEIError) -> [PlannedCommand] {
        var actions: [PlannedCommand] = []
        var made: [AID] = []
        var readings: [PlannedCommand] = []
        if let aid = operations.keyedDomain { return [try keying(of: aid, facts)] }
        for operation in operations {
            switch operation {
            case .putFirstKeys: continue
            case .createSecurityDomain(let aid, let quotas, _, _, let deviceAppIds):
                actions += try creation(of: aid, quotas, deviceAppIds, facts)
                made.append(aid)
            case .deleteSecurityDomain(let aid):
                actions += try deletion(of: aid, facts)
                made.removeAll { $0 == aid }
            case .addAccessRules(let rules):
                actions += try AccessRuleScript.adding(rules, component: facts.component, step: "add access rules")
            case .removeAccessRules(let rules):
                actions += try AccessRuleScript.removing(rules, component: facts.component, step: "remove access rules")
            case .status(let aid):
                readings.append(status(of: aid))
            }
        }
        return actions + proofs(made, facts.component) + readings
    }

    /// Commands that stand at the end of every session.
    private static func proofs(_ made: [AID], _ component: Component) -> [PlannedCommand] {
        guard made.isEmpty else {
            return made.map { aid in
                PlannedCommand(step: "prove the new security domain", apdu: GetStatusCommand(scope: .applications, aid: aid).apdu, purpose: .proofOfDomain(aid))
            }
        }
        return [proofOfSession(component)]
    }

    static func proofOfSession(_ component: Component) -> PlannedCommand {
        PlannedCommand(step: "prove the session", apdu: GetStatusCommand(scope: .issuerSecurityDomain, aid: component.issuerSecurityDomain).apdu,
                       purpose: .proofOfSession)
    }

    private static func status(of aid: AID) -> PlannedCommand {
        PlannedCommand(step: "read the registry", apdu: GetStatusCommand(scope: .applications, aid: aid).apdu, purpose: .status(aid),
                       tolerated: [StatusWord.referencedDataNotFound.rawValue])
    }

    private static func firstKeys(of aid: AID, _ facts: Facts) throws(SEIError) -> FirstKeys {
        guard let keys = facts.firstKeySets[aid] else { throw SEIError(.internalError, "no first keys were made for security domain \(aid)") }
        return keys
    }

    /// PUT KEY in the domain, under the keys that it has from the domain above. Its answer, check values under R-MAC, is the session's proof.
    private static func keying(of aid: AID, _ facts: Facts) throws(SEIError) -> PlannedCommand {
        let keys = try firstKeys(of: aid, facts)
        return PlannedCommand(
            step: "put the first keys of security domain \(aid)",
            command: .putKey(keySetId: keys.keySetId, keyVersionNumber: keys.keyVersionNumber, replacing: nil),
            purpose: .firstKeys(aid, answer: HexBytes([keys.keyVersionNumber] + keys.keyCheckValues.flatMap(\.bytes))))
    }

    private static func creation(of aid: AID, _ quotas: SEI.Quotas, _ deviceAppIds: [HexBytes], _ facts: Facts) throws(SEIError) -> [PlannedCommand] {
        let keys = try firstKeys(of: aid, facts)
        let parameters = SecurityDomainParameters(secureChannels: [facts.component.secureChannel])
        let system = SystemParameters(volatileQuota: quotas.volatile.flatMap { UInt32(exactly: $0) },
                                      nonVolatileQuota: quotas.nonVolatile.flatMap { UInt32(exactly: $0) })
        let install = InstallForInstall(securityDomain: aid, parameters: parameters, system: system)
        let step = "make security domain \(aid)"
        var commands = [PlannedCommand(step: step, apdu: try apdu(.install(install)))]
        if facts.component.firstKeys == .storeData {
            commands += [
                PlannedCommand(step: "store its first keys", apdu: try apdu(.personalization(aid))),
                PlannedCommand(step: "store its first keys", command: .storeFirstKeys(keySetId: keys.keySetId, keyVersionNumber: keys.keyVersionNumber)),
            ]
        }
        commands += try AccessRuleScript.adding(ownRules(of: aid, deviceAppIds), component: facts.component, step: "let the apps reach the security domain")
        return commands
    }

    private static func deletion(of aid: AID, _ facts: Facts) throws(SEIError) -> [PlannedCommand] {
        let rules = ownRules(of: aid, facts.deviceAppIds[aid] ?? [])
        var commands = try AccessRuleScript.removing(rules, component: facts.component, step: "remove the access rules of security domain \(aid)")
        commands.append(PlannedCommand(
            step: "delete security domain \(aid)", apdu: DeleteCommand.object(aid, related: true).apdu, purpose: .deletion(aid),
            tolerated: [StatusWord.referencedDataNotFound.rawValue, StatusWord.applicationNotFound.rawValue]))
        return commands
    }

    /// The issuer's rules on a domain: each app may send it APDUs; nothing over NFC, since a security domain has no such interface.
    private static func ownRules(of aid: AID, _ deviceAppIds: [HexBytes]) -> [SEI.AccessRule] {
        deviceAppIds.map { SEI.AccessRule(aid: aid, deviceAppId: $0, apdu: true, nfc: false) }
    }

    static func apdu(_ command: InstallCommand) throws(SEIError) -> CommandAPDU {
        do {
            return try command.apdu()
        } catch {
            throw SEIError(.invalidRequest, "\(command.name) cannot be built: \(error)")
        }
    }
}
