import ServiceLifecycle

/// What every configuration has, whatever else a service needs.
public protocol ServiceConfiguration: Decodable, Sendable {
    var logging: LoggingConfiguration { get }
    /// The private listener with `/health/live`, `/health/ready` (group `health`) and `/metrics` (group `metrics`).
    var health: ListenerConfiguration { get }
    /// Where the endpoints file goes when no `--ready-file` is given; nil: nowhere.
    var storeDirectory: String? { get }
    /// How long work under way may go on after SIGTERM.
    var drainTimeout: Seconds { get }
    /// What no single value shows: contradictions between values, route groups that are missing.
    func validate() throws
}

extension ServiceConfiguration {
    public var storeDirectory: String? { nil }
    public var drainTimeout: Seconds { Seconds(30) }
    public func validate() throws {}
}

/// A service of the suite: a name, a configuration, and how to build it. Everything else about being a process is ``ServiceRunner``'s.
public protocol TSMSService: Sendable {
    associatedtype Configuration: ServiceConfiguration
    /// Of the executable or plane, for example `sp-tsm-provider`: subcommand, log label, name in the endpoints file.
    static var name: String { get }
    /// Opens stores, makes clients and routes. Nothing listens yet.
    static func build(configuration: Configuration, resources: ServiceResources) async throws -> RunningService
}

/// A service that is built and waits for its listeners.
public struct RunningService: Sendable {
    public var listeners: [ServiceListener]
    /// Run beside the listeners; told to stop after these have.
    public var background: [any Service]
    /// Called once everything has stopped, before the stores are closed.
    public var atEnd: @Sendable () async -> Void

    public init(listeners: [ServiceListener], background: [any Service] = [], atEnd: @escaping @Sendable () async -> Void = {}) {
        self.listeners = listeners
        self.background = background
        self.atEnd = atEnd
    }
}
