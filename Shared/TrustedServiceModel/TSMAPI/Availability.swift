/// TR-03165 4.2.4.
public enum DeploymentAvailable: Int, Codable, Sendable, CaseIterable { case deviceNotEligible = 0, deploymentAvailable = 1 }

/// TR-03165 4.2.4.
public enum UpdateAvailable: Int, Codable, Sendable, CaseIterable { case noUpdateAvailable = 0, updateAvailable = 1 }

/// Result of checkServiceDeploymentAvailable (TR-03165 4.2.5.7).
public struct ServiceDeploymentAvailableResult: Codable, Sendable, Hashable {
    public var deploymentAvailable: DeploymentAvailable
    /// Tag of the newest Version that matches and can be deployed; empty when there is none.
    public var version: String
    /// What an instance of that Version would have; nil when there is none.
    public var newTechnicalInformation: TechnicalInformation?
    public var executionStatus: ErrorCategory
    public var executionMessage: String

    public init(deploymentAvailable: DeploymentAvailable = .deviceNotEligible, version: String = "", newTechnicalInformation: TechnicalInformation? = nil,
                executionStatus: ErrorCategory = .noError, executionMessage: String = "") {
        self.deploymentAvailable = deploymentAvailable
        self.version = version
        self.newTechnicalInformation = newTechnicalInformation
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
    }
}

/// Result of checkServiceUpdateAvailable (TR-03165 4.2.5.8).
public struct ServiceUpdateAvailableResult: Codable, Sendable, Hashable {
    public var updateAvailable: UpdateAvailable
    /// Tag of the newest Version that matches, is newer than the instance's and can be deployed to its component; empty when there is none.
    public var newVersion: String
    /// What the instance would have after the update; nil when there is none.
    public var newTechnicalInformation: TechnicalInformation?
    public var executionStatus: ErrorCategory
    public var executionMessage: String

    public init(updateAvailable: UpdateAvailable = .noUpdateAvailable, newVersion: String = "", newTechnicalInformation: TechnicalInformation? = nil,
                executionStatus: ErrorCategory = .noError, executionMessage: String = "") {
        self.updateAvailable = updateAvailable
        self.newVersion = newVersion
        self.newTechnicalInformation = newTechnicalInformation
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
    }
}
