import GlobalPlatform
import SEIAPI

/// Access rules by INSTALL [for personalization] of the access rule application and STORE DATA, through the ISD that it belongs to.
///
/// Each rule is a pair of commands that stands alone: when the card stops at one that exists already, the next pair still works.
enum AccessRuleScript {
    /// - Returns: nothing where the component has no access rule application: there every app may reach everything.
    static func adding(_ rules: [SEI.AccessRule], component: Component, step: String) throws(SEIError) -> [PlannedCommand] {
        try commands(rules.map { .store(rule($0)) }, component, step, tolerated: [StatusWord.ruleAlreadyExists.rawValue])
    }

    /// By application and app, whatever the rule allows: a rule that was changed meanwhile goes, too.
    static func removing(_ rules: [SEI.AccessRule], component: Component, step: String) throws(SEIError) -> [PlannedCommand] {
        let commands = rules.map { AccessRuleCommand.deleteReference(rule($0).target, rule($0).deviceApplication) }
        return try self.commands(commands, component, step, tolerated: [StatusWord.referencedDataNotFound.rawValue])
    }

    static func rule(_ rule: SEI.AccessRule) -> AccessRule {
        AccessRule(target: .application(rule.aid), deviceApplication: rule.deviceAppId.map { .hash($0.bytes) } ?? .any,
                   apdu: rule.apdu ? .always : .never, nfcEvents: rule.nfc)
    }

    private static func commands(_ commands: [AccessRuleCommand], _ component: Component, _ step: String, tolerated: [UInt16]) throws(SEIError) -> [PlannedCommand] {
        guard let application = component.accessRuleApplication else { return [] }
        var planned: [PlannedCommand] = []
        for command in commands {
            planned.append(PlannedCommand(step: step, apdu: try SessionPlanner.apdu(.personalization(application))))
            planned.append(PlannedCommand(step: step, apdu: command.storeData.apdu, tolerated: tolerated))
        }
        return planned
    }
}
