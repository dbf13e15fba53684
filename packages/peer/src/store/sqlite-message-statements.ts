import type Sqlite from 'better-sqlite3';
import type { MessageRow } from './sqlite-rows.ts';

export type MessageStatements = ReturnType<typeof prepareMessageStatements>;

export type Place = [wallMs: number, counter: number, device: Buffer, sequence: number, id: Buffer];
type Range = [chat: number, incarnation: Buffer, from: number, to: number];
type Target = [chat: number, target: Buffer, direction: string];

const UNREAD = "direction = 'in' AND shown = 1 AND state = 'delivered'";
const UNSEEN = "direction = 'out' AND (state IN ('queued', 'stored') OR (state = 'delivered' AND recalled = 0))";
const NEXT_CHANGE = '(SELECT coalesce(max(change), 0) + 1 FROM message)';
const NEXT_COPY = `(
  SELECT coalesce(max(copy_order), 0) + 1 FROM message INDEXED BY message_copy WHERE copy_order IS NOT NULL)`;
const ORDER = 'wall_ms, counter, device, sequence, id';
const ORDER_BACKWARDS = 'wall_ms DESC, counter DESC, device DESC, sequence DESC, id DESC';
const CHANGE_ORDER = 'wall_ms, counter, device, id';
const CHANGE_ORDER_BACKWARDS = 'wall_ms DESC, counter DESC, device DESC, id DESC';

/**
 * Every statement on messages, prepared once. `INDEXED BY` makes the plan part of the statement: were an index to
 * vanish, preparing fails, rather than a question beginning to walk the table.
 */
export function prepareMessageStatements(db: Sqlite.Database) {
  return { ...writes(db), ...lookups(db), ...questions(db), ...changes(db), ...stamps(db), ...pages(db) };
}

function writes(db: Sqlite.Database) {
  return {
    insert: db.prepare<object, MessageRow>(`
      INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text,
        reply_to, target, on_flag, state, reason, road_kind, road_lan, road_rtt_ms, returned, change, born, owed,
        copy_order, committed_ms)
      VALUES (@id, @chat, @direction, @device, @incarnation, @sequence, @wallMs, @counter, @kind, @shown, @text,
        @replyTo, @target, @on, @state, @reason, @roadKind, @roadLan, @roadRttMs, @returned, ${NEXT_CHANGE},
        ${NEXT_CHANGE}, @owed, CASE WHEN @copied THEN ${NEXT_COPY} END, @committedMs)
      RETURNING *`),
    setState: db.prepare<[string, string, number, number], MessageRow>(`
      UPDATE message SET state = ?, reason = ?, owed = ?, change = ${NEXT_CHANGE} WHERE position = ? RETURNING *`),
    setRoad: db.prepare<object, MessageRow>(`
      UPDATE message SET road_kind = @roadKind, road_lan = @roadLan, road_rtt_ms = @roadRttMs, change = ${NEXT_CHANGE}
      WHERE position = @position RETURNING *`),
    setMailedUntil: db.prepare<[number | null, number], MessageRow>(`
      UPDATE message SET mailed_until = ?, change = ${NEXT_CHANGE} WHERE position = ? RETURNING *`),
    setNumber: db.prepare<[Buffer, number, number], MessageRow>(`
      UPDATE message SET incarnation = ?, sequence = ?, change = ${NEXT_CHANGE} WHERE position = ? RETURNING *`),
    setStamp: db.prepare<[number, number, number], MessageRow>(`
      UPDATE message SET wall_ms = ?, counter = ?, change = ${NEXT_CHANGE} WHERE position = ? RETURNING *`),
    setAppearance: db.prepare<object, MessageRow>(`
      UPDATE message SET kind = @kind, shown = @shown, text = @text, original = @original, state = @state,
        edited_ms = @editedMs, recalled = @recalled, reactions = @reactions, pending_changes = @pendingChanges,
        returned = @returned, deleted = @deleted, change = ${NEXT_CHANGE}
      WHERE position = @position RETURNING *`),
    replace: db.prepare<object, MessageRow>(`
      UPDATE message SET device = @device, incarnation = @incarnation, sequence = @sequence, wall_ms = @wallMs,
        counter = @counter, kind = @kind, shown = @shown, text = @text, original = NULL, reply_to = @replyTo,
        target = @target, on_flag = @on, state = @state, reason = @reason, road_kind = @roadKind,
        road_lan = @roadLan, road_rtt_ms = @roadRttMs, mailed_until = NULL, edited_ms = NULL, recalled = 0,
        reactions = '[]', pending_changes = 0, returned = @returned, deleted = 0, owed = 0, wins = 0,
        change = ${NEXT_CHANGE}
      WHERE position = @position RETURNING *`),
    settle: db.prepare<[number]>('UPDATE message SET owed = 0 WHERE position = ?'),
    setWins: db.prepare<[number, number]>('UPDATE message SET wins = ? WHERE position = ?'),
    copyAgain: db.prepare<[number]>(`UPDATE message SET copy_order = ${NEXT_COPY} WHERE position = ?`),
  };
}

