import type { HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { STAMP_ZERO } from './hybrid-clock.ts';
import type {
  HeldContent,
  Numbering,
  NumberingKind,
  NumberingPlace,
  NumberingTable,
  Progress,
} from './message-tables.ts';
import { toBlob } from './sqlite-rows.ts';
import type { MessageRoad, NumberingPage } from './store.ts';

/** Clocks, numberings, friends' devices and held contents in SQLite. The caller brings the transaction. */
export class SqliteNumberingTable implements NumberingTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  clock(chat: AccountNumber): HybridStamp {
    const row = this.#sql.clock.get(chat);
    return row ? { wallMs: row.wall_ms as WallMs, counter: row.counter } : STAMP_ZERO;
  }

  saveClock(chat: AccountNumber, stamp: HybridStamp): void {
    this.#sql.saveClock.run(chat, stamp.wallMs, stamp.counter);
  }

  clocksAfter(wallMs: WallMs): readonly AccountNumber[] {
    return this.#sql.clocksAfter.all(wallMs).map((chat) => chat as AccountNumber);
  }

  numbering({ chat, kind, device, incarnation }: NumberingPlace): Numbering | undefined {
    const row = this.#sql.numbering.get(chat, kind, toBlob(incarnation), toBlob(device));
    return row && numberingOf(row);
  }

  own(chat: AccountNumber, incarnation: Incarnation): Numbering | undefined {
    const row = this.#sql.own.get(chat, toBlob(incarnation));
    return row && numberingOf(row);
  }

  save(numbering: Numbering): void {
    const { device, incarnation } = numbering;
    this.#sql.save.run({ ...numbering, device: toBlob(device), incarnation: toBlob(incarnation) });
  }

  all(chat: AccountNumber, kind: NumberingKind): readonly Numbering[] {
    return this.#sql.all.all(chat, kind).map(numberingOf);
  }

  receivedOf(chat: AccountNumber, device: DeviceId): number {
    return this.#sql.receivedOf.get(chat, toBlob(device)) ?? 0;
  }

  received(chat: AccountNumber, { device, limit, skip }: NumberingPage): readonly Numbering[] {
    return this.#sql.received.all(chat, toBlob(device), limit, skip).map(numberingOf).reverse();
  }

  untold(chat: AccountNumber | undefined, limit: number): readonly Numbering[] {
    const { untold, untoldOf } = this.#sql;
    return (chat === undefined ? untold.all(limit) : untoldOf.all(limit, chat)).map(numberingOf);
  }

  devicesMet(chat: AccountNumber): readonly DeviceId[] {
    return this.#sql.devicesMet.all(chat).map((device) => device.toString('hex') as DeviceId);
  }

  isMet(chat: AccountNumber, device: DeviceId): boolean {
    return this.#sql.isMet.get(chat, toBlob(device)) !== undefined;
  }

  meet(chat: AccountNumber, device: DeviceId): void {
    this.#sql.meet.run(chat, toBlob(device));
  }

  forget(chat: AccountNumber, device: DeviceId): void {
    this.#sql.forgetDevice.run(chat, toBlob(device));
    this.#sql.forgetProgress.run(chat, toBlob(device));
  }

  progress(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): Progress | undefined {
    const row = this.#sql.progress.get(chat, toBlob(device), toBlob(incarnation));
    return row && progressOf(row);
  }

  saveProgress(progress: Progress): void {
    const { device, incarnation, lacks } = progress;
    this.#sql.saveProgress.run({
      ...progress,
      device: toBlob(device),
      incarnation: toBlob(incarnation),
      lacks: lacks ? 1 : 0,
    });
  }

  lacking(chat: AccountNumber, device: DeviceId): readonly Progress[] {
    return this.#sql.lacking.all(chat, toBlob(device)).map(progressOf);
  }

  devicesLacking(): readonly { readonly chat: AccountNumber; readonly device: DeviceId }[] {
    return this.#sql.devicesLacking
      .all()
      .map(({ chat, device }) => ({ chat: chat as AccountNumber, device: device.toString('hex') as DeviceId }));
  }

  unopened(chat: AccountNumber, device: DeviceId): readonly Progress[] {
    return this.#sql.unopened.all(chat, toBlob(device)).map(progressOf);
  }

  tails(
    chat: AccountNumber,
    device: DeviceId,
    limit: number,
    skip: number,
  ): readonly { readonly incarnation: Incarnation; readonly upTo: number }[] {
    return this.#sql.tails
      .all(chat, toBlob(device), limit, skip)
      .map(({ incarnation, up_to }) => ({ incarnation: incarnation.toString('hex') as Incarnation, upTo: up_to }));
  }

  hold(chat: AccountNumber, device: DeviceId, { content, road }: HeldContent): void {
    const { incarnation, sequence } = content;
    this.#sql.hold.run(
      chat,
      toBlob(device),
      toBlob(incarnation),
      sequence,
      JSON.stringify(content),
      JSON.stringify(road),
    );
  }

  isHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): boolean {
    return this.#sql.isHeld.get(chat, toBlob(device), toBlob(incarnation), sequence) !== undefined;
  }

  heldOf(chat: AccountNumber, device: DeviceId): number {
    return this.#sql.heldOf.get(chat, toBlob(device)) ?? 0;
  }

  takeHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): HeldContent | undefined {
    const row = this.#sql.takeHeld.get(chat, toBlob(device), toBlob(incarnation), sequence);
    return row && { content: JSON.parse(row.content) as NumberedContent, road: JSON.parse(row.road) as MessageRoad };
  }

  dropHeldBelow(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): void {
    this.#sql.dropHeldBelow.run(chat, toBlob(device), toBlob(incarnation), sequence);
  }

  heldNumbers(chat: AccountNumber | undefined) {
    const rows = chat === undefined ? this.#sql.heldNumbers.all() : this.#sql.heldNumbersOfChat.all(chat);
    return rows.map((row) => ({
      chat: row.chat as AccountNumber,
      device: row.device.toString('hex') as DeviceId,
      incarnation: row.incarnation.toString('hex') as Incarnation,
      sequence: row.sequence,
    }));
  }
}

