import type { Migration } from './migration.ts';

/**
 * Mailboxes: a log of sealed envelopes for each device that has published a key. Envelopes are large, so their table has
 * row ids (the positions, which only rise, so that appending is cheap), and whoever looks for something goes by an index
 * without them. Sums are kept beside the rows: a quota is read, never counted. Pages that acknowledged mail leaves are
 * used again, so that the file grows to the most that ever waited and no further; it does not shrink.
 */
export const mail: Migration = {
  version: 4,
  apply: (db) => {
    db.exec(`
      -- id: of these logs, renewed by a restore, so that clients learn that what they put there may be gone.
      CREATE TABLE mail_positions (next INTEGER NOT NULL, id BLOB NOT NULL CHECK (length(id) = 8)) STRICT;
      INSERT INTO mail_positions (next, id) VALUES (1, randomblob(8));

      -- messages, bytes: what waits without the slots; slots, slot_bytes: those. newest: the highest position so far.
      -- device: none of a device that is in no list any more; the sweep empties and removes it step by step.
      CREATE TABLE mailboxes (
        box        INTEGER PRIMARY KEY,
        device     BLOB    UNIQUE REFERENCES devices (device),
        account    INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        step       INTEGER NOT NULL,
        newest     INTEGER NOT NULL DEFAULT 0,
        messages   INTEGER NOT NULL DEFAULT 0 CHECK (messages >= 0),
        bytes      INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
        slots      INTEGER NOT NULL DEFAULT 0 CHECK (slots >= 0),
        slot_bytes INTEGER NOT NULL DEFAULT 0 CHECK (slot_bytes >= 0)
      ) STRICT;

      CREATE TABLE mailbox_keys (
        box INTEGER PRIMARY KEY REFERENCES mailboxes (box) ON DELETE CASCADE,
        key BLOB    NOT NULL
      ) STRICT;

      CREATE TABLE mail_senders (
        box        INTEGER NOT NULL REFERENCES mailboxes (box) ON DELETE CASCADE,
        account    INTEGER NOT NULL,
        device     BLOB    NOT NULL CHECK (length(device) = 16),
        messages   INTEGER NOT NULL CHECK (messages >= 0),
        bytes      INTEGER NOT NULL CHECK (bytes >= 0),
        slots      INTEGER NOT NULL CHECK (slots >= 0),
        slot_bytes INTEGER NOT NULL CHECK (slot_bytes >= 0),
        PRIMARY KEY (box, account, device)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE mails (
        position   INTEGER PRIMARY KEY,
        box        INTEGER NOT NULL REFERENCES mailboxes (box) ON DELETE CASCADE,
        account    INTEGER NOT NULL,
        device     BLOB    NOT NULL CHECK (length(device) = 16),
        id         BLOB    NOT NULL CHECK (length(id) = 16),
        is_slot    INTEGER NOT NULL CHECK (is_slot IN (0, 1)),
        generation INTEGER NOT NULL,
        step       INTEGER NOT NULL,
        at         INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        envelope   BLOB    NOT NULL
      ) STRICT;
      CREATE INDEX mails_by_box ON mails (box, position, expires_at);
      CREATE UNIQUE INDEX mails_by_name ON mails (box, device, id);
      CREATE INDEX mails_by_expiry ON mails (expires_at);
    `);
  },
};
