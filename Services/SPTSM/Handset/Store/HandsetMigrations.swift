import GRDB

/// Tables of the handset plane's store. Records are JSON in a TEXT column beside the columns that queries and constraints need.
enum HandsetMigrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 life cycle, dialogs, journal") { db in
            try db.execute(sql: """
                CREATE TABLE component (
                    id TEXT PRIMARY KEY, claim_key TEXT NOT NULL, record TEXT NOT NULL) STRICT;
                CREATE INDEX component_claim ON component(claim_key);
                CREATE TABLE proof (
                    device_key TEXT NOT NULL, component_id TEXT NOT NULL REFERENCES component(id), expires REAL NOT NULL,
                    PRIMARY KEY (device_key, component_id)) STRICT, WITHOUT ROWID;
                CREATE TABLE instance (
                    id TEXT PRIMARY KEY, owner TEXT NOT NULL, service_id TEXT NOT NULL,
                    component_id TEXT NOT NULL REFERENCES component(id), state INTEGER NOT NULL, record TEXT NOT NULL,
                    UNIQUE (service_id, component_id)) STRICT;
                CREATE TABLE dialog (
                    id TEXT PRIMARY KEY, session_digest TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, device_key TEXT NOT NULL,
                    idempotency_key TEXT NOT NULL, request_digest TEXT NOT NULL, instance_id TEXT,
                    ended INTEGER NOT NULL, lease_expires REAL NOT NULL, record TEXT NOT NULL,
                    UNIQUE (device_key, idempotency_key)) STRICT;
                CREATE UNIQUE INDEX dialog_open_on_instance ON dialog(instance_id) WHERE ended = 0 AND instance_id IS NOT NULL;
                CREATE INDEX dialog_lease ON dialog(lease_expires) WHERE ended = 0;
                CREATE TABLE key_set_task (key_set_id TEXT PRIMARY KEY, action TEXT NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE journal (
                    id INTEGER PRIMARY KEY, dialog_id TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;
                CREATE INDEX journal_dialog ON journal(dialog_id, id);
                CREATE INDEX journal_at ON journal(at);
                """)
        }
        migrator.registerMigration("2 documents by digest, answers in the journal alone") { db in
            try db.execute(sql: """
                CREATE TABLE document (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
                ALTER TABLE instance ADD COLUMN document_digest TEXT REFERENCES document(digest);
                CREATE INDEX instance_document ON instance(document_digest);
                """)
        }
        migrator.registerMigration("results for online services") { db in try db.execute(sql: OutboxStore.schema) }
        migrator.registerMigration("quarantine and actions of operators") { db in try db.execute(sql: QuarantineTable.schema) }
        migrator.registerMigration("processes that the vault is to forget") { db in
            try db.execute(sql: "CREATE TABLE process_to_forget (process TEXT PRIMARY KEY, due REAL NOT NULL) STRICT, WITHOUT ROWID")
        }
        return migrator
    }
}
