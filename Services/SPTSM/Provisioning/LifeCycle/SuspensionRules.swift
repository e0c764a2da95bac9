import TrustedServiceModel

/// When suspendOrResumeService is allowed and where it leads: TR-03165 3.2.2 (Figure 4), 3.2.3, 4.2.5.5. Pure.
///
/// Repeating is no error. From InError it is allowed where the failed process began on a deployed instance, orphans excepted: 3.2.3
/// lets them be suspended from Operational and resumed from Suspended only.
public enum SuspensionRules {
    static func transition(suspend: Bool, from situation: LifeCycleSituation) throws(TSMFailure) -> LifeCycleTransition {
        let target: ServiceInstanceState = suspend ? .suspended : .operational
        let isAllowed = situation.state.isDeployed || (situation.state == .inError && situation.lastStableState.isDeployed && !situation.isOrphaned)
        guard isAllowed else { throw DeploymentRules.transfer(from: situation.state, to: target) }
        return LifeCycleTransition(visitedStates: [], targetState: target, lastOperation: suspend ? .suspension : .resumption, startsAfresh: false,
                                   suspendOnCompletion: situation.suspendOnCompletion)
    }
}

extension ServiceInstanceState {
    /// Deployed in Figure 4.
    public var isDeployed: Bool { self == .operational || self == .suspended }
}