function lookups(db: Sqlite.Database) {
  return {
    byId: db.prepare<[Buffer], MessageRow>(
      'SELECT * FROM message INDEXED BY message_id WHERE id = ? ORDER BY direction DESC, chat DESC LIMIT 1',
    ),
    outgoing: db.prepare<[Buffer], MessageRow>(
      "SELECT * FROM message INDEXED BY message_id WHERE id = ? AND direction = 'out'",
    ),
    incoming: db.prepare<[Buffer, number], MessageRow>(
      "SELECT * FROM message INDEXED BY message_id WHERE id = ? AND direction = 'in' AND chat = ?",
    ),
    changesSince: db.prepare<[number, number], MessageRow>(
      'SELECT * FROM message INDEXED BY message_change WHERE change > ? AND deleted = 0 ORDER BY change LIMIT ?',
    ),
    lastChange: db.prepare<[], number>('SELECT max(change) FROM message').pluck(),
    copiesAfter: db.prepare<[number, number], MessageRow & { readonly copy_order: number }>(
      'SELECT * FROM message INDEXED BY message_copy WHERE copy_order > ? ORDER BY copy_order LIMIT ?',
    ),
    copyPlace: db.prepare<[number], number | null>('SELECT copy_order FROM message WHERE position = ?').pluck(),
    lastCopyPlace: db
      .prepare<[], number | null>(
        'SELECT max(copy_order) FROM message INDEXED BY message_copy WHERE copy_order IS NOT NULL',
      )
      .pluck(),
  };
}

function questions(db: Sqlite.Database) {
  return {
    sentWithin: db.prepare<[...Range, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_sent
      WHERE direction = 'out' AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?`),
    receivedWithin: db.prepare<[number, Buffer, Buffer, number, number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_received
      WHERE direction = 'in' AND chat = ? AND device = ? AND incarnation = ? AND sequence BETWEEN ? AND ?
      ORDER BY sequence LIMIT ?`),
    owed: db.prepare<[number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_owed WHERE chat = ? AND owed = 1
      ORDER BY incarnation, sequence LIMIT ?`),
    owedWithin: db.prepare<Range, MessageRow>(`
      SELECT * FROM message INDEXED BY message_owed
      WHERE owed = 1 AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`),
    firstOwed: db
      .prepare<[number, Buffer], number | null>(`
        SELECT min(sequence) FROM message INDEXED BY message_owed WHERE owed = 1 AND chat = ? AND incarnation = ?`)
      .pluck(),
    chatOwedAfter: db
      .prepare<[number], number | null>(
        'SELECT min(chat) FROM message INDEXED BY message_owed WHERE owed = 1 AND chat > ?',
      )
      .pluck(),
    unseenWithin: db.prepare<Range, MessageRow>(`
      SELECT * FROM message INDEXED BY message_unseen
      WHERE ${UNSEEN} AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ?
      ORDER BY sequence`),
    firstUnseen: db
      .prepare<[number, Buffer], number | null>(`
        SELECT min(sequence) FROM message INDEXED BY message_unseen
        WHERE ${UNSEEN} AND chat = ? AND incarnation = ?`)
      .pluck(),
    unread: db.prepare<[number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_unread_order
      WHERE chat = ? AND ${UNREAD}
      ORDER BY ${ORDER}`),
    unreadUpTo: db.prepare<[number, ...Place], MessageRow>(`
      SELECT * FROM message INDEXED BY message_unread_order
      WHERE chat = ? AND ${UNREAD} AND (${ORDER}) <= (?, ?, ?, ?, ?)
      ORDER BY ${ORDER}`),
    firstUnread: db
      .prepare<[number, Buffer, Buffer], number | null>(`
        SELECT min(sequence) FROM message INDEXED BY message_unread
        WHERE chat = ? AND device = ? AND incarnation = ? AND ${UNREAD}`)
      .pluck(),
  };
}

