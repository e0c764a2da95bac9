/// Facts of a ServiceInstance's configuration (TR-03165 4.2.3.12). All attributes conditional: absent before a Flavor is known.
public struct TechnicalInformation: Codable, Sendable, Hashable {
    /// spParameters of the Service merged with those of the Flavor; the Flavor's win.
    public var spParameters: [String: String]?
    public var serviceId: String?
    public var serviceVersionTag: String?
    public var flavorId: String?
    public var flavorName: String?
    /// The SecureComponentProfile that matched.
    public var profileId: String?

    public init(spParameters: [String: String]? = nil, serviceId: String? = nil, serviceVersionTag: String? = nil,
                flavorId: String? = nil, flavorName: String? = nil, profileId: String? = nil) {
        self.spParameters = spParameters
        self.serviceId = serviceId
        self.serviceVersionTag = serviceVersionTag
        self.flavorId = flavorId
        self.flavorName = flavorName
        self.profileId = profileId
    }
}

/// A Service on one secure component, as the SP app sees it (TR-03165 4.2.3.1).
public struct ServiceInstance: Codable, Sendable, Hashable {
    public var id: String
    public var state: ServiceInstanceState
    public var technicalInformation: TechnicalInformation
    public var lastOperation: ServiceOperation
    /// The reader's name on the handset, e.g. `eSE1`.
    public var reader: String

    public init(id: String, state: ServiceInstanceState, technicalInformation: TechnicalInformation, lastOperation: ServiceOperation, reader: String) {
        self.id = id
        self.state = state
        self.technicalInformation = technicalInformation
        self.lastOperation = lastOperation
        self.reader = reader
    }
}

/// Outcome of a process (TR-03165 4.2.3.8). `processId` is empty when it failed before a process was created; times are UTC ISO 8601.
public struct ProcessInfo: Codable, Sendable, Hashable {
    public var processId: String
    public var executionStatus: ErrorCategory
    public var executionMessage: String
    public var startDate: String
    public var endDate: String

    public init(processId: String, executionStatus: ErrorCategory, executionMessage: String, startDate: String, endDate: String) {
        self.processId = processId
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
        self.startDate = startDate
        self.endDate = endDate
    }
}

/// TR-03165 4.2.4: what became of one ServiceCommand.
public enum CommandExecutionStatus: Int, Codable, Sendable, CaseIterable { case success = 0, failed = 1, notExecuted = 2 }

/// One labelled command of a PersonalizationScript and the answer, both in hex (TR-03165 4.2.3.11).
public struct CommandResponsePair: Codable, Sendable, Hashable {
    public var tag: String
    public var command: String
    public var response: String

    public init(tag: String, command: String, response: String) {
        self.tag = tag
        self.command = command
        self.response = response
    }
}

/// What one application instance answered to its personalisation (TR-03165 4.2.3.10).
public struct PersonalizationResult: Codable, Sendable, Hashable {
    public var applicationInstanceAid: String
    public var results: [CommandResponsePair]

    public init(applicationInstanceAid: String, results: [CommandResponsePair]) {
        self.applicationInstanceAid = applicationInstanceAid
        self.results = results
    }
}

/// TR-03165 4.2.3.9. `personalizationResults` only for the personalize command.
public struct ServiceCommandResult: Codable, Sendable, Hashable {
    public var commandExecutionStatus: CommandExecutionStatus
    public var personalizationResults: [PersonalizationResult]?

    public init(commandExecutionStatus: CommandExecutionStatus, personalizationResults: [PersonalizationResult]? = nil) {
        self.commandExecutionStatus = commandExecutionStatus
        self.personalizationResults = personalizationResults
    }
}

/// Result of createServiceInstance (TR-03165 4.2.5.1).
public struct CreateServiceInstanceResult: Codable, Sendable, Hashable {
    public var serviceInstance: ServiceInstance?
    public var executionStatus: ErrorCategory
    public var executionMessage: String

    public init(serviceInstance: ServiceInstance?, executionStatus: ErrorCategory = .noError, executionMessage: String = "") {
        self.serviceInstance = serviceInstance
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
    }
}

/// Result of getServiceInstances (TR-03165 4.2.5.2).
public struct GetServiceInstancesResult: Codable, Sendable, Hashable {
    public var serviceInstances: [ServiceInstance]
    public var executionStatus: ErrorCategory
    public var executionMessage: String

    public init(serviceInstances: [ServiceInstance], executionStatus: ErrorCategory = .noError, executionMessage: String = "") {
        self.serviceInstances = serviceInstances
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
    }
}

/// Result of deployService (TR-03165 4.2.5.3).
public struct DeployServiceResult: Codable, Sendable, Hashable {
    public var processInfo: ProcessInfo
    public var serviceInstanceState: ServiceInstanceState
    public var technicalInformation: TechnicalInformation
    /// Same length and order as the request's serviceCommands.
    public var serviceCommandResults: [ServiceCommandResult]
    public var reader: String

    public init(processInfo: ProcessInfo, serviceInstanceState: ServiceInstanceState, technicalInformation: TechnicalInformation,
                serviceCommandResults: [ServiceCommandResult], reader: String) {
        self.processInfo = processInfo
        self.serviceInstanceState = serviceInstanceState
        self.technicalInformation = technicalInformation
        self.serviceCommandResults = serviceCommandResults
        self.reader = reader
    }
}

/// Result of updateService (TR-03165 4.2.5.4): the attributes are those of a deployment.
public typealias UpdateServiceResult = DeployServiceResult

/// Result of suspendOrResumeService (TR-03165 4.2.5.5).
public struct SuspendOrResumeResult: Codable, Sendable, Hashable {
    public var processInfo: ProcessInfo
    public init(processInfo: ProcessInfo) { self.processInfo = processInfo }
}

/// Result of terminateService (TR-03165 4.2.5.6).
public struct TerminateServiceResult: Codable, Sendable, Hashable {
    public var processInfo: ProcessInfo
    public init(processInfo: ProcessInfo) { self.processInfo = processInfo }
}

/// Result of setAccessToken (TR-03165 4.2.5.9).
public struct SetAccessTokenResult: Codable, Sendable, Hashable {
    public var executionStatus: ErrorCategory
    public var executionMessage: String

    public init(executionStatus: ErrorCategory = .noError, executionMessage: String = "") {
        self.executionStatus = executionStatus
        self.executionMessage = executionMessage
    }
}
