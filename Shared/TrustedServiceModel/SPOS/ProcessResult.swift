/// What a service provider's online system (SPOS) is told of a process (TR-03165 4.3.3.1). Numbers and messages are those of the TSM-API.
public struct ProcessResult: Codable, Sendable, Hashable {
    /// Empty if the request failed before a process was created.
    public var processId: String
    /// 0, or the error category.
    public var executionStatus: ErrorCategory
    /// English, for people. Empty where there is nothing to say of a success.
    public var executionMessage: String
    /// UTC, ISO 8601 with milliseconds and `Z`, as `endDate`.
    public var startDate: String
    public var endDate: String
    public var serviceId: String
    /// Of the Version that the process was for: of an update, the new one.
    public var versionTag: String
    /// Empty if there is no Service Instance: an eligibility check that failed has made none.
    public var serviceInstanceId: String
    /// In the order of the request; empty for an eligibility check, for which the TR has no number.
    public var requestedOperations: [ServiceOperation]
    /// Never `unknown`: without an instance `notDeployed`.
    public var serviceStartState: ServiceInstanceState
    public var serviceEndState: ServiceInstanceState

    public init(processId: String, executionStatus: ErrorCategory, executionMessage: String, startDate: String, endDate: String, serviceId: String, versionTag: String,
                serviceInstanceId: String, requestedOperations: [ServiceOperation], serviceStartState: ServiceInstanceState, serviceEndState: ServiceInstanceState) {
        self.processId = processId
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
        self.startDate = startDate
        self.endDate = endDate
        self.serviceId = serviceId
        self.versionTag = versionTag
        self.serviceInstanceId = serviceInstanceId
        self.requestedOperations = requestedOperations
        self.serviceStartState = serviceStartState
        self.serviceEndState = serviceEndState
    }
}