interface NumberingRow {
  readonly chat: number;
  readonly direction: NumberingKind;
  readonly device: Buffer;
  readonly incarnation: Buffer;
  readonly up_to: number;
  readonly kept_to: number;
  readonly delivered_to: number;
  readonly read_to: number;
  readonly told_to: number;
  readonly told_read_to: number;
}

function numberingOf(row: NumberingRow): Numbering {
  return {
    chat: row.chat as AccountNumber,
    kind: row.direction,
    device: row.device.toString('hex') as DeviceId,
    incarnation: row.incarnation.toString('hex') as Incarnation,
    upTo: row.up_to,
    keptTo: row.kept_to,
    deliveredTo: row.delivered_to,
    readTo: row.read_to,
    toldTo: row.told_to,
    toldReadTo: row.told_read_to,
  };
}

interface ProgressRow {
  readonly chat: number;
  readonly device: Buffer;
  readonly incarnation: Buffer;
  readonly first: number;
  readonly up_to: number;
  readonly mailed_to: number;
  readonly lacks: number;
}

function progressOf(row: ProgressRow): Progress {
  return {
    chat: row.chat as AccountNumber,
    device: row.device.toString('hex') as DeviceId,
    incarnation: row.incarnation.toString('hex') as Incarnation,
    first: row.first,
    upTo: row.up_to,
    mailedTo: row.mailed_to,
    lacks: row.lacks === 1,
  };
}

interface HeldRow {
  readonly chat: number;
  readonly device: Buffer;
  readonly incarnation: Buffer;
  readonly sequence: number;
}

type Device = [chat: number, device: Buffer];

/** Of each device a few rows of the index are read, however many there are. */
const UNTOLD = `
  SELECT numbering.* FROM friend_device
  CROSS JOIN numbering ON numbering.chat = friend_device.chat AND numbering.direction = 'in'
    AND numbering.device = friend_device.device AND numbering.incarnation IN (
      SELECT incarnation FROM numbering AS untold INDEXED BY numbering_untold
      WHERE untold.chat = friend_device.chat AND untold.device = friend_device.device AND untold.direction = 'in'
        AND (untold.up_to > untold.told_to OR untold.read_to > untold.told_read_to)
      LIMIT ?
    )`;

function prepare(db: Sqlite.Database) {
  return { ...numberingStatements(db), ...deviceStatements(db), ...heldStatements(db) };
}

