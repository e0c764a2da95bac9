/// Told once, before anything changes (TR-03165 4.2.3.6). `callerId` is the app's DeviceAppID (hash of its certificate).
public struct ProcessStart: Codable, Sendable, Hashable {
    public var processId: String
    public var callerId: String
    public var startDate: String

    public init(processId: String, callerId: String, startDate: String) {
        self.processId = processId
        self.callerId = callerId
        self.startDate = startDate
    }
}

/// Told one or more times while a process runs; `progress` 0…100 (TR-03165 4.2.3.7).
public struct ProcessProgress: Codable, Sendable, Hashable {
    public var processId: String
    public var progress: Int
    public var operation: ServiceOperation

    public init(processId: String, progress: Int, operation: ServiceOperation) {
        self.processId = processId
        self.progress = progress
        self.operation = operation
    }
}
