import type Sqlite from 'better-sqlite3';
import type { MessageRow, NumberingRow } from './sqlite-rows.ts';

export type MessageStatements = ReturnType<typeof prepareMessageStatements>;

type Place = [wallMs: number, counter: number, device: Buffer, sequence: number, id: Buffer];
type SequenceRange = [chat: number, incarnation: Buffer, from: number, to: number];

const NEXT_CHANGE = '(SELECT coalesce(max(change), 0) + 1 FROM message)';
const ORDER = 'wall_ms, counter, device, sequence, id';
const ORDER_BACKWARDS = 'wall_ms DESC, counter DESC, device DESC, sequence DESC, id DESC';

/**
 * Every statement on messages, prepared once. `INDEXED BY` makes the plan part of the statement: were an index to
 * vanish, preparing fails, rather than a question beginning to walk the table.
 */
export function prepareMessageStatements(db: Sqlite.Database) {
  return {
    insert: db.prepare<object, MessageRow>(`
      INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, text, state,
        reason, road_kind, road_lan, road_rtt_ms, change, owed, committed_ms)
      VALUES (@id, @chat, @direction, @device, @incarnation, @sequence, @wallMs, @counter, @kind, @text, @state,
        '', @roadKind, @roadLan, @roadRttMs, ${NEXT_CHANGE}, @owed, @committedMs)
      RETURNING *`),
    setState: db.prepare<[string, string, number, number], MessageRow>(`
      UPDATE message SET state = ?, reason = ?, owed = ?, change = ${NEXT_CHANGE} WHERE position = ? RETURNING *`),
    setRoad: db.prepare<object>(`
      UPDATE message SET road_kind = @roadKind, road_lan = @roadLan, road_rtt_ms = @roadRttMs, change = ${NEXT_CHANGE}
      WHERE position = @position`),
    setNumber: db.prepare<[Buffer, number, number]>(`
      UPDATE message SET incarnation = ?, sequence = ?, change = ${NEXT_CHANGE} WHERE position = ?`),

    byId: db.prepare<[Buffer], MessageRow>(
      'SELECT * FROM message WHERE id = ? ORDER BY direction DESC, chat DESC LIMIT 1',
    ),
    outgoing: db.prepare<[Buffer], MessageRow>("SELECT * FROM message WHERE id = ? AND direction = 'out'"),
    incoming: db.prepare<[Buffer, number], MessageRow>(
      "SELECT * FROM message WHERE id = ? AND direction = 'in' AND chat = ?",
    ),
    inChat: db.prepare<[Buffer, number], MessageRow>(
      'SELECT * FROM message WHERE id = ? AND chat = ? ORDER BY direction DESC LIMIT 1',
    ),
    changesSince: db.prepare<[number, number], MessageRow>(
      'SELECT * FROM message INDEXED BY message_change WHERE change > ? ORDER BY change LIMIT ?',
    ),
    lastChange: db.prepare<[], number>('SELECT max(change) FROM message').pluck(),

    pageNewest: db.prepare<[number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order WHERE chat = ? AND kind = 'text'
      ORDER BY ${ORDER_BACKWARDS} LIMIT ?`),
    pageBefore: db.prepare<[number, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND kind = 'text' AND (${ORDER}) < (?, ?, ?, ?, ?)
      ORDER BY ${ORDER_BACKWARDS} LIMIT ?`),
    pageAfter: db.prepare<[number, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND kind = 'text' AND (${ORDER}) > (?, ?, ?, ?, ?)
      ORDER BY ${ORDER} LIMIT ?`),
    pageBetween: db.prepare<[number, ...Place, ...Place, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_order
      WHERE chat = ? AND kind = 'text' AND (${ORDER}) > (?, ?, ?, ?, ?) AND (${ORDER}) < (?, ?, ?, ?, ?)
      ORDER BY ${ORDER} LIMIT ?`),

    undelivered: db.prepare<[number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_owed WHERE chat = ? AND owed = 1
      ORDER BY incarnation, sequence LIMIT ?`),
    owedPlaces: db.prepare<[number], { readonly position: number; readonly device: Buffer }>(`
      SELECT position, device FROM message INDEXED BY message_owed WHERE chat = ? AND owed = 1
      ORDER BY incarnation, sequence`),
    chatOwedAfter: db
      .prepare<[number], number | null>(
        'SELECT min(chat) FROM message INDEXED BY message_owed WHERE owed = 1 AND chat > ?',
      )
      .pluck(),
    undeliveredRows: db.prepare<[number, Buffer, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_owed
      WHERE owed = 1 AND chat = ? AND incarnation = ? AND sequence = ? AND state IN ('queued', 'stored')`),
    undeliveredWithin: db
      .prepare<SequenceRange, number>(`
        SELECT position FROM message INDEXED BY message_owed
        WHERE owed = 1 AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ? AND state IN ('queued', 'stored')
        ORDER BY sequence`)
      .pluck(),
    unseenWithin: db
      .prepare<SequenceRange, number>(`
        SELECT position FROM message INDEXED BY message_unseen
        WHERE direction = 'out' AND state IN ('queued', 'stored', 'delivered')
          AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ?
        ORDER BY sequence`)
      .pluck(),
    /** A void has filled the number; what is shown stays refused. */
    settleRefused: db.prepare<SequenceRange>(`
      UPDATE message INDEXED BY message_owed SET owed = 0
      WHERE owed = 1 AND chat = ? AND incarnation = ? AND sequence BETWEEN ? AND ? AND state = 'refused'`),

    unread: db
      .prepare<[number], number>(`
        SELECT position FROM message INDEXED BY message_unread
        WHERE chat = ? AND direction = 'in' AND kind = 'text' AND state = 'delivered'
        ORDER BY ${ORDER}`)
      .pluck(),
    unreadUpTo: db
      .prepare<[number, ...Place], number>(`
        SELECT position FROM message INDEXED BY message_unread
        WHERE chat = ? AND direction = 'in' AND kind = 'text' AND state = 'delivered' AND (${ORDER}) <= (?, ?, ?, ?, ?)
        ORDER BY ${ORDER}`)
      .pluck(),
    received: db.prepare<[number], NumberingRow>(`
      SELECT device, incarnation, up_to, (
        SELECT min(sequence) FROM message INDEXED BY message_unread
        WHERE chat = numbering.chat AND device = numbering.device AND incarnation = numbering.incarnation
          AND message.direction = 'in' AND kind = 'text' AND state = 'delivered'
      ) AS first_unread
      FROM numbering WHERE chat = ? AND numbering.direction = 'in' ORDER BY device, incarnation`),

    receivedTo: db
      .prepare<[number, Buffer, Buffer], number>(
        "SELECT up_to FROM numbering WHERE chat = ? AND direction = 'in' AND device = ? AND incarnation = ?",
      )
      .pluck(),
    saveReceivedTo: db.prepare<[number, Buffer, Buffer, number]>(`
      INSERT INTO numbering (chat, direction, device, incarnation, up_to) VALUES (?, 'in', ?, ?, ?)
      ON CONFLICT DO UPDATE SET up_to = excluded.up_to`),
    takeSequence: db
      .prepare<[number, Buffer, Buffer], number>(`
        INSERT INTO numbering (chat, direction, device, incarnation, up_to) VALUES (?, 'out', ?, ?, 1)
        ON CONFLICT DO UPDATE SET up_to = up_to + 1
        RETURNING up_to`)
      .pluck(),
    clock: db.prepare<[number], { readonly wall_ms: number; readonly counter: number }>(
      'SELECT wall_ms, counter FROM conversation WHERE chat = ?',
    ),
    saveClock: db.prepare<[number, number, number]>(`
      INSERT INTO conversation (chat, wall_ms, counter) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET wall_ms = excluded.wall_ms, counter = excluded.counter`),
  };
}