function numberingStatements(db: Sqlite.Database) {
  return {
    clock: db.prepare<[number], { readonly wall_ms: number; readonly counter: number }>(
      'SELECT wall_ms, counter FROM conversation WHERE chat = ?',
    ),
    saveClock: db.prepare<[number, number, number]>(`
      INSERT INTO conversation (chat, wall_ms, counter) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET wall_ms = excluded.wall_ms, counter = excluded.counter`),
    clocksAfter: db.prepare<[number], number>('SELECT chat FROM conversation WHERE wall_ms > ?').pluck(),
    numbering: db.prepare<[number, string, Buffer, Buffer], NumberingRow>(
      'SELECT * FROM numbering WHERE chat = ? AND direction = ? AND incarnation = ? AND device = ?',
    ),
    own: db.prepare<[number, Buffer], NumberingRow>(
      "SELECT * FROM numbering WHERE chat = ? AND direction = 'out' AND incarnation = ? LIMIT 1",
    ),
    save: db.prepare<object>(`
      INSERT INTO numbering (chat, direction, device, incarnation, begun, up_to, kept_to, delivered_to, read_to,
        told_to, told_read_to)
      VALUES (@chat, @kind, @device, @incarnation,
        (SELECT coalesce(max(begun), 0) + 1 FROM numbering WHERE chat = @chat AND direction = @kind),
        @upTo, @keptTo, @deliveredTo, @readTo, @toldTo, @toldReadTo)
      ON CONFLICT DO UPDATE SET up_to = excluded.up_to, kept_to = excluded.kept_to,
        delivered_to = excluded.delivered_to, read_to = excluded.read_to, told_to = excluded.told_to,
        told_read_to = excluded.told_read_to`),
    all: db.prepare<[number, string], NumberingRow>(
      'SELECT * FROM numbering INDEXED BY numbering_newest WHERE chat = ? AND direction = ? ORDER BY begun',
    ),
    receivedOf: db
      .prepare<Device, number>("SELECT count(*) FROM numbering WHERE chat = ? AND direction = 'in' AND device = ?")
      .pluck(),
    received: db.prepare<[...Device, number, number], NumberingRow>(`
      SELECT * FROM numbering INDEXED BY numbering_newest WHERE chat = ? AND direction = 'in' AND device = ?
      ORDER BY begun DESC LIMIT ? OFFSET ?`),
    untold: db.prepare<[number], NumberingRow>(`${UNTOLD} ORDER BY numbering.chat, numbering.device, begun`),
    untoldOf: db.prepare<[number, number], NumberingRow>(
      `${UNTOLD} WHERE friend_device.chat = ? ORDER BY numbering.device, begun`,
    ),
    tails: db.prepare<[...Device, number, number], { readonly incarnation: Buffer; readonly up_to: number }>(`
      SELECT numbering.incarnation, min(numbering.up_to, kept_to) AS up_to
      FROM numbering INDEXED BY numbering_newest
      JOIN friend_numbering AS known ON known.chat = numbering.chat AND known.incarnation = numbering.incarnation
      WHERE numbering.chat = ? AND direction = 'out' AND known.device = ?
        AND min(numbering.up_to, kept_to) >= known.first
      ORDER BY begun DESC LIMIT ? OFFSET ?`),
  };
}

function deviceStatements(db: Sqlite.Database) {
  return {
    devicesMet: db.prepare<[number], Buffer>('SELECT device FROM friend_device WHERE chat = ? ORDER BY device').pluck(),
    isMet: db.prepare<Device>('SELECT 1 FROM friend_device WHERE chat = ? AND device = ?'),
    meet: db.prepare<Device>('INSERT INTO friend_device (chat, device) VALUES (?, ?)'),
    forgetDevice: db.prepare<Device>('DELETE FROM friend_device WHERE chat = ? AND device = ?'),
    forgetProgress: db.prepare<Device>('DELETE FROM friend_numbering WHERE chat = ? AND device = ?'),
    progress: db.prepare<[...Device, Buffer], ProgressRow>(
      'SELECT * FROM friend_numbering WHERE chat = ? AND device = ? AND incarnation = ?',
    ),
    saveProgress: db.prepare<object>(`
      INSERT INTO friend_numbering (chat, device, incarnation, first, up_to, mailed_to, lacks)
      VALUES (@chat, @device, @incarnation, @first, @upTo, @mailedTo, @lacks)
      ON CONFLICT DO UPDATE SET up_to = excluded.up_to, mailed_to = excluded.mailed_to, lacks = excluded.lacks`),
    lacking: db.prepare<Device, ProgressRow>(`
      SELECT * FROM friend_numbering INDEXED BY friend_numbering_lacks WHERE chat = ? AND device = ? AND lacks = 1`),
    devicesLacking: db.prepare<[], { readonly chat: number; readonly device: Buffer }>(`
      SELECT DISTINCT chat, device FROM friend_numbering INDEXED BY friend_numbering_lacks WHERE lacks = 1
      ORDER BY chat, device`),
    unopened: db.prepare<Device, ProgressRow>(`
      SELECT * FROM friend_numbering INDEXED BY friend_numbering_unopened
      WHERE chat = ? AND device = ? AND first > 1 AND up_to < first ORDER BY incarnation`),
  };
}

function heldStatements(db: Sqlite.Database) {
  return {
    hold: db.prepare<[...Device, Buffer, number, string, string]>(
      'INSERT INTO held (chat, device, incarnation, sequence, content, road) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    isHeld: db.prepare<[...Device, Buffer, number]>(
      'SELECT 1 FROM held WHERE chat = ? AND device = ? AND incarnation = ? AND sequence = ?',
    ),
    heldOf: db.prepare<Device, number>('SELECT count(*) FROM held WHERE chat = ? AND device = ?').pluck(),
    takeHeld: db.prepare<[...Device, Buffer, number], { readonly content: string; readonly road: string }>(`
      DELETE FROM held WHERE chat = ? AND device = ? AND incarnation = ? AND sequence = ? RETURNING content, road`),
    dropHeldBelow: db.prepare<[...Device, Buffer, number]>(
      'DELETE FROM held WHERE chat = ? AND device = ? AND incarnation = ? AND sequence < ?',
    ),
    heldNumbers: db.prepare<[], HeldRow>(
      'SELECT chat, device, incarnation, sequence FROM held ORDER BY chat, device, incarnation, sequence',
    ),
    heldNumbersOfChat: db.prepare<[number], HeldRow>(`
      SELECT chat, device, incarnation, sequence FROM held WHERE chat = ?
      ORDER BY chat, device, incarnation, sequence`),
  };
}
