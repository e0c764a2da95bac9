import KeyVaultAPI

/// Something to be told to the vault: durable with the change that makes it true, repeated until the vault has heard it.
struct KeySetTask: Codable, Sendable, Hashable {
    enum Action: String, Codable, Sendable {
        /// A card is proven to hold the keys.
        case live
        case destroy
        /// An order that names the keys can still be run.
        case retire
    }

    var keySetId: String
    var action: Action

    /// What the vault is asked for, where the key set is as it should be.
    var states: [KeySetState] {
        switch action {
        case .live: [.live]
        case .retire: [.retired]
        // No card holds it: the step in between says so.
        case .destroy: [.retired, .destroyed]
        }
    }

    var steps: [VaultStep] { states.map { .changeState(id: keySetId, request: ChangeKeySetStateRequest(state: $0)) } }
}
