import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Data that a TSM must keep while a process runs and be able to forget for certain: sealed under a key of the process that is nowhere but here.
extension VaultWork {
    private static let maximumData = 256 * 1024

    func sealData(of process: String, _ data: HexBytes, _ call: inout VaultCall) throws -> HexBytes {
        try name(process, &call)
        guard data.bytes.count <= Self.maximumData else { throw KeyVaultError(.invalidRequest, "data of a process has at most \(Self.maximumData) bytes") }
        let key: SecretBytes
        if let known = try processKey(process) {
            key = known
        } else {
            key = try SecretBytes.random(count: 32, using: environment.keyRandom)
            try db.run("INSERT INTO process_key (caller, process, created_at, sealed) VALUES (?, ?, ?, ?)",
                       [caller.identity, process, milliseconds, Data(try sealer.seal(key, row: row(process), .processKey))])
        }
        call.detail = "\(data.bytes.count) bytes"
        return HexBytes(try AESGCM.seal(data.bytes, key: key, context: Array(row(process).utf8), using: environment.publicRandom))
    }

    func openData(of process: String, _ sealed: HexBytes, _ call: inout VaultCall) throws -> HexBytes {
        try name(process, &call)
        guard let key = try processKey(process) else { throw KeyVaultError(.notFound, "nothing is sealed for process \(process.prefix(64)), or it is forgotten") }
        do {
            return HexBytes(try AESGCM.open(sealed.bytes, key: key, context: Array(row(process).utf8)))
        } catch {
            throw KeyVaultError(.invalidRequest, "this was not sealed for process \(process.prefix(64)), or it was altered")
        }
    }

    func forgetProcess(_ process: String, _ call: inout VaultCall) throws {
        try name(process, &call)
        try db.run("DELETE FROM process_key WHERE caller = ? AND process = ?", [caller.identity, process])
        var changes = db.changesCount
        // What the card answered is kept with its channel.
        try db.run("UPDATE channel SET state = 'closed', sealed = NULL, version = version + 1 WHERE caller = ? AND process = ? AND sealed IS NOT NULL", [caller.identity, process])
        changes += db.changesCount
        call.changesNothing = changes == 0
    }

    private func name(_ process: String, _ call: inout VaultCall) throws(KeyVaultError) {
        call.process = String(process.prefix(128))
        guard (1...128).contains(process.utf8.count) else { throw KeyVaultError(.invalidRequest, "a process has 1 to 128 bytes") }
    }

    private func processKey(_ process: String) throws -> SecretBytes? {
        guard let row = try db.row("SELECT sealed FROM process_key WHERE caller = ? AND process = ?", [caller.identity, process]) else { return nil }
        return try sealer.openSecret(row.bytes("sealed"), row: self.row(process), .processKey)
    }

    private func row(_ process: String) -> String { "\(caller.identity)\u{0}\(process)" }
}
