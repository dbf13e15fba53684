import type Sqlite from 'better-sqlite3';

/** "MgPp" in the file's header, so that `file` and we know a profile when we see one. */
export const APPLICATION_ID = 0x4d67_5070;

/**
 * Migrations in order; `user_version` counts those that were applied. One that has been released is never edited.
 *
 * Ids are blobs (half of their hex). Rows of `message` are found only by the indexes below it, each made for one
 * question, so that no question walks the table: a million messages answer as fast as ten.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE profile (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    server_host TEXT NOT NULL,
    server_port INTEGER NOT NULL,
    server_key BLOB NOT NULL,
    signed_in INTEGER NOT NULL CHECK (signed_in IN (0, 1)),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    login_count INTEGER NOT NULL,
    roster_version INTEGER NOT NULL,
    stamp_reserved INTEGER NOT NULL,
    device_list_version INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE contact (
    account INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('member', 'removed', 'asked', 'asking')),
    version INTEGER NOT NULL,
    account_key BLOB NOT NULL,
    device_list BLOB NOT NULL,
    text TEXT NOT NULL,
    pinned_key BLOB NOT NULL
  ) STRICT;

  -- The hybrid clock of each conversation (R16).
  CREATE TABLE conversation (
    chat INTEGER PRIMARY KEY,
    wall_ms INTEGER NOT NULL,
    counter INTEGER NOT NULL
  ) STRICT;

  -- The highest number given ('out') or committed without a gap ('in') of each numbering (R17).
  CREATE TABLE numbering (
    chat INTEGER NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    up_to INTEGER NOT NULL,
    PRIMARY KEY (chat, direction, device, incarnation)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE message (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 16),
    chat INTEGER NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    wall_ms INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'void')),
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'stored', 'delivered', 'read', 'refused')),
    reason TEXT NOT NULL,
    road_kind TEXT CHECK (road_kind IN ('direct', 'relay', 'mailbox')),
    road_lan INTEGER,
    road_rtt_ms REAL,
    change INTEGER NOT NULL,
    -- 1 while an own number has no receipt: it must go on being sent, as void when it was refused.
    owed INTEGER NOT NULL CHECK (owed IN (0, 1)),
    committed_ms INTEGER NOT NULL
  ) STRICT;

  -- Dedup and look-up. An own id is one message for ever, a friend's id is one within the friend's chat.
  CREATE UNIQUE INDEX message_id ON message (id, direction, chat);
  -- The event cursor.
  CREATE UNIQUE INDEX message_change ON message (change);
  -- Pages of a conversation, both ways.
  CREATE INDEX message_order ON message (chat, wall_ms, counter, device, sequence, id) WHERE kind = 'text';
  -- What goes next to a friend; receipts and refusals of what was sent.
  CREATE INDEX message_owed ON message (chat, incarnation, sequence) WHERE owed = 1;
  -- Read receipts.
  CREATE INDEX message_unseen ON message (chat, incarnation, sequence)
    WHERE direction = 'out' AND state IN ('queued', 'stored', 'delivered');
  -- Unread counts, marking as read and own read receipts.
  CREATE INDEX message_unread ON message (chat, device, incarnation, sequence)
    WHERE direction = 'in' AND kind = 'text' AND state = 'delivered';

  CREATE TABLE peer_stamp (
    device BLOB PRIMARY KEY CHECK (length(device) = 16),
    stamp INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE profile ADD COLUMN signature_line TEXT NOT NULL DEFAULT '';
  ALTER TABLE profile ADD COLUMN recovery_unseen INTEGER NOT NULL DEFAULT 0 CHECK (recovery_unseen IN (0, 1));

  -- What only this profile knows of an account: pin and notes, with or without a roster entry, kept through removal.
  CREATE TABLE known (
    account INTEGER PRIMARY KEY,
    pinned_key BLOB NOT NULL DEFAULT x'',
    remark TEXT NOT NULL DEFAULT '',
    contact_group TEXT NOT NULL DEFAULT '',
    never_direct INTEGER NOT NULL DEFAULT 0 CHECK (never_direct IN (0, 1)),
    verified INTEGER NOT NULL DEFAULT 0 CHECK (verified IN (0, 1)),
    list_broken INTEGER NOT NULL DEFAULT 0 CHECK (list_broken IN (0, 1))
  ) STRICT;
  INSERT INTO known (account, pinned_key) SELECT account, pinned_key FROM contact WHERE length(pinned_key) > 0;

  -- The roster as the server tells it; its states are checked where frames are read.
  CREATE TABLE contact_2 (
    account INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    account_key BLOB NOT NULL,
    device_list BLOB NOT NULL,
    text TEXT NOT NULL,
    signature_line TEXT NOT NULL
  ) STRICT;
  INSERT INTO contact_2 SELECT account, name, display_name, state, version, account_key, device_list, text, ''
    FROM contact;
  DROP TABLE contact;
  ALTER TABLE contact_2 RENAME TO contact;

  CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    never_direct INTEGER NOT NULL CHECK (never_direct IN (0, 1)),
    auto_away_ms INTEGER NOT NULL,
    presence TEXT NOT NULL,
    status_text TEXT NOT NULL
  ) STRICT;

  -- The devices of friends that messages go to (R19), and what of each own numbering each of them has. A numbering
  -- without a row began after the device was known: all of it is meant for the device.
  CREATE TABLE friend_device (
    chat INTEGER NOT NULL,
    device BLOB NOT NULL CHECK (length(device) = 16),
    PRIMARY KEY (chat, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE friend_numbering (
    chat INTEGER NOT NULL,
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    first INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    PRIMARY KEY (chat, device, incarnation)
  ) STRICT, WITHOUT ROWID;
  -- What a device lacks, also when others have it.
  CREATE INDEX message_sent ON message (chat, incarnation, sequence) WHERE direction = 'out';

  -- The own chain of device lists (R6).
  CREATE TABLE own_device_list (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    list BLOB NOT NULL UNIQUE
  ) STRICT;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings an open, writable database to SCHEMA_VERSION in one transaction. */
export function migrate(db: Sqlite.Database): void {
  const migrateAll = db.transaction(() => {
    const from = Number(db.pragma('user_version', { simple: true }));
    for (const sql of MIGRATIONS.slice(from)) db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  migrateAll.immediate();
}
