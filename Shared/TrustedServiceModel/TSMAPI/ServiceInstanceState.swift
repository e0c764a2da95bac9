/// Where a ServiceInstance stands in its life cycle (TR-03165 3.2.2, Figure 4; numbers of 4.2.4).
public enum ServiceInstanceState: Int, Codable, Sendable, CaseIterable {
    case unknown = 0
    case notDeployed = 1
    /// UnderDeployment: the process start was notified, nothing is on the secure component yet.
    case initialized = 10
    case installed = 11
    case personalized = 12
    case activated = 14
    case operational = 21
    case suspended = 22
    case inError = 25

    /// The spelling the TR uses in messages, e.g. `UnderDeploymentInstalled`.
    public var representation: String {
        switch self {
        case .unknown: "Unknown"
        case .notDeployed: "NotDeployed"
        case .initialized: "UnderDeploymentInitialized"
        case .installed: "UnderDeploymentInstalled"
        case .personalized: "UnderDeploymentPersonalized"
        case .activated: "UnderDeploymentActivated"
        case .operational: "DeployedOperational"
        case .suspended: "DeployedSuspended"
        case .inError: "InError"
        }
    }
}
