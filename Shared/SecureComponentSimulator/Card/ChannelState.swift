import Cryptography
import GlobalPlatform

/// What the card remembers of one logical channel, until it is closed, something else is selected, or power is lost.
struct ChannelState: Sendable {
    var selected: AID
    var secureChannel: SecureChannel?
    var loading: LoadSession?
    var storing: StoreDataSession?
    var listing: Listing?
    /// Rest of the access rules for GET DATA [next].
    var rules: RuleReading?
    /// Response data that waits for GET RESPONSE, and the status word that ends it.
    var pending: ResponseAPDU?

    init(selected: AID) {
        self.selected = selected
    }
}

/// A secure channel session of the selected application.
struct SecureChannel: Sendable {
    var session: SCP03CardSession
    /// The security domain whose keys are used.
    let keyHolder: AID
    let keyVersion: UInt8
    let staticKeys: SCP03StaticKeys

    /// C-MAC at least.
    var isAuthenticated: Bool { session.level?.contains(.commandMAC) ?? false }
}

/// Between INSTALL [for load] and the last LOAD. Nothing of it is in the registry before the end.
struct LoadSession: Sendable {
    let install: InstallForLoad
    let securityDomain: AID
    let authorization: Authorization
    /// Whether INSTALL [for load, install and make selectable] began it: the load file is then registered with its first instance.
    var isCombined = false
    var nextBlock = 0
    var data: [UInt8] = []
    /// Of a combined process after the last LOAD.
    var loaded: LoadFileRecord?
}

/// STORE DATA commands that belong together.
struct StoreDataSession: Sendable {
    /// The application that INSTALL [for personalization] named, or the selected one itself.
    let target: AID
    /// Whether INSTALL [for personalization] began it.
    let isForwarding: Bool
    var nextBlock = 0
    /// What security domains and the access rule application collect until the last block.
    var data: [UInt8] = []
}

/// GET STATUS: what was asked, and the pages that were not fetched yet.
struct Listing: Sendable {
    let request: GetStatusCommand
    var pages: [[UInt8]]
}

/// GET DATA of all access rules, in parts.
struct RuleReading: Sendable {
    var rest: [UInt8]
    /// As it was when reading began: rules that change meanwhile end the reading.
    let refreshTag: [UInt8]
}
