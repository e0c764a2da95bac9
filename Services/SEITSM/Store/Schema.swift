import GRDB

/// Tables of the SEI TSM. Rows that belong to an SP TSM carry its identity, and every query for one names it.
public enum Schema {
    public static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: """
                CREATE TABLE component (
                    id TEXT NOT NULL PRIMARY KEY,
                    profile_id TEXT NOT NULL,
                    document TEXT NOT NULL
                ) STRICT;
                -- Which SP TSM has seen a component prove itself.
                CREATE TABLE proof (
                    component_id TEXT NOT NULL REFERENCES component(id),
                    sp_tsm TEXT NOT NULL,
                    at REAL NOT NULL,
                    PRIMARY KEY (component_id, sp_tsm)
                ) STRICT;
                CREATE TABLE eligibility (
                    id TEXT NOT NULL PRIMARY KEY,
                    sp_tsm TEXT NOT NULL,
                    component_id TEXT NOT NULL REFERENCES component(id),
                    challenge_id TEXT NOT NULL,
                    commands TEXT NOT NULL,
                    expires_at REAL NOT NULL,
                    used INTEGER NOT NULL DEFAULT 0
                ) STRICT;
                CREATE TABLE dialog (
                    id TEXT NOT NULL PRIMARY KEY,
                    sp_tsm TEXT NOT NULL,
                    component_id TEXT NOT NULL REFERENCES component(id),
                    idempotency_key TEXT NOT NULL,
                    request_digest BLOB NOT NULL,
                    status TEXT NOT NULL,
                    lease_until REAL NOT NULL,
                    created_at REAL NOT NULL,
                    document TEXT NOT NULL,
                    UNIQUE (sp_tsm, idempotency_key)
                ) STRICT;
                -- However requests may race: two open dialogs of one component cannot be stored.
                CREATE UNIQUE INDEX dialog_open ON dialog(component_id) WHERE status = 'open';
                -- What was answered to which results, for repetitions.
                CREATE TABLE dialog_answer (
                    dialog_id TEXT NOT NULL REFERENCES dialog(id) ON DELETE CASCADE,
                    session INTEGER NOT NULL,
                    results_digest BLOB NOT NULL,
                    answer TEXT NOT NULL,
                    PRIMARY KEY (dialog_id, session, results_digest)
                ) STRICT;
                CREATE TABLE security_domain (
                    component_id TEXT NOT NULL REFERENCES component(id),
                    aid TEXT NOT NULL,
                    sp_tsm TEXT NOT NULL,
                    state TEXT NOT NULL,
                    device_app_ids TEXT NOT NULL,
                    updated_at REAL NOT NULL,
                    PRIMARY KEY (component_id, aid)
                ) STRICT;
                CREATE TABLE first_key_set (
                    key_set_id TEXT NOT NULL PRIMARY KEY,
                    component_id TEXT NOT NULL REFERENCES component(id),
                    aid TEXT NOT NULL,
                    dialog_id TEXT NOT NULL,
                    session INTEGER NOT NULL,
                    -- Counter of the predicted session that stores it: until the ISD is beyond it, that script can still run.
                    counter INTEGER,
                    state TEXT NOT NULL
                ) STRICT;
                CREATE INDEX first_key_set_of ON first_key_set(component_id, aid);
                -- State changes that the key vault is still to be told.
                CREATE TABLE key_set_task (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    key_set_id TEXT NOT NULL,
                    state TEXT NOT NULL
                ) STRICT;
                CREATE TABLE journal (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    at REAL NOT NULL,
                    component_id TEXT NOT NULL,
                    sp_tsm TEXT NOT NULL,
                    -- Dialog or eligibility check.
                    subject TEXT NOT NULL,
                    session INTEGER,
                    kind TEXT NOT NULL,
                    body TEXT NOT NULL
                ) STRICT;
                CREATE INDEX journal_subject ON journal(subject);
                CREATE INDEX journal_at ON journal(at);
                """)
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: """
                -- What the evidence was answered with, for a repetition of the same.
                ALTER TABLE eligibility ADD COLUMN evidence_digest BLOB;
                ALTER TABLE eligibility ADD COLUMN verdict TEXT;
                -- Channels of verified sessions that the key vault is still to close.
                CREATE TABLE channel_task (channel_id TEXT NOT NULL PRIMARY KEY) STRICT;
                """)
        }
        migrator.registerMigration("3") { db in
            try db.execute(sql: """
                -- Sessions opened for an SP TSM and not followed by a verified one.
                CREATE TABLE unproven (
                    component_id TEXT NOT NULL REFERENCES component(id),
                    sp_tsm TEXT NOT NULL,
                    sessions INTEGER NOT NULL,
                    PRIMARY KEY (component_id, sp_tsm)
                ) STRICT;
                -- Checks that nobody has answered yet.
                CREATE INDEX eligibility_unanswered ON eligibility(component_id, sp_tsm) WHERE used = 0;
                """)
        }
        return migrator
    }
}
