import Identity

/// A service of the testbed before it is started.
struct ServiceDefinition: Sendable {
    /// As in testbed.json.
    let name: String
    let executable: String
    /// Before the options.
    let subcommand: [String]
    let directory: String
    let identity: SPIFFEID
    /// Who may ask for its health.
    let operatorFiles: CredentialFiles
    let configuration: YAML

    var configurationFile: String { directory + "/config.yaml" }
    var readyFile: String { directory + "/endpoints.json" }
    var log: String { directory + "/service.log" }
}

/// A service that answers "ready".
struct StartedService: Sendable {
    let definition: ServiceDefinition
    let pid: Int32
    /// Port of each listener by its name.
    let listeners: [String: Int]
    /// Program and arguments.
    let command: [String]

    /// - Throws: ``ToolFailure`` for a listener that the service does not have.
    func port(_ listener: String) throws(ToolFailure) -> Int {
        guard let port = listeners[listener] else { throw ToolFailure("\(definition.name) has no listener \(listener), only \(listeners.keys.sorted().joined(separator: ", "))") }
        return port
    }

    func description() throws(ToolFailure) -> TestbedDescription.Process {
        TestbedDescription.Process(name: definition.name, pid: pid, health: "https://127.0.0.1:\(try port("health"))/health/ready", log: definition.log,
                                   identity: definition.identity.description, configuration: definition.configurationFile, command: command)
    }
}
