import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Where in the catalogue an AID is used. A card knows one name space: what one provider's package, module, instance or security domain is
/// called, nothing of another provider may be.
enum AIDUse {
    /// What uses an AID: table, and the AID's expression in it. All are kept in lower case but instances, which are kept as they were sent.
    private static let places = [
        ("executable_load_file", "json_extract(document, '$.aid')"), ("executable_module", "json_extract(document, '$.aid')"),
        ("application_config", "lower(json_extract(document, '$.instanceAid'))"), ("service", "sd_aid"),
    ]

    /// - Throws: ``GeneralError`` 1008 when another provider uses it.
    static func check(_ aid: AID, attribute: String, by owner: String, _ db: Database) throws {
        for (table, expression) in places {
            let isTaken = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM \(table) WHERE \(expression) = ? AND owner <> ?)", arguments: [aid.description, owner])
            // Whose it is, is nobody's business.
            if isTaken == true { throw GeneralError.invalidFormat(aid.description, for: attribute, supported: "an AID that is not in use by another ServiceProvider") }
        }
    }

    /// AIDs of a provider that lie under a prefix, at most a few: for the operator, who is about to take the prefix away.
    static func examples(under prefix: HexBytes, of owner: String, _ db: Database) throws -> [String] {
        try places.flatMap { table, expression in
            try String.fetchAll(db, sql: "SELECT \(expression) FROM \(table) WHERE owner = ? AND \(expression) LIKE ? LIMIT 3", arguments: [owner, prefix.description + "%"])
        }
    }

    /// Found by index: uploads ask for each of their AIDs.
    static let indexes = """
        CREATE INDEX load_file_aid ON executable_load_file(json_extract(document, '$.aid'));
        CREATE INDEX module_aid ON executable_module(json_extract(document, '$.aid'));
        CREATE INDEX instance_aid ON application_config(lower(json_extract(document, '$.instanceAid')));
        """
}
