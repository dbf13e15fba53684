import { ACCOUNT_NUMBER_MIN } from '@magpie/common/ids.ts';
import type { Migration } from './migration.ts';

/** Accounts, their devices, both sides of every friendship, notices. */
export const initial: Migration = {
  version: 1,
  apply: (db) => {
    db.exec(`
      CREATE TABLE accounts (
        account             INTEGER PRIMARY KEY AUTOINCREMENT,
        name                TEXT    NOT NULL UNIQUE,
        display_name        TEXT    NOT NULL,
        password_hash       TEXT    NOT NULL,
        account_key         BLOB    NOT NULL CHECK (length(account_key) = 32),
        device_list         BLOB    NOT NULL,
        device_list_version INTEGER NOT NULL,
        roster_version      INTEGER NOT NULL DEFAULT 0,
        created_at          INTEGER NOT NULL
      ) STRICT;
      INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', ${ACCOUNT_NUMBER_MIN - 1});

      CREATE TABLE devices (
        device       BLOB    PRIMARY KEY CHECK (length(device) = 16),
        account      INTEGER NOT NULL REFERENCES accounts (account),
        exchange_key BLOB    NOT NULL UNIQUE CHECK (length(exchange_key) = 32),
        sign_key     BLOB    NOT NULL CHECK (length(sign_key) = 32),
        active       INTEGER NOT NULL CHECK (active IN (0, 1)),
        epoch        INTEGER NOT NULL,
        login_count  INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX devices_by_account ON devices (account);

      CREATE TABLE roster (
        owner      INTEGER NOT NULL REFERENCES accounts (account),
        other      INTEGER NOT NULL REFERENCES accounts (account),
        state      TEXT    NOT NULL CHECK (state IN ('member', 'removed', 'asked', 'asking')),
        version    INTEGER NOT NULL,
        text       TEXT    NOT NULL,
        changed_at INTEGER NOT NULL,
        PRIMARY KEY (owner, other)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX roster_by_version ON roster (owner, version);
      CREATE INDEX roster_by_state ON roster (owner, state, other);

      CREATE TABLE notices (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,
        at   INTEGER NOT NULL,
        text TEXT    NOT NULL
      ) STRICT;
    `);
  },
};
