import SEIAPI

/// Sessions of an updateService call: those of a deployment that begins afresh, and the old components' access rules go with them. Pure.
public enum UpdatePlanner {
    /// - Parameters:
    ///   - deployment: `DeploymentPlanner`'s sessions, with the old security domain removed first.
    ///   - rules: access rules that were, or may have been, written for the old components.
    public static func sessions(_ deployment: [PlannedSession], removing rules: [SEI.AccessRule]) -> [PlannedSession] {
        guard !rules.isEmpty, let first = deployment.firstIndex(where: \.isIssuer), case .issuer(let operations) = deployment[first] else { return deployment }
        var sessions = deployment
        sessions[first] = .issuer([.removeAccessRules(rules)] + operations)
        return sessions
    }
}
