import ServiceKit

/// Configuration of the online service in a testbed, strict YAML.
struct SPOSStubConfiguration: ServiceConfiguration {
    /// Group of the one listener: the TSM, and nobody else.
    static let group = "tsm"

    var logging: LoggingConfiguration
    var health: ListenerConfiguration
    var listener: ListenerConfiguration
    /// First path segment of a service provider's base URL → its inbox, a directory.
    var inboxes: [String: String]

    var drainTimeout: Seconds { Seconds(5) }

    private enum CodingKeys: String, CodingKey { case logging, health, listener, inboxes }

    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        listener = try keys.decode(ListenerConfiguration.self, forKey: .listener)
        inboxes = try keys.decode([String: String].self, forKey: .inboxes)
    }

    func validate() throws {
        try listener.requireGroups([Self.group], path: "listener")
        guard !inboxes.isEmpty else { throw ConfigurationError(.invalidValue, path: "inboxes", reason: "names nothing: there is nowhere to put results") }
    }
}
