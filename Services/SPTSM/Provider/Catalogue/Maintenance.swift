import GRDB
import TrustedServiceModel

/// Whether the provider plane serves, as the operator decided; durable, so that a restart in the middle of maintenance changes nothing.
public struct Maintenance: Codable, Sendable, Hashable {
    public enum Mode: String, Codable, Sendable, CaseIterable {
        case off
        /// Nothing in the catalogue changes; reading goes on.
        case readOnly
        /// Nothing is answered but that.
        case closed
    }

    public var mode: Mode
    /// For service providers: why, and until when. At most 150 characters.
    public var message: String
    /// When the mode was set; empty while nobody ever did.
    public var since: String

    public init(mode: Mode, message: String, since: String) {
        self.mode = mode
        self.message = message
        self.since = since
    }

    /// - Throws: ``GeneralError`` 2000, saying that it is maintenance.
    func check(writing: Bool) throws(GeneralError) {
        guard mode == .closed || (mode == .readOnly && writing) else { return }
        throw .internalError("the TSM is under maintenance\(writing && mode == .readOnly ? " and changes nothing at present" : "")\(message.isEmpty ? "" : ": \(message)")")
    }

    static let schema = """
        CREATE TABLE maintenance (only INTEGER PRIMARY KEY CHECK (only = 1), mode TEXT NOT NULL, message TEXT NOT NULL, since TEXT NOT NULL) STRICT;
        INSERT INTO maintenance VALUES (1, 'off', '', '');
        """

    static func read(_ db: Database) throws -> Maintenance {
        guard let row = try Row.fetchOne(db, sql: "SELECT mode, message, since FROM maintenance") else { return Maintenance(mode: .off, message: "", since: "") }
        // A mode that is unknown here was set by somebody who knew more: closed is the safe reading.
        return Maintenance(mode: Mode(rawValue: row["mode"]) ?? .closed, message: row["message"], since: row["since"])
    }

    func write(_ db: Database) throws {
        try db.execute(sql: "UPDATE maintenance SET mode = ?, message = ?, since = ?", arguments: [mode.rawValue, message, since])
    }
}
