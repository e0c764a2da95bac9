import GlobalPlatform

/// Privileges in a profile: their names in the order of the privilege bytes.
struct PrivilegeNames: Codable {
    let privileges: Privileges

    init(_ privileges: Privileges) {
        self.privileges = privileges
    }

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        var privileges: Privileges = []
        while !list.isAtEnd {
            let name = try list.decode(String.self)
            guard let known = Privileges.named.first(where: { $0.name == name }) else {
                throw DecodingError.dataCorruptedError(
                    in: list, debugDescription: "there is no privilege '\(name)'; there are \(Privileges.named.map(\.name).joined(separator: ", "))")
            }
            privileges.insert(known.privilege)
        }
        self.privileges = privileges
    }

    func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for name in privileges.names { try list.encode(name) }
    }
}
