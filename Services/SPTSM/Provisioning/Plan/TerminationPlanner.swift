import DeploymentDocument
import GlobalPlatform
import SEIAPI
import TrustedServiceModel

/// Sessions of a terminateService call (TR-03165 3.2.1.3: nothing is left on the card). Pure.
public enum TerminationPlanner {
    /// - Parameters:
    ///   - ownKeysWork: the security domain is known to hold our final keys; else the issuer removes everything.
    ///   - holdsSecurityDomain: false once a reading of the registry proved that there is none.
    ///   - rules: access rules that were, or may have been, written for the instances.
    public static func sessions(document: DeploymentDocument, ownKeysWork: Bool, holdsSecurityDomain: Bool, rules: [SEI.AccessRule]) -> [PlannedSession] {
        var sessions: [PlannedSession] = []
        if ownKeysWork && holdsSecurityDomain {
            var steps: [ProvisioningStep] = document.applications.reversed().map { .deleteInstance($0.instanceAid) }
            steps += document.loadFiles.reversed().map { .deleteLoadFile($0.packageAid) }
            if !steps.isEmpty { sessions.append(.securityDomain(.final, steps)) }
        }
        var issuer: [SEI.Operation] = rules.isEmpty ? [] : [.removeAccessRules(rules)]
        if holdsSecurityDomain { issuer.append(.deleteSecurityDomain(aid: document.service.securityDomain)) }
        if !issuer.isEmpty { sessions.append(.issuer(issuer)) }
        return sessions
    }
}
