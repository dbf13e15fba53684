import type Sqlite from 'better-sqlite3';
import { DRAFT_SCHEMA } from './sqlite-drafts.ts';
import { HISTORY_SCHEMA } from './sqlite-history.ts';
import { defineSearchTerms, SEARCH_SCHEMA } from './sqlite-search.ts';
import { SEARCH_TIDY_SCHEMA } from './sqlite-search-tidy.ts';

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
  `
  ALTER TABLE settings ADD COLUMN send_typing INTEGER NOT NULL DEFAULT 1 CHECK (send_typing IN (0, 1));
  ALTER TABLE settings ADD COLUMN send_read_receipts INTEGER NOT NULL DEFAULT 1 CHECK (send_read_receipts IN (0, 1));

  -- One row for each numbered content and each line of the profile's own; kinds and states are checked where they are made.
  CREATE TABLE message_3 (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 16),
    chat INTEGER NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    sequence INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- 1: a line of its own in the conversation.
    shown INTEGER NOT NULL CHECK (shown IN (0, 1)),
    text TEXT NOT NULL,
    -- As it was sent, once an edit has changed the text.
    original TEXT,
    reply_to BLOB,
    target BLOB,
    on_flag INTEGER NOT NULL DEFAULT 0 CHECK (on_flag IN (0, 1)),
    -- Of a reaction: the newest of its side for this emoji, and not taken back.
    wins INTEGER NOT NULL DEFAULT 0 CHECK (wins IN (0, 1)),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    road_kind TEXT,
    road_lan INTEGER,
    road_rtt_ms REAL,
    edited_ms INTEGER,
    recalled INTEGER NOT NULL DEFAULT 0 CHECK (recalled IN (0, 1)),
    reactions TEXT NOT NULL DEFAULT '[]',
    pending_changes INTEGER NOT NULL DEFAULT 0,
    returned INTEGER NOT NULL DEFAULT 0 CHECK (returned IN (0, 1)),
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    change INTEGER NOT NULL,
    born INTEGER NOT NULL,
    -- 1 while an own number has no receipt: it must go on being sent, as void when it was refused.
    owed INTEGER NOT NULL CHECK (owed IN (0, 1)),
    -- Own messages of this device as copies of them go to the other ones; a new number needs a new copy.
    copy_order INTEGER,
    committed_ms INTEGER NOT NULL
  ) STRICT;
  -- Nothing was ever removed, so the n-th row appeared at change n or later.
  INSERT INTO message_3 (position, id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown,
    text, state, reason, road_kind, road_lan, road_rtt_ms, change, born, owed, committed_ms)
    SELECT position, id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, kind = 'text',
      text, state, reason, road_kind, road_lan, road_rtt_ms, change, position, owed, committed_ms
    FROM message ORDER BY position;
  DROP TABLE message;
  ALTER TABLE message_3 RENAME TO message;

  -- Dedup and look-up. An own id is one message for ever, a friend's id is one within the friend's chat.
  CREATE UNIQUE INDEX message_id ON message (id, direction, chat);
  -- The event cursor.
  CREATE UNIQUE INDEX message_change ON message (change);
  -- Pages of a conversation, both ways.
  CREATE INDEX message_order ON message (chat, wall_ms, counter, device, sequence, id) WHERE shown = 1;
  -- What goes next to a friend; receipts and refusals of what was sent.
  CREATE INDEX message_owed ON message (chat, incarnation, sequence) WHERE owed = 1;
  -- Read receipts.
  CREATE INDEX message_unseen ON message (chat, incarnation, sequence)
    WHERE direction = 'out' AND state IN ('queued', 'stored', 'delivered');
  -- Unread counts, marking as read and own read receipts.
  CREATE INDEX message_unread ON message (chat, device, incarnation, sequence)
    WHERE direction = 'in' AND shown = 1 AND state = 'delivered';
  -- What a device lacks, also when others have it; what it has lost.
  CREATE INDEX message_sent ON message (chat, incarnation, sequence) WHERE direction = 'out';
  CREATE INDEX message_received ON message (chat, device, incarnation, sequence) WHERE direction = 'in';
  -- Edits and recalls of a message, and which reactions count.
  CREATE INDEX message_changes ON message (chat, target, direction, kind, wall_ms, counter, device, id)
    WHERE target IS NOT NULL;
  CREATE INDEX message_emoji ON message (chat, target, direction, text, wall_ms, counter, device, id)
    WHERE kind = 'reaction';
  CREATE INDEX message_reactions ON message (chat, target, direction, wall_ms, counter, device, id)
    WHERE kind = 'reaction' AND wins = 1;
  CREATE INDEX message_pending ON message (chat, target)
    WHERE target IS NOT NULL AND direction = 'out' AND state IN ('queued', 'stored');
  -- What an own other device has no copy of.
  CREATE INDEX message_copy ON message (copy_order) WHERE copy_order IS NOT NULL;

  -- Each numbering: the highest number given ('out'), committed without a gap ('in'), or filled by what came back
  -- ('back', R17). What is delivered and read of it without a gap, and, of 'in', up to where its device was told so.
  CREATE TABLE numbering_3 (
    chat INTEGER NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'back')),
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    -- Newer numberings have more.
    begun INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    -- Own numbers above this were given to messages that have other numbers now.
    kept_to INTEGER NOT NULL DEFAULT 9007199254740991,
    delivered_to INTEGER NOT NULL DEFAULT 0,
    read_to INTEGER NOT NULL DEFAULT 0,
    told_to INTEGER NOT NULL DEFAULT 0,
    told_read_to INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat, direction, incarnation, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TEMP TABLE begun AS
    SELECT chat, direction, device, incarnation, min(position) AS first FROM message GROUP BY 1, 2, 3, 4;
  CREATE INDEX temp.begun_of ON begun (chat, direction, device, incarnation);
  INSERT INTO numbering_3 (chat, direction, device, incarnation, begun, up_to, delivered_to, read_to)
    SELECT chat, direction, device, incarnation, coalesce((
        SELECT first FROM temp.begun WHERE begun.chat = numbering.chat AND begun.direction = numbering.direction
          AND begun.device = numbering.device AND begun.incarnation = numbering.incarnation
      ), 0), up_to,
      CASE direction WHEN 'in' THEN up_to ELSE coalesce((
        SELECT min(sequence) - 1 FROM message
        WHERE owed = 1 AND chat = numbering.chat AND incarnation = numbering.incarnation
      ), up_to) END,
      CASE direction WHEN 'in' THEN coalesce((
        SELECT min(sequence) - 1 FROM message
        WHERE message.direction = 'in' AND shown = 1 AND state = 'delivered' AND chat = numbering.chat
          AND device = numbering.device AND incarnation = numbering.incarnation
      ), up_to) ELSE coalesce((
        SELECT min(sequence) - 1 FROM message
        WHERE message.direction = 'out' AND state IN ('queued', 'stored', 'delivered') AND chat = numbering.chat
          AND incarnation = numbering.incarnation
      ), up_to) END
    FROM numbering;
  DROP TABLE temp.begun;
  -- Until now every receipt went out with every session.
  UPDATE numbering_3 SET told_to = up_to, told_read_to = read_to WHERE direction = 'in';
  DROP TABLE numbering;
  ALTER TABLE numbering_3 RENAME TO numbering;
  CREATE INDEX numbering_newest ON numbering (chat, direction, begun);
  CREATE INDEX numbering_untold ON numbering (chat, device)
    WHERE direction = 'in' AND (up_to > told_to OR read_to > told_read_to);

  -- From now on there is a row for each own numbering of which anything is meant for the device.
  ALTER TABLE friend_numbering ADD COLUMN mailed_to INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE friend_numbering ADD COLUMN lacks INTEGER NOT NULL DEFAULT 0 CHECK (lacks IN (0, 1));
  INSERT INTO friend_numbering (chat, device, incarnation, first, up_to)
    SELECT friend_device.chat, friend_device.device, numbering.incarnation, 1, 0
    FROM friend_device JOIN numbering ON numbering.chat = friend_device.chat AND direction = 'out' WHERE true
    ON CONFLICT DO NOTHING;
  UPDATE friend_numbering SET lacks = EXISTS (
    SELECT 1 FROM message WHERE direction = 'out' AND chat = friend_numbering.chat
      AND incarnation = friend_numbering.incarnation AND sequence > friend_numbering.up_to);
  CREATE INDEX friend_numbering_lacks ON friend_numbering (chat, device) WHERE lacks = 1;
  CREATE INDEX friend_numbering_unopened ON friend_numbering (chat, device) WHERE first > 1 AND up_to < first;

  -- Contents ahead of a gap, as JSON: a mailbox has forgotten them.
  CREATE TABLE held (
    chat INTEGER NOT NULL,
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    sequence INTEGER NOT NULL,
    content TEXT NOT NULL,
    road TEXT NOT NULL,
    PRIMARY KEY (chat, device, incarnation, sequence)
  ) STRICT, WITHOUT ROWID;

  -- Which mailboxes have an own message, and until when; not current: under a number that it no longer has.
  CREATE TABLE mailed (
    position INTEGER NOT NULL,
    device BLOB NOT NULL CHECK (length(device) = 16),
    expires_ms INTEGER NOT NULL,
    current INTEGER NOT NULL CHECK (current IN (0, 1)),
    PRIMARY KEY (position, device)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mailed_device ON mailed (device);
  CREATE INDEX mailed_expiry ON mailed (expires_ms);
  CREATE TABLE mail_key (
    device BLOB PRIMARY KEY CHECK (length(device) = 16),
    key BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The own other devices, up to which copy_order they have copies, and what they were told became of them (R19).
  CREATE TABLE own_device (
    device BLOB PRIMARY KEY CHECK (length(device) = 16),
    copied_to INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE copy_told (
    device BLOB NOT NULL CHECK (length(device) = 16),
    chat INTEGER NOT NULL,
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 8),
    delivered_to INTEGER NOT NULL,
    read_to INTEGER NOT NULL,
    owed INTEGER NOT NULL CHECK (owed IN (0, 1)),
    PRIMARY KEY (device, chat, incarnation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX copy_told_owed ON copy_told (device) WHERE owed = 1;
  `,
  `${HISTORY_SCHEMA}${SEARCH_SCHEMA}${DRAFT_SCHEMA}`,
  `
  -- Of a stored message: until when the mailbox that keeps it longest does.
  ALTER TABLE message ADD COLUMN mailed_until INTEGER;
  UPDATE message SET mailed_until = (SELECT max(expires_ms) FROM mailed WHERE mailed.position = message.position)
    WHERE position IN (SELECT position FROM mailed);
  ${SEARCH_TIDY_SCHEMA}
  `,
  `
  -- The server's, as last told: with another id they were restored.
  CREATE TABLE mailboxes (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL CHECK (length(id) = 8)) STRICT;
  `,
  `
  ALTER TABLE notice ADD COLUMN dismissed INTEGER NOT NULL DEFAULT 0 CHECK (dismissed IN (0, 1));
  -- Where what is unread of a conversation begins.
  CREATE INDEX message_unread_order ON message (chat, wall_ms, counter, device, sequence, id)
    WHERE direction = 'in' AND shown = 1 AND state = 'delivered';
  -- Read receipts. What is recalled cannot be read any more.
  DROP INDEX message_unseen;
  CREATE INDEX message_unseen ON message (chat, incarnation, sequence)
    WHERE direction = 'out' AND (state IN ('queued', 'stored') OR (state = 'delivered' AND recalled = 0));
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings an open, writable database to SCHEMA_VERSION in one transaction. */
export function migrate(db: Sqlite.Database): void {
  defineSearchTerms(db);
  const migrateAll = db.transaction(() => {
    const from = Number(db.pragma('user_version', { simple: true }));
    for (const sql of MIGRATIONS.slice(from)) db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  migrateAll.immediate();
}
