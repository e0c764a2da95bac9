import DeploymentDocument
import GRDB

/// What a transaction changed, as the handset plane must learn of it; written with the new revision in the same transaction.
final class ChangeLog {
    private var changes: [RevisionFeed.Change] = []

    func serviceChanged(_ id: String) { add(.serviceChanged(serviceId: id)) }
    func serviceDeleted(_ id: String) { add(.serviceDeleted(serviceId: id)) }
    func flavorDeleted(_ id: String, of service: String) { add(.flavorDeleted(serviceId: service, flavorId: id)) }
    func settingsChanged() { add(.settingsChanged) }

    private func add(_ change: RevisionFeed.Change) {
        if !changes.contains(change) { changes.append(change) }
    }

    /// Counts the catalogue's revision up by one, whatever changed, and records the changes under it.
    func commit(_ db: Database) throws {
        let revision = try ChangeLog.current(db) + 1
        try db.execute(sql: "UPDATE revision SET current = ?", arguments: [revision])
        for change in changes {
            // Of changes that only say "fetch anew" the newest per subject is enough; tombstones stay.
            let subject: String? = switch change {
            case .serviceChanged(let id): "service \(id)"
            case .settingsChanged: "settings"
            case .serviceDeleted, .flavorDeleted: nil
            }
            if let subject { try db.execute(sql: "DELETE FROM change WHERE superseded_by_next = ?", arguments: [subject]) }
            try db.execute(sql: "INSERT INTO change (revision, document, superseded_by_next) VALUES (?, ?, ?)",
                           arguments: [revision, try StoredDocument.encode(change), subject])
        }
    }

    static func current(_ db: Database) throws -> Int { try Int.fetchOne(db, sql: "SELECT current FROM revision") ?? 0 }

    /// Changes after a revision, oldest first.
    static func feed(after revision: Int, _ db: Database) throws -> RevisionFeed {
        let rows = try Row.fetchAll(db, sql: "SELECT revision, document FROM change WHERE revision > ? ORDER BY position", arguments: [revision])
        return RevisionFeed(current: try current(db), entries: try rows.map { row in
            RevisionFeed.Entry(revision: row["revision"], change: try StoredDocument.decode(row["document"] as String))
        })
    }
}
