import TrustedServiceModel

/// The life cycle of a ServiceInstance, whole: which call is allowed in which situation, and where it leads (TR-03165 3.2.2, 3.2.3, 4.2.5.3 to
/// 4.2.5.6, Figure 4). Pure.
///
/// Arguments are judged first (4), then whether the instance is an orphan (12), then its state (13).
public enum LifeCycleRules {
    public static func transition(_ call: LifeCycleCall, from situation: LifeCycleSituation) throws(TSMFailure) -> LifeCycleTransition {
        switch call {
        case .deploy(let commands, let finalize):
            try DeploymentRules.checkArguments(commands.map(\.kind), finalize: finalize)
            try refuseOrphan(situation)
            let suspends = suspendOnCompletion(after: commands, before: situation.suspendOnCompletion)
            let deployment = try DeploymentRules.deployment(from: situation.state, lastStableState: situation.lastStableState, commands: commands.map(\.kind),
                                                            finalize: finalize, suspendOnCompletion: suspends)
            return LifeCycleTransition(deployment, suspendOnCompletion: suspends)
        case .update(let commands, let finalize):
            try DeploymentRules.checkArguments(commands.map(\.kind), finalize: finalize, of: "UpdateServiceRequest")
            try refuseOrphan(situation)
            return try UpdateRules.update(from: situation, commands: commands, finalize: finalize)
        case .suspendOrResume(let suspend):
            return try SuspensionRules.transition(suspend: suspend, from: situation)
        case .terminate:
            // From every state (Figure 4), orphans too: it is how their content leaves the card.
            return LifeCycleTransition(visitedStates: [], targetState: nil, lastOperation: .termination, startsAfresh: false,
                                       suspendOnCompletion: situation.suspendOnCompletion)
        }
    }

    /// The flag of the last ActivateServiceCommand that is executed: one of this call, else an earlier one, which Install makes void (4.2.3.5).
    public static func suspendOnCompletion(after commands: [ServiceCommand], before: Bool) -> Bool {
        for case .activate(let suspend) in commands.reversed() { return suspend }
        return commands.first?.kind == .install ? false : before
    }

    /// A process ended with an error: the state before if nothing changed on the secure component, else InError (3.2.2: nothing is rolled back silently).
    ///
    /// - Parameters:
    ///   - situation: before the call.
    ///   - changedCard: something changed on the secure component, or may have.
    ///   - reached: the state that was reached and proven before the error; nil: none beyond the one before the call.
    public static func afterFailure(in situation: LifeCycleSituation, changedCard: Bool, reached: ServiceInstanceState? = nil) -> LifeCycleSituation {
        var after = situation
        after.lastStableState = reached ?? (situation.state == .inError ? situation.lastStableState : situation.state)
        after.state = changedCard ? .inError : situation.state
        return after
    }

    private static func refuseOrphan(_ situation: LifeCycleSituation) throws(TSMFailure) {
        guard situation.isOrphaned else { return }
        throw TSMFailure(.orphanedServiceInstance, "the service provider has removed what this service instance was made from; only suspend, resume and terminate are possible")
    }
}

extension LifeCycleTransition {
    init(_ deployment: DeploymentTransition, suspendOnCompletion: Bool) {
        self.init(visitedStates: deployment.visitedStates, targetState: deployment.targetState, lastOperation: deployment.lastOperation,
                  startsAfresh: deployment.startsAfresh, suspendOnCompletion: suspendOnCompletion)
    }
}
