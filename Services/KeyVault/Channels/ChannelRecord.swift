import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// Where a channel stands.
enum ChannelState: String, Sendable {
    /// INITIALIZE UPDATE has been issued, its answer is awaited.
    case awaitingChallenge
    /// Commands have been wrapped, and more may be.
    case active
    /// Something went wrong on the card or on the way: reports are still verified, no more commands are wrapped. Commands that the card did not
    /// get must not be replaced by others: two contents for one counter would break the encryption and leave the choice to whoever relays.
    case stopped
    case closed
}

/// A channel's row.
struct ChannelRecord: Sendable {
    let id: String
    let caller: String
    let process: String
    /// Name of the key reference.
    let reference: String
    var state: ChannelState
    /// Goes up with every change; a change that was computed from an older one is refused.
    var version: Int
    var sealed: [UInt8]?

    /// - Throws: `notFound`, also for a channel of another caller.
    static func require(_ id: String, caller: String, _ db: Database) throws -> ChannelRecord {
        guard let row = try db.row("SELECT * FROM channel WHERE id = ?", [id]), let state = ChannelState(rawValue: row["state"]),
              row["caller"] == caller
        else { throw KeyVaultError(.notFound, "there is no channel \(id.prefix(64))") }
        return ChannelRecord(
            id: row["id"], caller: row["caller"], process: row["process"], reference: row["reference"], state: state, version: row["version"],
            sealed: row.optionalBytes("sealed"))
    }

    func content(_ sealer: Sealer) throws -> ChannelContent {
        guard let sealed else { throw KeyVaultError(.wrongState, "channel \(id) is closed") }
        do {
            return try JSONDecoder().decode(ChannelContent.self, from: Data(sealer.open(sealed, row: id, .channel)))
        } catch let error as DecodingError {
            throw KeyVaultError(.internalError, "channel \(id) cannot be read: \(error)")
        }
    }

    static func seal(_ content: ChannelContent, id: String, _ sealer: Sealer) throws -> [UInt8] {
        try sealer.seal([UInt8](JSONEncoder().encode(content)), row: id, .channel)
    }

    /// - Parameter nonce: digest of key reference and host challenge.
    /// - Throws: `internalError` when this challenge was used with these keys before.
    func insert(nonce: [UInt8], at milliseconds: Int64, _ db: Database) throws {
        do {
            try db.run(
                "INSERT INTO channel (id, caller, process, reference, state, version, nonce, opened_at, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [id, caller, process, reference, state.rawValue, version, Data(nonce), milliseconds, sealed.map { Data($0) }])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw KeyVaultError(.internalError, "the random generator repeated a host challenge: nothing was issued")
        }
    }

    /// - Throws: `wrongState` when another request has changed the channel meanwhile.
    func update(state: ChannelState, sealed: [UInt8]?, _ db: Database) throws {
        try db.run(
            "UPDATE channel SET state = ?, sealed = ?, version = version + 1 WHERE id = ? AND version = ?",
            [state.rawValue, sealed.map { Data($0) }, id, version])
        guard db.changesCount == 1 else { throw KeyVaultError(.wrongState, "another request used channel \(id) at the same time: repeat this one") }
    }

    static func nonce(reference: String, hostChallenge: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try HashFunction.sha256.digest(of: Array(reference.utf8) + [0] + hostChallenge)
    }
}
