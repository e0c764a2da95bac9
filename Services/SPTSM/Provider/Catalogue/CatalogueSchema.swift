import GRDB

/// The catalogue's tables. An entity is its JSON document beside the columns that queries need; every tenant's row names its owner.
enum CatalogueSchema {
    static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 catalogue") { db in try db.execute(sql: operatorTables + tenantTables + linkTables + feedTables) }
        migrator.registerMigration("2 uses of AIDs") { db in try db.execute(sql: AIDUse.indexes) }
        migrator.registerMigration("3 upkeep by the operator") { db in
            try db.execute(sql: Maintenance.schema + NoticeTable.schema + ProfileTable.schema + ServiceProviderTable.schema)
        }
        migrator.registerMigration("4 files in pieces") { db in try db.execute(sql: UploadStore.schema) }
        migrator.registerMigration("5 load files that were published") { db in try db.execute(sql: LoadFileStore.schema) }
        migrator.registerMigration("token issuers of service providers") { db in try db.execute(sql: TokenIssuerTable.schema) }
        migrator.registerMigration("integrity services of service providers") { db in try db.execute(sql: DeviceIntegrityTable.schema) }
        return migrator
    }

    private static let operatorTables = """
        CREATE TABLE service_provider (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
          client_certificate_sha256 TEXT, security_domains INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE aid_prefix (
          position INTEGER PRIMARY KEY AUTOINCREMENT, prefix TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id)
        ) STRICT;
        CREATE TABLE device_app (
          position INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL REFERENCES service_provider(id), device_app_id TEXT NOT NULL, UNIQUE (owner, device_app_id)
        ) STRICT;
        CREATE TABLE key_index (
          position INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL REFERENCES service_provider(id), key_index TEXT NOT NULL, document TEXT NOT NULL,
          UNIQUE (owner, key_index)
        ) STRICT;
        CREATE TABLE long_term_token (
          sha256 TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), label TEXT NOT NULL,
          created TEXT NOT NULL, revoked TEXT
        ) STRICT;
        CREATE TABLE issuer (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
        ) STRICT;
        CREATE TABLE secure_component_profile (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, issuer_id TEXT NOT NULL REFERENCES issuer(id), document TEXT NOT NULL
        ) STRICT;
        """

    private static let tenantTables = """
        CREATE TABLE certificate (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL
        ) STRICT;
        CREATE TABLE personalization_script (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL
        ) STRICT;
        CREATE TABLE spos_config (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          certificate_id TEXT NOT NULL REFERENCES certificate(id)
        ) STRICT;
        CREATE TABLE service (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          sd_aid TEXT NOT NULL UNIQUE, spos_config_id TEXT REFERENCES spos_config(id)
        ) STRICT;
        CREATE TABLE flavor (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          service_id TEXT NOT NULL REFERENCES service(id), published INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE version (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          service_id TEXT NOT NULL REFERENCES service(id)
        ) STRICT;
        CREATE TABLE executable_load_file (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          load_file_sha256 TEXT NOT NULL REFERENCES load_file(sha256)
        ) STRICT;
        CREATE TABLE executable_module (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          elf_id TEXT NOT NULL REFERENCES executable_load_file(id)
        ) STRICT;
        CREATE TABLE application_config (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id), document TEXT NOT NULL,
          personalization_script_id TEXT REFERENCES personalization_script(id), certificate_id TEXT REFERENCES certificate(id)
        ) STRICT;
        -- What was uploaded, as it came: CAP file, script or certificate.
        CREATE TABLE upload (
          entity_id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES service_provider(id), data BLOB NOT NULL
        ) STRICT;
        -- Load file data blocks under their hash: never changed, and never deleted once a published Flavor had them, since pinned documents name them.
        CREATE TABLE load_file (
          sha256 TEXT PRIMARY KEY, data BLOB NOT NULL
        ) STRICT;
        """

    private static let linkTables = """
        CREATE TABLE flavor_load_file (
          flavor_id TEXT NOT NULL REFERENCES flavor(id), elf_id TEXT NOT NULL REFERENCES executable_load_file(id), PRIMARY KEY (flavor_id, elf_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX flavor_load_file_elf ON flavor_load_file(elf_id);
        -- No foreign key on the module: unlinking a load file may leave a configuration without it.
        CREATE TABLE instantiation (
          flavor_id TEXT NOT NULL REFERENCES flavor(id), position INTEGER NOT NULL, em_id TEXT NOT NULL,
          application_config_id TEXT NOT NULL REFERENCES application_config(id), PRIMARY KEY (flavor_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX instantiation_config ON instantiation(application_config_id);
        CREATE INDEX instantiation_module ON instantiation(em_id);
        -- A Flavor that is linked without any profile has one row with an empty profile.
        CREATE TABLE deployment (
          version_id TEXT NOT NULL REFERENCES version(id), flavor_id TEXT NOT NULL REFERENCES flavor(id), scp_id TEXT NOT NULL,
          PRIMARY KEY (version_id, flavor_id, scp_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deployment_flavor ON deployment(flavor_id);
        CREATE INDEX deployment_profile ON deployment(scp_id);
        CREATE INDEX flavor_service ON flavor(service_id);
        CREATE INDEX version_service ON version(service_id);
        CREATE INDEX module_elf ON executable_module(elf_id);
        """

    private static let feedTables = """
        CREATE TABLE revision (only INTEGER PRIMARY KEY CHECK (only = 1), current INTEGER NOT NULL) STRICT;
        INSERT INTO revision VALUES (1, 0);
        CREATE TABLE change (
          position INTEGER PRIMARY KEY AUTOINCREMENT, revision INTEGER NOT NULL, document TEXT NOT NULL, superseded_by_next TEXT
        ) STRICT;
        CREATE INDEX change_revision ON change(revision);
        CREATE INDEX change_superseded ON change(superseded_by_next) WHERE superseded_by_next IS NOT NULL;
        """
}
