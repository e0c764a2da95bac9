import Foundation
import KeyVaultAPI

extension VaultEngine {
    /// Whether the store of this directory belongs to a root key already.
    static let checkName = "root-key-check"
    private static let checkText = Array("this is the root key".utf8)

    /// A store belongs to the root key that it was first opened with; another one would only be noticed when keys no longer open.
    func requireRootKey(of sealer: Sealer) async throws {
        let stored = try await read { db in try db.row("SELECT value FROM vault WHERE name = ?", [Self.checkName])?.bytes("value") }
        if let stored {
            guard let text = try? sealer.open(stored, row: Self.checkName, .rootKeyCheck), text == Self.checkText else {
                throw KeyVaultError(.sealed, "the root key is not the one that this vault's keys are sealed under: put the right key file in place")
            }
            return
        }
        let check = try sealer.seal(Self.checkText, row: Self.checkName, .rootKeyCheck)
        var call = VaultCall(.maintenance, "vault")
        call.detail = "the store was bound to its root key"
        try await commit(call) { db in
            try db.run("INSERT INTO vault (name, value) VALUES (?, ?)", [Self.checkName, Data(check)])
        }
    }
}
