import GRDB
import ServiceKit

/// What the operator tells service providers about SecureComponentProfiles (TR-03165 3.3.1.2).
public struct Notice: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case profileAdded, profileRemovalPlanned, profileRemovalWithdrawn, profileRemoved
    }

    public var id: String
    public var kind: Kind
    public var profileId: String
    public var profileName: String
    /// When it was made; UTC, ISO 8601 with milliseconds and `Z`, so below.
    public var created: String
    /// When it takes effect.
    public var effective: String
    /// The operator's words; may be empty.
    public var message: String
}

/// Rows of notices. An addition concerns everybody; a removal those whose Versions deploy on the profile, when it was planned or since.
enum NoticeTable {
    static let schema = """
        CREATE TABLE notice (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, profile_id TEXT NOT NULL, document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notice_profile ON notice(profile_id);
        CREATE TABLE notice_audience (
          notice_id TEXT NOT NULL REFERENCES notice(id), owner TEXT NOT NULL, PRIMARY KEY (notice_id, owner)
        ) STRICT, WITHOUT ROWID;
        """

    private static let users = "SELECT DISTINCT v.owner FROM deployment d JOIN version v ON v.id = d.version_id WHERE d.scp_id = ?"

    /// - Returns: the IDs of the service providers concerned by name; empty for an addition, which is for all.
    @discardableResult
    static func insert(_ notice: Notice, _ db: Database) throws -> [String] {
        try db.execute(sql: "INSERT INTO notice (id, kind, profile_id, document) VALUES (?, ?, ?, ?)",
                       arguments: [notice.id, notice.kind.rawValue, notice.profileId, try StoredDocument.encode(notice)])
        guard notice.kind != .profileAdded else { return [] }
        // Who heard of the plan hears of its end, whether or not it still uses the profile.
        var audience = try String.fetchSet(db, sql: users, arguments: [notice.profileId])
        audience.formUnion(try String.fetchAll(db, sql: "SELECT a.owner FROM notice_audience a JOIN notice n ON n.id = a.notice_id WHERE n.profile_id = ?", arguments: [notice.profileId]))
        for owner in audience { try db.execute(sql: "INSERT INTO notice_audience VALUES (?, ?)", arguments: [notice.id, owner]) }
        return audience.sorted()
    }

    /// Oldest first.
    static func all(of owner: String, _ db: Database) throws -> [Notice] {
        try String.fetchAll(db, sql: """
            SELECT n.document FROM notice n WHERE n.kind = 'profileAdded' OR EXISTS (SELECT 1 FROM notice_audience a WHERE a.notice_id = n.id AND a.owner = ?)
            OR (n.kind = 'profileRemovalPlanned' AND EXISTS (SELECT 1 FROM deployment d JOIN version v ON v.id = d.version_id WHERE d.scp_id = n.profile_id AND v.owner = ?)
                AND NOT EXISTS (SELECT 1 FROM notice w WHERE w.profile_id = n.profile_id AND w.position > n.position AND w.kind <> 'profileRemovalPlanned'))
            ORDER BY n.position
            """, arguments: [owner, owner]).map { try StoredDocument.decode($0) }
    }

    /// For the operator: all, with the service providers named.
    static func all(_ db: Database) throws -> [OperatorAPI.NoticeRecord] {
        try String.fetchAll(db, sql: "SELECT document FROM notice ORDER BY position").map { document in
            let notice: Notice = try StoredDocument.decode(document)
            let audience = try String.fetchAll(db, sql: "SELECT owner FROM notice_audience WHERE notice_id = ? ORDER BY owner", arguments: [notice.id])
            return OperatorAPI.NoticeRecord(notice: notice, serviceProviders: audience)
        }
    }
}
