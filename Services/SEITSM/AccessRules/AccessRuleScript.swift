import GlobalPlatform
import SEIAPI

/// Access rules by INSTALL [for personalization] of the access rule application and STORE DATA, through the ISD that it belongs to.
///
/// Each rule is a pair of commands that stands alone: when the card stops at one that exists already, the next pair still works.
enum AccessRuleScript {
    /// - Returns: nothing where the component has no access rule application: there every app may reach everything.
    static func adding(_ rules: [SEI.AccessRule], component: Component, step: String) throws(SEIError) -> [PlannedCommand] {
        guard let application = component.accessRuleApplication else { return [] }
        var planned: [PlannedCommand] = []
        for rule in rules { planned += [try target(application, step), store(rule, step)] }
        return planned
    }

    /// By application and app, whatever the rule allows: a rule that was changed meanwhile goes, too.
    static func removing(_ rules: [SEI.AccessRule], component: Component, step: String) throws(SEIError) -> [PlannedCommand] {
        guard let application = component.accessRuleApplication else { return [] }
        var planned: [PlannedCommand] = []
        for rule in rules {
            planned.append(try target(application, step))
            planned.append(PlannedCommand(step: step, apdu: deletion(rule), purpose: .ruleRemoval(rule), tolerated: [StatusWord.referencedDataNotFound.rawValue]))
        }
        return planned
    }

    /// After a bare "not found", which anybody on the way could have made up to keep a rule: it is written and then deleted, and both under R-MAC.
    /// Removals that are still to come are done in the same way, since what made the first one vain probably did so to all.
    /// - Parameter rest: what follows in the session.
    static func provingRemoval(of rule: SEI.AccessRule, before rest: [PlannedCommand], component: Component) throws(SEIError) -> [PlannedCommand] {
        guard let application = component.accessRuleApplication else { return rest }
        let step = "prove that access rules are gone"
        var planned = [try target(application, step), store(rule, step), try target(application, step), PlannedCommand(step: step, apdu: deletion(rule))]
        for command in rest {
            guard case .ruleRemoval(let later) = command.purpose else {
                planned.append(command)
                continue
            }
            // Its INSTALL [for personalization] stands before it.
            planned += [store(later, step), try target(application, step), PlannedCommand(step: step, apdu: deletion(later))]
        }
        return planned
    }

    static func rule(_ rule: SEI.AccessRule) -> AccessRule {
        AccessRule(target: .application(rule.aid), deviceApplication: rule.deviceAppId.map { .hash($0.bytes) } ?? .any,
                   apdu: rule.apdu ? .always : .never, nfcEvents: rule.nfc)
    }

    private static func target(_ application: AID, _ step: String) throws(SEIError) -> PlannedCommand {
        PlannedCommand(step: step, apdu: try SessionPlanner.apdu(.personalization(application)))
    }

    private static func store(_ rule: SEI.AccessRule, _ step: String) -> PlannedCommand {
        PlannedCommand(step: step, apdu: AccessRuleCommand.store(self.rule(rule)).storeData.apdu, tolerated: [StatusWord.ruleAlreadyExists.rawValue])
    }

    private static func deletion(_ rule: SEI.AccessRule) -> CommandAPDU {
        let rule = self.rule(rule)
        return AccessRuleCommand.deleteReference(rule.target, rule.deviceApplication).storeData.apdu
    }
}
