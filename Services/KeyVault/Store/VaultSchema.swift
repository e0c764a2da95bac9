import Foundation
import GRDB

/// The vault's tables. Whatever is secret is in a column `sealed`; the rest may be read by whoever reads the disk.
enum VaultSchema {
    static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: """
                CREATE TABLE vault (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

                CREATE TABLE key_set (
                    id TEXT PRIMARY KEY, purpose TEXT NOT NULL, state TEXT NOT NULL, key_length INTEGER NOT NULL,
                    key_version_number INTEGER NOT NULL, owner TEXT NOT NULL, label TEXT NOT NULL, key_check_values BLOB NOT NULL,
                    master_key_index TEXT, key_diversification_data BLOB, may_be_on_card INTEGER NOT NULL, exported_under TEXT,
                    sealed BLOB, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
                    CHECK ((state = 'destroyed') = (sealed IS NULL))
                ) STRICT;

                CREATE TABLE named_key (
                    name TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, key_length INTEGER NOT NULL,
                    key_check_value BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE signing_key (
                    purpose TEXT PRIMARY KEY, key_id TEXT NOT NULL, public_key BLOB NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE host_challenge (
                    id TEXT PRIMARY KEY, caller TEXT NOT NULL, key_version_number INTEGER NOT NULL, challenge BLOB NOT NULL, expires_at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX host_challenge_expiry ON host_challenge (expires_at);

                -- nonce: digest of key reference and host challenge, so that no challenge is ever used twice with the same keys.
                CREATE TABLE channel (
                    id TEXT PRIMARY KEY, caller TEXT NOT NULL, process TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
                    version INTEGER NOT NULL, nonce BLOB NOT NULL UNIQUE, opened_at INTEGER NOT NULL, sealed BLOB
                ) STRICT;
                CREATE INDEX channel_age ON channel (opened_at);

                CREATE TABLE authentication (reference TEXT PRIMARY KEY, unproven INTEGER NOT NULL) STRICT;

                CREATE TABLE audit (
                    sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, caller TEXT NOT NULL, process TEXT NOT NULL,
                    keys TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
                ) STRICT;
                CREATE TRIGGER audit_never_updated BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
                CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
                """)
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: """
                -- What batches under an idempotency key were answered.
                CREATE TABLE batch (
                    caller TEXT NOT NULL, idempotency_key TEXT NOT NULL, digest BLOB NOT NULL, expires_at INTEGER NOT NULL, sealed BLOB NOT NULL,
                    PRIMARY KEY (caller, idempotency_key)
                ) STRICT;
                CREATE INDEX batch_expiry ON batch (expires_at);
                """)
        }
        migrator.registerMigration("process keys") { db in
            try db.execute(sql: """
                -- Keys that data of a process is sealed under, outside of the vault; each goes with its process.
                CREATE TABLE process_key (
                    caller TEXT NOT NULL, process TEXT NOT NULL, created_at INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (caller, process)
                ) STRICT;
                CREATE INDEX process_key_age ON process_key (created_at);
                CREATE INDEX channel_process ON channel (process);
                """)
        }
        migrator.registerMigration("data keys") { db in
            try db.execute(sql: """
                -- Keys that rows are sealed under, by generation, wrapped by the root key. Two while the root key is changed.
                CREATE TABLE data_key (generation INTEGER PRIMARY KEY, wrapped BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT;
                """)
            // What is sealed begins with its generation from now on; so far there was one.
            for table in ["key_set", "named_key", "signing_key", "channel", "batch", "process_key"] {
                for place in try Int64.fetchAll(db, sql: "SELECT rowid FROM \(table) WHERE sealed IS NOT NULL") {
                    let sealed = try Data.fetchOne(db, sql: "SELECT sealed FROM \(table) WHERE rowid = ?", arguments: [place]) ?? Data()
                    try db.execute(sql: "UPDATE \(table) SET sealed = ? WHERE rowid = ?", arguments: [Data(Sealer.header(0)) + sealed, place])
                }
            }
        }
        return migrator
    }
}
