extension YAML {
    /// The same configuration of a service with the ports that the system picked at its first start. Whoever starts it again is
    /// found where its peers, whose configurations name those ports, look for it.
    /// - Parameter ports: of each listener by its name, `health` among them.
    func pinned(to ports: [String: Int]) -> YAML {
        guard case .map(let members) = self else { return self }
        return .map(members.map { key, value in
            switch key {
            case "health": (key, value.withPort(ports["health"]))
            // Its name is the service's own; beside `health` and `operator` there is no other.
            case "operator": (key, value.withPort(ports["operator"]))
            case "listener": (key, value.withPort(ports.first { $0.key != "health" && $0.key != "operator" }?.value))
            case "listeners":
                if case .map(let named) = value { (key, .map(named.map { ($0, $1.withPort(ports[$0])) })) } else { (key, value) }
            default: (key, value)
            }
        })
    }

    private func withPort(_ port: Int?) -> YAML {
        guard let port, case .map(let members) = self else { return self }
        return .map(members.map { key, value in (key, key == "port" ? .number(port) : value) })
    }
}
