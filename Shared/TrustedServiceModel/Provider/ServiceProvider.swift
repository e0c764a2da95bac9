/// A service provider as it sees itself (TR-03165 4.1.4.1).
public struct ServiceProvider: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// Up to 255 characters.
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}