function changes(db: Sqlite.Database) {
  return {
    hasChanges: db
      .prepare<[number, Buffer], number>(
        'SELECT 1 FROM message INDEXED BY message_changes WHERE chat = ? AND target = ? LIMIT 1',
      )
      .pluck(),
    newestEdit: db.prepare<[...Target, number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_changes
      WHERE chat = ? AND target = ? AND direction = ? AND kind = 'edit' AND state <> 'refused' AND wall_ms <= ?
        AND returned <= ?
      ORDER BY ${CHANGE_ORDER_BACKWARDS} LIMIT 1`),
    firstRecall: db.prepare<[...Target, number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_changes
      WHERE chat = ? AND target = ? AND direction = ? AND kind = 'recall' AND state <> 'refused' AND wall_ms <= ?
        AND returned <= ?
      ORDER BY ${CHANGE_ORDER} LIMIT 1`),
    newestReactions: db.prepare<[...Target, string, number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_emoji
      WHERE kind = 'reaction' AND chat = ? AND target = ? AND direction = ? AND text = ? AND state <> 'refused'
        AND returned <= ?
      ORDER BY ${CHANGE_ORDER_BACKWARDS} LIMIT ?`),
    reactions: db.prepare<[...Target, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_reactions
      WHERE kind = 'reaction' AND wins = 1 AND chat = ? AND target = ? AND direction = ?
      ORDER BY ${CHANGE_ORDER} LIMIT ?`),
    pendingChanges: db
      .prepare<[number, Buffer], number>(`
        SELECT count(*) FROM message INDEXED BY message_pending
        WHERE chat = ? AND target = ? AND direction = 'out' AND state IN ('queued', 'stored')`)
      .pluck(),
    editsWithText: db.prepare<Target, MessageRow>(`
      SELECT * FROM message INDEXED BY message_changes
      WHERE chat = ? AND target = ? AND direction = ? AND kind = 'edit' AND text <> ''`),
  };
}

function stamps(db: Sqlite.Database) {
  const newest = 'ORDER BY wall_ms DESC, counter DESC LIMIT 1';
  return {
    systemAfter: db.prepare<[number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND shown = 1 AND wall_ms > ? AND kind = 'system' ORDER BY ${ORDER}`),
    newestStamp: db.prepare<object, Pick<MessageRow, 'wall_ms' | 'counter'>>(`
      SELECT * FROM (SELECT wall_ms, counter FROM message INDEXED BY message_order
        WHERE chat = @chat AND shown = 1 AND wall_ms <= @upTo ${newest})
      UNION ALL
      SELECT * FROM (SELECT wall_ms, counter FROM message INDEXED BY message_changes
        WHERE chat = @chat AND target IS NOT NULL AND wall_ms <= @upTo ${newest})
      ${newest}`),
  };
}

/** A column of the newest row that the conversation shows. */
function newestIn(chat: string, column: string): string {
  return `(SELECT ${column} FROM message AS newest INDEXED BY message_order
    WHERE newest.chat = ${chat} AND newest.shown = 1 ORDER BY ${ORDER_BACKWARDS} LIMIT 1)`;
}

function pages(db: Sqlite.Database) {
  return {
    /** One jump in the index for each chat, and no row is read. */
    chatsShown: db.prepare<[], Pick<MessageRow, 'chat' | 'wall_ms' | 'counter'>>(`
      WITH RECURSIVE shown_in (chat) AS (
        SELECT max(chat) FROM message INDEXED BY message_order WHERE shown = 1
        UNION ALL
        SELECT (SELECT max(chat) FROM message INDEXED BY message_order WHERE shown = 1 AND chat < shown_in.chat)
        FROM shown_in WHERE shown_in.chat IS NOT NULL
      )
      SELECT chat, ${newestIn('shown_in.chat', 'wall_ms')} AS wall_ms, ${newestIn('shown_in.chat', 'counter')} AS counter
      FROM shown_in WHERE chat IS NOT NULL`),
    /** All in one statement: to make one row of so many columns takes longer than to find it. */
    summaries: db.prepare<[string], MessageRow & { readonly unread: number; readonly first_unread: Buffer | null }>(`
      SELECT message.*,
        (SELECT count(*) FROM message AS each INDEXED BY message_unread_order
          WHERE each.chat = message.chat AND ${UNREAD}) AS unread,
        (SELECT id FROM message AS each INDEXED BY message_unread_order
          WHERE each.chat = message.chat AND ${UNREAD} ORDER BY ${ORDER} LIMIT 1) AS first_unread
      FROM json_each(?) AS wanted JOIN message ON message.position = ${newestIn('wanted.value', 'position')}
      ORDER BY wanted.key`),
    pageNewest: db.prepare<[number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order WHERE chat = ? AND shown = 1
      ORDER BY ${ORDER_BACKWARDS} LIMIT ?`),
    pageBefore: db.prepare<[number, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND shown = 1 AND (${ORDER}) < (?, ?, ?, ?, ?)
      ORDER BY ${ORDER_BACKWARDS} LIMIT ?`),
    pageAfter: db.prepare<[number, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND shown = 1 AND (${ORDER}) > (?, ?, ?, ?, ?)
      ORDER BY ${ORDER} LIMIT ?`),
    pageBetween: db.prepare<[number, ...Place, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND shown = 1 AND (${ORDER}) > (?, ?, ?, ?, ?) AND (${ORDER}) < (?, ?, ?, ?, ?)
      ORDER BY ${ORDER} LIMIT ?`),
  };
}
