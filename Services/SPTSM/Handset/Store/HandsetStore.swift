import Foundation
import GRDB
import ServiceKit
import TrustedServiceModel

/// The handset plane's rows. Every query on behalf of a caller is by owner: a foreign ID behaves like one that does not exist.
struct HandsetStore: Sendable {
    let store: Store
    let shelf = DocumentShelf()

    init(store: Store) { self.store = store }

    // MARK: components and proofs

    func component(id: String) async throws -> ComponentRecord? {
        try await store.read { db in try Self.record(db, "SELECT record FROM component WHERE id = ?", [id]) }
    }

    /// Components under this claim which the device key has proven and whose proof still holds.
    func provenComponent(claimKey: String, deviceKey: String, now: Date) async throws -> ComponentRecord? {
        try await store.read { db in
            try Self.record(db, """
                SELECT component.record FROM component JOIN proof ON proof.component_id = component.id
                WHERE component.claim_key = ? AND proof.device_key = ? AND proof.expires > ?
                """, [claimKey, deviceKey, now.timeIntervalSince1970])
        }
    }

    static func save(_ component: ComponentRecord, deviceKey: String, proofExpires: Date, in db: Database) throws {
        try db.execute(sql: """
            INSERT INTO component (id, claim_key, record) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET claim_key = excluded.claim_key, record = excluded.record
            """, arguments: [component.id, component.claimKey, try text(component)])
        try db.execute(sql: """
            INSERT INTO proof (device_key, component_id, expires) VALUES (?, ?, ?)
            ON CONFLICT (device_key, component_id) DO UPDATE SET expires = excluded.expires
            """, arguments: [deviceKey, component.id, proofExpires.timeIntervalSince1970])
    }

    // MARK: instances

    func instance(id: String, owner: String) async throws -> InstanceRecord? {
        try await store.read { [shelf] db in try Self.instances(db, shelf, "instance.id = ? AND owner = ?", [id, owner]).first }
    }

    func instances(service: String, owner: String, components: [String]) async throws -> [InstanceRecord] {
        // A handset has a handful of components, a Service may have millions of instances.
        guard !components.isEmpty else { return [] }
        let places = components.map { _ in "?" }.joined(separator: ", ")
        return try await store.read { [shelf] db in
            try Self.instances(db, shelf, "service_id = ? AND owner = ? AND component_id IN (\(places)) ORDER BY instance.rowid",
                               StatementArguments([service, owner] + components))
        }
    }

    static func instances(_ db: Database, _ shelf: DocumentShelf, _ condition: String, _ arguments: StatementArguments) throws -> [InstanceRecord] {
        let sql = "SELECT record, document_digest, body FROM instance LEFT JOIN document ON digest = document_digest WHERE " + condition
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { row in
            let decoder = WireJSON.decoder()
            if let key = PinnedDocument.userInfoKey, let digest: String = row["document_digest"], let body: String = row["body"] {
                decoder.userInfo[key] = try shelf.document(digest, stored: body)
            }
            let text: String = row["record"]
            return try decoder.decode(InstanceRecord.self, from: Data(text.utf8))
        }
    }

