import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type Sqlite from 'better-sqlite3';
import { NUMBERINGS_PER_DEVICE_MAX } from './limits.ts';
import { clipped, reachedBy, type SequenceSpan } from './receipt-ranges.ts';
import { asSent, type MessageRow, messageOf, toBlob } from './sqlite-rows.ts';
import type { NumberingOpening, StoredMessage } from './store.ts';

/** Which devices of friends get messages, and what of each own numbering each has (R19). The caller brings the transaction. */
export class SqliteFriendDevices {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  meet(chat: AccountNumber, devices: readonly DeviceId[]): void {
    const known = this.#sql.devices.all(chat).map((device) => device.toString('hex') as DeviceId);
    for (const device of known) if (!devices.includes(device)) this.#forget(chat, device);
    for (const device of new Set(devices)) {
      if (known.includes(device)) continue;
      this.#sql.add.run(chat, toBlob(device));
      this.#sql.beginNumberings.run({ chat, device: toBlob(device) });
    }
  }

  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): readonly StoredMessage[] {
    return this.#sql.behind
      .all({ chat, device: toBlob(device) })
      .flatMap(({ incarnation, up_to }) => this.#sql.sentAfter.all(chat, incarnation, up_to, limit))
      .sort((a, b) => a.position - b.position)
      .slice(0, limit)
      .map(messageOf)
      .map(asSent);
  }

  openings(chat: AccountNumber, device: DeviceId, current: Incarnation | undefined): readonly NumberingOpening[] {
    return this.#sql.unopened
      .all(chat, toBlob(device))
      .filter(({ incarnation, first }) => isCurrent(incarnation, current) || this.#hasFrom(chat, incarnation, first))
      .map(({ incarnation, first }) => ({ incarnation: incarnation.toString('hex') as Incarnation, from: first }));
  }

  devicesBehind(): readonly { readonly chat: AccountNumber; readonly device: DeviceId }[] {
    return this.#sql.allDevices
      .all()
      .map(({ chat, device }) => ({ chat: chat as AccountNumber, device: device.toString('hex') as DeviceId }))
      .filter(({ chat, device }) => this.undeliveredTo(chat, device, 1).length > 0);
  }

  /** Notes what the device has now. @returns the ranges as far as they were meant for it */
  advance(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    ranges: readonly SequenceSpan[],
  ): readonly SequenceSpan[] {
    const place = { chat, device: toBlob(device), incarnation: toBlob(incarnation) };
    const progress = this.#sql.progress.get(place);
    if (!progress) return [];
    const meant = clipped(ranges, progress.first);
    const upTo = reachedBy(meant, progress.up_to, progress.given);
    if (upTo > progress.up_to) this.#sql.saveProgress.run({ ...place, first: progress.first, upTo });
    return meant;
  }

  openNumbering(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, from: number): boolean {
    const place = { chat, device: toBlob(device), incarnation: toBlob(incarnation) };
    if ((this.#sql.othersReceived.get(place) ?? 0) >= NUMBERINGS_PER_DEVICE_MAX) return false;
    this.#sql.openNumbering.run(chat, toBlob(device), toBlob(incarnation), from - 1);
    return true;
  }

  #forget(chat: AccountNumber, device: DeviceId): void {
    this.#sql.forgetDevice.run(chat, toBlob(device));
    this.#sql.forgetNumberings.run(chat, toBlob(device));
  }

  #hasFrom(chat: AccountNumber, incarnation: Buffer, first: number): boolean {
    return this.#sql.sentAfter.get(chat, incarnation, first - 1, 1) !== undefined;
  }
}

function isCurrent(incarnation: Buffer, current: Incarnation | undefined): boolean {
  return current !== undefined && incarnation.equals(toBlob(current));
}

interface DevicePlace {
  readonly chat: number;
  readonly device: Buffer;
}

function prepare(db: Sqlite.Database) {
  return {
    devices: db.prepare<[number], Buffer>('SELECT device FROM friend_device WHERE chat = ? ORDER BY device').pluck(),
    allDevices: db.prepare<[], DevicePlace>('SELECT chat, device FROM friend_device ORDER BY chat, device'),
    add: db.prepare('INSERT INTO friend_device (chat, device) VALUES (?, ?)'),
    forgetDevice: db.prepare('DELETE FROM friend_device WHERE chat = ? AND device = ?'),
    forgetNumberings: db.prepare('DELETE FROM friend_numbering WHERE chat = ? AND device = ?'),
    /** From the first number that nobody has committed, or from the next one. */
    beginNumberings: db.prepare<DevicePlace>(`
      INSERT INTO friend_numbering (chat, device, incarnation, first, up_to)
      SELECT chat, @device, incarnation, first, first - 1 FROM (
        SELECT chat, incarnation, coalesce((
          SELECT min(sequence) FROM message INDEXED BY message_owed
          WHERE owed = 1 AND chat = numbering.chat AND incarnation = numbering.incarnation
        ), up_to + 1) AS first
        FROM numbering WHERE chat = @chat AND direction = 'out'
      ) WHERE true
      ON CONFLICT DO NOTHING`),
    behind: db.prepare<DevicePlace, { readonly incarnation: Buffer; readonly up_to: number }>(`
      SELECT numbering.incarnation, coalesce(known.up_to, 0) AS up_to
      FROM friend_device JOIN numbering ON numbering.chat = friend_device.chat AND direction = 'out'
      LEFT JOIN friend_numbering AS known ON known.chat = friend_device.chat AND known.device = friend_device.device
        AND known.incarnation = numbering.incarnation
      WHERE friend_device.chat = @chat AND friend_device.device = @device
        AND numbering.up_to > coalesce(known.up_to, 0)`),
    sentAfter: db.prepare<[number, Buffer, number, number], MessageRow>(`
      SELECT * FROM message INDEXED BY message_sent
      WHERE direction = 'out' AND chat = ? AND incarnation = ? AND sequence > ? ORDER BY sequence LIMIT ?`),
    unopened: db.prepare<[number, Buffer], { readonly incarnation: Buffer; readonly first: number }>(`
      SELECT incarnation, first FROM friend_numbering
      WHERE chat = ? AND device = ? AND first > 1 AND up_to < first ORDER BY incarnation`),
    progress: db.prepare<
      DevicePlace & { readonly incarnation: Buffer },
      { readonly first: number; readonly up_to: number; readonly given: number }
    >(`
      SELECT coalesce(known.first, 1) AS first, coalesce(known.up_to, 0) AS up_to, coalesce((
        SELECT max(up_to) FROM numbering
        WHERE numbering.chat = @chat AND direction = 'out' AND numbering.incarnation = @incarnation
      ), 0) AS given
      FROM friend_device
      LEFT JOIN friend_numbering AS known ON known.chat = friend_device.chat AND known.device = friend_device.device
        AND known.incarnation = @incarnation
      WHERE friend_device.chat = @chat AND friend_device.device = @device`),
    saveProgress: db.prepare(`
      INSERT INTO friend_numbering (chat, device, incarnation, first, up_to)
      VALUES (@chat, @device, @incarnation, @first, @upTo)
      ON CONFLICT DO UPDATE SET up_to = excluded.up_to`),
    othersReceived: db
      .prepare<DevicePlace & { readonly incarnation: Buffer }, number>(`
        SELECT count(*) FROM numbering
        WHERE chat = @chat AND direction = 'in' AND device = @device AND NOT EXISTS (
          SELECT 1 FROM numbering
          WHERE chat = @chat AND direction = 'in' AND device = @device AND incarnation = @incarnation
        )`)
      .pluck(),
    openNumbering: db.prepare(`
      INSERT INTO numbering (chat, direction, device, incarnation, up_to) VALUES (?, 'in', ?, ?, ?)
      ON CONFLICT DO UPDATE SET up_to = max(up_to, excluded.up_to)`),
  };
}
