import type { Migration } from './migration.ts';

const ZEROS_32 = `x'${'00'.repeat(32)}'`;

/**
 * Account states, profiles and policies, recovery, last seen, what of the notices was read; the chain of device lists;
 * blocks; invitations; the audit log. A list that an account has becomes the first link of its chain, and all notices so
 * far count as read. The epoch of a device is the time of its last login, as near as that is known.
 */
export const accounts: Migration = {
  version: 3,
  apply: (db) => {
    db.exec(`
      ALTER TABLE accounts ADD COLUMN state TEXT NOT NULL DEFAULT 'active'
        CHECK (state IN ('active', 'locked', 'deleted'));
      ALTER TABLE accounts ADD COLUMN signature_line TEXT NOT NULL DEFAULT '';
      ALTER TABLE accounts ADD COLUMN ask TEXT NOT NULL DEFAULT 'anyone' CHECK (ask IN ('anyone', 'question', 'nobody'));
      ALTER TABLE accounts ADD COLUMN question TEXT NOT NULL DEFAULT '';
      ALTER TABLE accounts ADD COLUMN show_last_seen INTEGER NOT NULL DEFAULT 1 CHECK (show_last_seen IN (0, 1));
      ALTER TABLE accounts ADD COLUMN recovery_key BLOB NOT NULL DEFAULT ${ZEROS_32} CHECK (length(recovery_key) = 32);
      ALTER TABLE accounts ADD COLUMN sealed_seed BLOB NOT NULL DEFAULT x'';
      ALTER TABLE accounts ADD COLUMN notice_acked INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE accounts ADD COLUMN last_seen_at INTEGER NOT NULL DEFAULT 0;
      UPDATE accounts SET notice_acked = (SELECT coalesce(max(id), 0) FROM notices);

      ALTER TABLE devices ADD COLUMN label TEXT NOT NULL DEFAULT '';
      ALTER TABLE devices ADD COLUMN last_login_at INTEGER NOT NULL DEFAULT 0;
      UPDATE devices SET last_login_at = epoch;

      CREATE TABLE device_lists (
        account INTEGER NOT NULL REFERENCES accounts (account),
        version INTEGER NOT NULL,
        list    BLOB    NOT NULL,
        PRIMARY KEY (account, version)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO device_lists SELECT account, device_list_version, device_list FROM accounts;

      CREATE TABLE roster_with_blocks (
        owner      INTEGER NOT NULL REFERENCES accounts (account),
        other      INTEGER NOT NULL REFERENCES accounts (account),
        state      TEXT    NOT NULL CHECK (state IN ('member', 'removed', 'asked', 'asking', 'blocked')),
        version    INTEGER NOT NULL,
        text       TEXT    NOT NULL,
        changed_at INTEGER NOT NULL,
        befriended INTEGER NOT NULL DEFAULT 0 CHECK (befriended IN (0, 1)),
        PRIMARY KEY (owner, other)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO roster_with_blocks (owner, other, state, version, text, changed_at, befriended)
        SELECT owner, other, state, version, text, changed_at, befriended FROM roster;
      DROP TABLE roster;
      ALTER TABLE roster_with_blocks RENAME TO roster;
      CREATE INDEX roster_by_version ON roster (owner, version);
      CREATE INDEX roster_by_state ON roster (owner, state, other);

      CREATE TABLE invites (
        hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        uses_left  INTEGER NOT NULL CHECK (uses_left > 0)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX invites_by_expiry ON invites (expires_at);

      CREATE TABLE audit (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        at      INTEGER NOT NULL,
        actor   INTEGER,
        action  TEXT    NOT NULL,
        subject INTEGER,
        detail  TEXT    NOT NULL
      ) STRICT;
    `);
  },
};
