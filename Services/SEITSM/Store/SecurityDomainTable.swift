import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI

/// A security domain that an SP TSM had made.
struct SecurityDomainRecord: Sendable, Hashable {
    enum State: String, Sendable {
        /// A script that makes it has left, or somebody said that it is gone; nothing is proven.
        case pending
        case live
        /// Its absence from the card is proven, or was reported where the card cannot prove it.
        case deleted
    }

    var componentId: String
    var aid: AID
    var spTsm: String
    var state: State
    /// Apps for which the issuer wrote a rule on the domain; removed together with it.
    var deviceAppIds: [HexBytes]
}

/// First keys of such a domain, one set per attempt.
struct FirstKeySetRecord: Sendable, Hashable {
    var keySetId: String
    var componentId: String
    var aid: AID
    var dialogId: String
    var session: Int
    var counter: UInt32?
    var state: KeySetState
}

enum SecurityDomainTable {
    static func find(component: String, aid: AID, _ db: Database) throws -> SecurityDomainRecord? {
        let arguments: StatementArguments = [component, aid.description]
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM security_domain WHERE component_id = ? AND aid = ?", arguments: arguments) else { return nil }
        return SecurityDomainRecord(componentId: component, aid: aid, spTsm: row["sp_tsm"], state: SecurityDomainRecord.State(rawValue: row["state"]) ?? .pending,
                                    deviceAppIds: try Document.value(row["device_app_ids"]))
    }

    static func save(_ record: SecurityDomainRecord, at: Date, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO security_domain (component_id, aid, sp_tsm, state, device_app_ids, updated_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET sp_tsm = excluded.sp_tsm, state = excluded.state, device_app_ids = excluded.device_app_ids, updated_at = excluded.updated_at
                """,
            arguments: [record.componentId, record.aid.description, record.spTsm, record.state.rawValue, try Document.text(record.deviceAppIds),
                        at.timeIntervalSince1970])
    }

    static func setState(_ state: SecurityDomainRecord.State, component: String, aid: AID, at: Date, _ db: Database) throws {
        try db.execute(sql: "UPDATE security_domain SET state = ?, updated_at = ? WHERE component_id = ? AND aid = ?",
                       arguments: [state.rawValue, at.timeIntervalSince1970, component, aid.description])
    }

    static func insert(_ record: FirstKeySetRecord, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO first_key_set (key_set_id, component_id, aid, dialog_id, session, counter, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [record.keySetId, record.componentId, record.aid.description, record.dialogId, record.session, record.counter.map { Int64($0) },
                        record.state.rawValue])
    }

    static func keySets(component: String, aid: AID, _ db: Database) throws -> [FirstKeySetRecord] {
        let arguments: StatementArguments = [component, aid.description]
        return try Row.fetchAll(db, sql: "SELECT * FROM first_key_set WHERE component_id = ? AND aid = ? ORDER BY rowid", arguments: arguments).map { row in
            let counter: Int64? = row["counter"]
            return FirstKeySetRecord(keySetId: row["key_set_id"], componentId: component, aid: aid, dialogId: row["dialog_id"], session: row["session"],
                                     counter: counter.map { UInt32(truncatingIfNeeded: $0) }, state: KeySetState(rawValue: row["state"]) ?? .pending)
        }
    }

    /// Notes the new state and queues it for the key vault, in one transaction with whatever proved it.
    static func change(keySet id: String, to state: KeySetState, _ db: Database) throws {
        try db.execute(sql: "UPDATE first_key_set SET state = ? WHERE key_set_id = ?", arguments: [state.rawValue, id])
        try db.execute(sql: "INSERT INTO key_set_task (key_set_id, state) VALUES (?, ?)", arguments: [id, state.rawValue])
    }
}
