import TrustedServiceModel

/// A TSM-API call that may change a ServiceInstance, reduced to what decides whether it is allowed (TR-03165 3.2.2).
public enum LifeCycleCall: Sendable, Hashable {
    case deploy([ServiceCommand], finalize: Bool)
    case update([ServiceCommand], finalize: Bool)
    /// True: suspend; false: resume.
    case suspendOrResume(suspensionControl: Bool)
    case terminate
}

/// Where a ServiceInstance stands when a call comes.
public struct LifeCycleSituation: Sendable, Hashable {
    public var state: ServiceInstanceState
    /// Before InError: the state that was reached and proven last. Equal to `state` otherwise.
    public var lastStableState: ServiceInstanceState
    public var lastOperation: ServiceOperation
    /// `suspensionControl` of the last ActivateServiceCommand that was executed.
    public var suspendOnCompletion: Bool
    /// The Flavor that the instance was made from has been deleted (3.2.3). Unlinking it from the Version is no deletion.
    public var isFlavorDeleted: Bool

    public init(state: ServiceInstanceState, lastStableState: ServiceInstanceState? = nil, lastOperation: ServiceOperation = .noOperation,
                suspendOnCompletion: Bool = false, isFlavorDeleted: Bool = false) {
        self.state = state
        self.lastStableState = lastStableState ?? state
        self.lastOperation = lastOperation
        self.suspendOnCompletion = suspendOnCompletion
        self.isFlavorDeleted = isFlavorDeleted
    }

    /// Only instances with something on a card become orphans: UnderDeployment, Deployed, InError (3.2.3).
    public var isOrphaned: Bool { isFlavorDeleted && state != .notDeployed && state != .unknown }
}

/// What an accepted call leads to.
public struct LifeCycleTransition: Sendable, Hashable {
    /// States passed on the way, in order.
    public var visitedStates: [ServiceInstanceState]
    /// Nil: the instance is gone and its ID unknown from then on.
    public var targetState: ServiceInstanceState?
    public var lastOperation: ServiceOperation
    /// All content is put on the card anew; what is there goes first.
    public var startsAfresh: Bool
    /// What `LifeCycleSituation.suspendOnCompletion` is after the call.
    public var suspendOnCompletion: Bool
}
