import KeyVaultAPI

/// One call as the audit log will name it; filled in while the call proceeds, so that a refusal names what is known by then.
struct VaultCall: Sendable {
    let operation: VaultOperation
    let caller: String
    var process = ""
    /// Key sets, cards' derived sets and named keys that the call is about.
    var keys: [String] = []
    var detail = ""
    /// `ok`, or the code of a refusal whose effects stay.
    var outcome = "ok"
    /// The operation found its work done already: it leaves no line.
    var changesNothing = false

    init(_ operation: VaultOperation, _ caller: String, process: String = "", keys: [String] = []) {
        self.operation = operation
        self.caller = caller
        self.process = process
        self.keys = keys
    }
}

extension KeyReference {
    /// The reference as one text: key of the authentication counter and name in the audit log.
    var name: String {
        switch self {
        case .keySet(let id): "set:\(id)"
        case .diversified(let index, let data, let scheme, let version): "card:\(scheme.rawValue):\(index):\(data):\(version)"
        }
    }
}
