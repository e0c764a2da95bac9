/// Something to be told to the vault: durable with the change that makes it true, repeated until the vault has heard it.
struct KeySetTask: Codable, Sendable, Hashable {
    enum Action: String, Codable, Sendable {
        case destroy
        /// An order that names the keys can still be run.
        case retire
    }

    var keySetId: String
    var action: Action
}
