import TrustedServiceModel

/// What an accepted deployService call leads to.
public struct DeploymentTransition: Sendable, Hashable {
    /// States passed on the way, in order; INITIALIZED first where UnderDeployment is entered from NotDeployed (Figure 4).
    public var visitedStates: [ServiceInstanceState]
    /// Without the final state of a finalizing call.
    public var reachedState: ServiceInstanceState
    public var targetState: ServiceInstanceState
    public var lastOperation: ServiceOperation
    /// All content is put on the card anew: Install is part of the call.
    public var startsAfresh: Bool
}

/// When deployService is allowed and where it leads: TR-03165 3.2.2 (Figure 4), 4.2.5.3. Pure, as a table would be.
///
/// Arguments come before states: an empty list without finalize, or a command given twice, is category 4; everything that the
/// state does not permit is 13.
public enum DeploymentRules {
    /// - Parameters:
    ///   - lastStableState: the state before InError; a list that does not begin with Install continues from there.
    ///   - suspendOnCompletion: the flag of the last ActivateServiceCommand that was executed, in this or an earlier call.
    public static func deployment(from state: ServiceInstanceState, lastStableState: ServiceInstanceState?, commands: [ServiceCommand.Kind],
                                  finalize: Bool, suspendOnCompletion: Bool) throws(TSMFailure) -> DeploymentTransition {
        try checkArguments(commands, finalize: finalize)
        let start: ServiceInstanceState = if state == .inError {
            // 3.2.2 lets InError return to UnderDeployment: a list that begins with Install starts over, any other completes what is missing.
            commands.first == .install ? .notDeployed : lastStableState ?? .unknown
        } else {
            state
        }
        guard isListed(commands, from: start) else { throw refusal(commands, from: start) }

        let reached = commands.last.map(resultingState) ?? start
        let target: ServiceInstanceState = finalize ? (suspendOnCompletion ? .suspended : .operational) : reached
        return DeploymentTransition(
            visitedStates: (start == .notDeployed ? [.initialized] : []) + commands.map(resultingState),
            reachedState: reached,
            targetState: target,
            lastOperation: finalize ? .deploymentFinalize : commands.last.map(operation) ?? .deploymentFinalize,
            startsAfresh: commands.first == .install)
    }

    /// The state that a successful command leaves behind.
    public static func resultingState(_ command: ServiceCommand.Kind) -> ServiceInstanceState {
        switch command {
        case .install: .installed
        case .personalize: .personalized
        case .activate: .activated
        }
    }

    public static func operation(_ command: ServiceCommand.Kind) -> ServiceOperation {
        switch command {
        case .install: .deploymentInstallation
        case .personalize: .deploymentPersonalization
        case .activate: .deploymentActivation
        }
    }

    /// What is wrong with a list whatever the state: said before anything is looked up.
    public static func checkArguments(_ commands: [ServiceCommand.Kind], finalize: Bool, of request: String = "DeployServiceRequest") throws(TSMFailure) {
        if commands.isEmpty && !finalize {
            throw TSMFailure(.invalidArgument, "serviceCommands in \(request) is only allowed to be empty if the finalize deployment flag is set")
        }
        for kind in ServiceCommand.Kind.allCases where commands.count(where: { $0 == kind }) > 1 {
            throw TSMFailure(.invalidArgument, "serviceCommands in \(request) contain multiple \(name(kind))ServiceCommands")
        }
    }

    private static func name(_ command: ServiceCommand.Kind) -> String {
        switch command {
        case .install: "Install"
        case .personalize: "Personalize"
        case .activate: "Activate"
        }
    }

    /// The closed list of 4.2.5.3, with [Personalize] from INSTALLED added: it is an edge of Figure 4.
    private static func isListed(_ commands: [ServiceCommand.Kind], from state: ServiceInstanceState) -> Bool {
        switch state {
        case .notDeployed: commands.first == .install
        case .installed: !commands.isEmpty && !commands.contains(.install)
        case .personalized: commands == [] || commands == [.activate]
        case .activated: commands == [] || commands == [.personalize]
        default: false
        }
    }

    private static func refusal(_ commands: [ServiceCommand.Kind], from state: ServiceInstanceState) -> TSMFailure {
        guard let first = commands.first else { return transfer(from: state, to: .operational) }
        switch state {
        case .installed, .personalized, .activated:
            if resultingState(first) == state && first != .install { return transfer(from: state, to: state) }
            let repeated: ServiceCommand.Kind = commands.contains(.install) ? .install : (state == .personalized ? .personalize : .activate)
            return TSMFailure(.notAllowed, "service command '\(repeated.rawValue)' has already been executed")
        default:
            return transfer(from: state, to: resultingState(first))
        }
    }

    static func transfer(from: ServiceInstanceState, to: ServiceInstanceState) -> TSMFailure {
        TSMFailure(.notAllowed, "invalid state transfer from \(from.representation) to \(to.representation)")
    }
}