    static func hasInstance(service: String, component: String, in db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM instance WHERE service_id = ? AND component_id = ?)", arguments: [service, component]) ?? false
    }

    static func save(_ instance: InstanceRecord, in db: Database) throws {
        let digest = instance.document.digest
        if try Int.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM document WHERE digest = ?"), arguments: [digest]) == nil {
            try db.execute(sql: "INSERT INTO document (digest, body) VALUES (?, ?)",
                           arguments: [digest, String(decoding: try PinnedDocument.bytes(instance.document.content), as: UTF8.self)])
        }
        try db.cachedStatement(sql: """
            INSERT INTO instance (id, owner, service_id, component_id, state, document_digest, record) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, document_digest = excluded.document_digest, record = excluded.record
            """).execute(arguments: [instance.id, instance.serviceProviderId, instance.serviceId, instance.componentId, instance.state.rawValue, digest, try text(instance)])
    }

    static func deleteInstance(id: String, in db: Database) throws {
        try db.execute(sql: "DELETE FROM instance WHERE id = ?", arguments: [id])
    }

    // MARK: dialogs

    struct Begun: Sendable {
        var dialog: DialogRecord
        var requestDigest: String
    }

    func dialog(idempotencyKey: String, deviceKey: String) async throws -> Begun? {
        try await store.read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT record, request_digest FROM dialog WHERE device_key = ? AND idempotency_key = ?",
                                             arguments: [deviceKey, idempotencyKey]) else { return nil }
            return Begun(dialog: try Self.decode(row["record"]), requestDigest: row["request_digest"])
        }
    }

    func dialog(id: String) async throws -> DialogRecord? {
        try await store.read { db in try Self.record(db, "SELECT record FROM dialog WHERE id = ?", [id]) }
    }

    func dialog(sessionDigest: String) async throws -> DialogRecord? {
        try await store.read { db in try Self.record(db, "SELECT record FROM dialog WHERE session_digest = ?", [sessionDigest]) }
    }

    func openDialog(instance: String) async throws -> DialogRecord? {
        try await store.read { db in try Self.record(db, "SELECT record FROM dialog WHERE instance_id = ? AND ended = 0", [instance]) }
    }

    func expiredDialogs(now: Date, limit: Int) async throws -> [String] {
        try await store.read { db in
            try String.fetchAll(db, sql: "SELECT id FROM dialog WHERE ended = 0 AND lease_expires <= ? ORDER BY lease_expires LIMIT ?",
                                arguments: [now.timeIntervalSince1970, limit])
        }
    }

    func openDialogCount() async throws -> Int {
        try await store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog WHERE ended = 0") ?? 0 }
    }

    /// The session ID itself is not stored: its digest is enough to find the dialog.
    static func insert(_ dialog: DialogRecord, sessionDigest: String, idempotencyKey: String, requestDigest: String, in db: Database) throws {
        try db.execute(sql: """
            INSERT INTO dialog (id, session_digest, owner, device_key, idempotency_key, request_digest, instance_id, ended, lease_expires, record)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, arguments: [dialog.id, sessionDigest, dialog.caller.serviceProviderId, dialog.caller.deviceKeyThumbprint, idempotencyKey,
                             requestDigest, dialog.purpose.instanceId, dialog.isEnded ? 1 : 0, dialog.leaseExpires.timeIntervalSince1970, try text(dialog)])
    }

    static func update(_ dialog: DialogRecord, in db: Database) throws {
        try db.execute(sql: "UPDATE dialog SET ended = ?, lease_expires = ?, record = ? WHERE id = ?",
                       arguments: [dialog.isEnded ? 1 : 0, dialog.leaseExpires.timeIntervalSince1970, try text(dialog), dialog.id])
    }

    func openDialogCount(deviceKey: String) async throws -> Int {
        try await store.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog WHERE ended = 0 AND device_key = ?", arguments: [deviceKey]) ?? 0
        }
    }

    // MARK: key set tasks

    static func insert(_ task: KeySetTask, in db: Database) throws {
        try db.execute(sql: "INSERT INTO key_set_task (key_set_id, action) VALUES (?, ?) ON CONFLICT (key_set_id) DO UPDATE SET action = excluded.action",
                       arguments: [task.keySetId, task.action.rawValue])
    }

    func keySetTasks(limit: Int) async throws -> [KeySetTask] {
        try await store.read { db in
            try Row.fetchAll(db, sql: "SELECT key_set_id, action FROM key_set_task LIMIT ?", arguments: [limit]).compactMap { row in
                KeySetTask.Action(rawValue: row["action"]).map { KeySetTask(keySetId: row["key_set_id"], action: $0) }
            }
        }
    }

    func done(_ tasks: [KeySetTask]) async throws {
        if tasks.isEmpty { return }
        try await store.write { db in
            // A task of the same key set that came meanwhile stays.
            for task in tasks { try db.execute(sql: "DELETE FROM key_set_task WHERE key_set_id = ? AND action = ?", arguments: [task.keySetId, task.action.rawValue]) }
        }
    }

    // MARK: retention

    /// Forgets what ended before `date`: dialogs, their journal, proofs of card.
    func forget(before date: Date) async throws {
        let at = WireDate.text(date)
        try await store.write { db in
            try db.execute(sql: "DELETE FROM journal WHERE at < ?", arguments: [at])
            try db.execute(sql: "DELETE FROM dialog WHERE ended = 1 AND lease_expires < ?", arguments: [date.timeIntervalSince1970])
            try db.execute(sql: "DELETE FROM proof WHERE expires < ?", arguments: [date.timeIntervalSince1970])
            try QuarantineTable.forget(before: at, db)
            try db.execute(sql: "DELETE FROM document WHERE digest NOT IN (SELECT document_digest FROM instance WHERE document_digest IS NOT NULL)")
        }
    }

    // MARK: journal

    /// The APDU log of TR-03165 3.5.1: wrapped APDUs only. Every order is here before it is sent, every report before it is acted upon.
    /// - Parameter body: JSON.
    static func journal(_ kind: String, _ body: [UInt8], dialog: String, at: Date, in db: Database) throws {
        try db.cachedStatement(sql: "INSERT INTO journal (dialog_id, at, kind, body) VALUES (?, ?, ?, ?)")
            .execute(arguments: [dialog, WireDate.text(at), kind, String(decoding: body, as: UTF8.self)])
    }

    /// What the dialog was answered last: kept in the journal alone, as it was sent.
    func lastAnswer(dialog: String) async throws -> EncodedAnswer? {
        let text = try await store.read { db in
            try String.fetchOne(db, sql: "SELECT body FROM journal WHERE dialog_id = ? AND kind IN ('order', 'result') ORDER BY id DESC LIMIT 1", arguments: [dialog])
        }
        guard let body = text.map({ Array($0.utf8) }) else { return nil }
        return EncodedAnswer(answer: try WireJSON.decode(HandsetAPI.DialogAnswer.self, from: body), body: body)
    }

    func hasJournal(_ kind: String, dialog: String) async throws -> Bool {
        try await store.read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM journal WHERE dialog_id = ? AND kind = ?)", arguments: [dialog, kind]) ?? false
        }
    }

    func journal(dialog: String) async throws -> [(at: String, kind: String, body: String)] {
        try await store.read { db in
            try Row.fetchAll(db, sql: "SELECT at, kind, body FROM journal WHERE dialog_id = ? ORDER BY id", arguments: [dialog])
                .map { ($0["at"], $0["kind"], $0["body"]) }
        }
    }

    // MARK: rows

    private static func record<Record: Decodable & Sendable>(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> Record? {
        try String.fetchOne(db, sql: sql, arguments: arguments).map(decode)
    }

    private static func decode<Record: Decodable & Sendable>(_ text: String) throws -> Record {
        try WireJSON.decode(Record.self, from: Array(text.utf8))
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try WireJSON.encode(value), as: UTF8.self)
    }
}
