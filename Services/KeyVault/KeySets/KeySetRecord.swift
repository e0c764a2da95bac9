import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// A key set's row.
struct KeySetRecord: Sendable {
    let id: String
    let purpose: KeySetPurpose
    var state: KeySetState
    let keyLength: Int
    let keyVersionNumber: UInt8
    let owner: String
    let label: String
    /// Three by three bytes.
    let keyCheckValues: [UInt8]
    let masterKeyIndex: String?
    let keyDiversificationData: [UInt8]?
    var mayBeOnCard: Bool
    var exportedUnder: String?
    /// ENC, MAC and DEK one after the other, sealed; nil once destroyed.
    var sealed: [UInt8]?

    static func find(_ id: String, _ db: Database) throws -> KeySetRecord? {
        try db.row("SELECT * FROM key_set WHERE id = ?", [id]).map(KeySetRecord.init)
    }

    /// - Throws: `notFound`.
    static func require(_ id: String, _ db: Database) throws -> KeySetRecord {
        guard let record = try find(id, db) else { throw KeyVaultError(.notFound, "there is no key set \(id.prefix(64))") }
        return record
    }

    private init(_ row: Row) throws {
        guard let purpose = KeySetPurpose(rawValue: row["purpose"]), let state = KeySetState(rawValue: row["state"]),
              let version = UInt8(exactly: row["key_version_number"] as Int)
        else { throw KeyVaultError(.internalError, "a key set's row cannot be read") }
        id = row["id"]
        self.purpose = purpose
        self.state = state
        keyLength = row["key_length"]
        keyVersionNumber = version
        owner = row["owner"]
        label = row["label"]
        keyCheckValues = row.bytes("key_check_values")
        masterKeyIndex = row["master_key_index"]
        keyDiversificationData = row.optionalBytes("key_diversification_data")
        mayBeOnCard = row["may_be_on_card"]
        exportedUnder = row["exported_under"]
        sealed = row.optionalBytes("sealed")
    }

    init(
        id: String, keys: SCP03StaticKeys, purpose: KeySetPurpose, keyVersionNumber: UInt8, owner: String, label: String, masterKeyIndex: String?,
        keyDiversificationData: [UInt8]?, mayBeOnCard: Bool, sealer: Sealer
    ) throws {
        self.id = id
        self.purpose = purpose
        state = .pending
        keyLength = keys.keyLength
        self.keyVersionNumber = keyVersionNumber
        self.owner = owner
        self.label = label
        keyCheckValues = try keys.keyCheckValues().flatMap { $0 }
        self.masterKeyIndex = masterKeyIndex
        self.keyDiversificationData = keyDiversificationData
        self.mayBeOnCard = mayBeOnCard
        exportedUnder = nil
        let length = keys.keyLength
        let joined = SecretBytes(count: 3 * length) { buffer in
            for (place, key) in keys.all.enumerated() {
                key.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[(place * length)...]).copyMemory(from: $0) }
            }
        }
        sealed = try sealer.seal(joined, row: id, .keySet)
    }

    func insert(_ db: Database, at milliseconds: Int64) throws {
        try db.run(
            """
            INSERT INTO key_set (id, purpose, state, key_length, key_version_number, owner, label, key_check_values, master_key_index,
                key_diversification_data, may_be_on_card, exported_under, sealed, created_at, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [id, purpose.rawValue, state.rawValue, keyLength, Int(keyVersionNumber), owner, label, Data(keyCheckValues), masterKeyIndex,
             keyDiversificationData.map { Data($0) }, mayBeOnCard, exportedUnder, sealed.map { Data($0) }, milliseconds, milliseconds])
    }

    /// The keys themselves.
    /// - Throws: `wrongState` once they are destroyed.
    func staticKeys(_ sealer: Sealer) throws -> SCP03StaticKeys {
        guard let sealed else { throw KeyVaultError(.wrongState, "key set \(id) is destroyed") }
        let joined = try sealer.openSecret(sealed, row: id, .keySet)
        guard joined.count == 3 * keyLength else { throw KeyVaultError(.internalError, "key set \(id) has an unexpected length") }
        func key(_ place: Int) -> SecretBytes {
            joined.withUnsafeBytes { SecretBytes(copying: $0[(place * keyLength)..<((place + 1) * keyLength)]) }
        }
        return try SCP03StaticKeys(enc: key(0), mac: key(1), dek: key(2))
    }

    var checkValues: [HexBytes] { stride(from: 0, to: keyCheckValues.count, by: 3).map { HexBytes(keyCheckValues[$0..<min($0 + 3, keyCheckValues.count)]) } }

    func description(_ db: Database) throws -> KeySetDescription {
        KeySetDescription(
            id: id, purpose: purpose, state: state, keyLength: keyLength, keyVersionNumber: keyVersionNumber, owner: owner, label: label,
            keyCheckValues: checkValues, masterKeyIndex: masterKeyIndex, keyDiversificationData: keyDiversificationData.map { HexBytes($0) },
            unprovenAuthentications: try AuthenticationCounter.value(KeyReference.keySet(id: id).name, db))
    }
}
