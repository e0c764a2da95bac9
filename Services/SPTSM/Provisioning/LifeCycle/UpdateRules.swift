import TrustedServiceModel

/// When updateService is allowed and where it leads: TR-03165 3.2.2 (Figure 4), 4.2.5.4. Pure.
///
/// An update replaces components, so its list is judged as a deployment's from NotDeployed and has to begin with Install; each command concerns
/// what was replaced. One that is not finalized goes on with deployService, since updateService asks for a deployed instance.
public enum UpdateRules {
    static func update(from situation: LifeCycleSituation, commands: [ServiceCommand], finalize: Bool) throws(TSMFailure) -> LifeCycleTransition {
        guard isAllowed(in: situation) else { throw DeploymentRules.transfer(from: situation.state, to: .initialized) }
        guard commands.first?.kind == .install else {
            throw DeploymentRules.transfer(from: situation.state, to: commands.first.map { DeploymentRules.resultingState($0.kind) } ?? .operational)
        }
        // What an Activate before the update asked for went with the old components.
        let suspends = LifeCycleRules.suspendOnCompletion(after: commands, before: false)
        var transition = LifeCycleTransition(
            try DeploymentRules.deployment(from: .notDeployed, lastStableState: nil, commands: commands.map(\.kind), finalize: finalize, suspendOnCompletion: suspends),
            suspendOnCompletion: suspends)
        transition.lastOperation = operation(transition.lastOperation)
        return transition
    }

    /// Whether the Version asked for exists and is another one than the instance has. A lower one is not forbidden.
    ///
    /// - Parameters:
    ///   - installed: nil: none is, after an update that failed.
    ///   - known: tags of the Service's Versions.
    /// - Throws: 4 for what is no concrete tag, 17 for an unknown Version, 8 for the one that is installed.
    public static func checkVersion(_ tag: String, installed: String?, known: [String]) throws(TSMFailure) {
        let wanted = try VersionTag(concrete: tag, attribute: "newVersion", of: "UpdateServiceRequest")
        guard known.contains(tag) else { throw TSMFailure(.notFound, "version \(tag) of the service does not exist") }
        guard installed.flatMap({ VersionTag($0) }) != wanted else { throw TSMFailure(.noEligibleSecureComponent, "service is already updated to requested version") }
    }

    /// Deployed; or InError after an update, or with a deployed instance before the error.
    private static func isAllowed(in situation: LifeCycleSituation) -> Bool {
        switch situation.state {
        case .operational, .suspended: true
        case .inError: situation.lastStableState.isDeployed || situation.lastOperation.isUpdate
        default: false
        }
    }

    /// The update's name of a deployment's operation.
    public static func operation(_ deployment: ServiceOperation) -> ServiceOperation {
        switch deployment {
        case .deploymentInstallation: .updateInstallation
        case .deploymentPersonalization: .updatePersonalization
        case .deploymentActivation: .updateActivation
        case .deploymentFinalize: .updateFinalize
        default: deployment
        }
    }
}

extension ServiceOperation {
    var isUpdate: Bool { [.updateInstallation, .updatePersonalization, .updateActivation, .updateFinalize].contains(self) }
}
