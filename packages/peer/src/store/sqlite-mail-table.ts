import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import type { CopyState, MailMark, MailTable, MessageRecord } from './message-tables.ts';
import { toBlob } from './sqlite-rows.ts';

/** Mailboxes of friends' devices and the own other devices in SQLite. The caller brings the transaction. */
export class SqliteMailTable implements MailTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  mark({ position }: MessageRecord, device: DeviceId, expiresAt: WallMs): void {
    this.#sql.mark.run(position, toBlob(device), expiresAt);
  }

  outdate({ position }: MessageRecord): void {
    this.#sql.outdate.run(position);
  }

  isMarked({ position }: MessageRecord, device: DeviceId): boolean {
    return this.#sql.isMarked.get(position, toBlob(device)) !== undefined;
  }

  isAnywhere({ position }: MessageRecord): boolean {
    return this.#sql.isAnywhere.get(position) !== undefined;
  }

  keptUntil({ position }: MessageRecord): WallMs | undefined {
    return (this.#sql.keptUntil.get(position) ?? undefined) as WallMs | undefined;
  }

  unmark({ position }: MessageRecord, device: DeviceId): boolean {
    return this.#sql.unmark.run(position, toBlob(device)).changes > 0;
  }

  unmarkAll({ position }: MessageRecord): readonly DeviceId[] {
    return this.#sql.unmarkAll.all(position).map((device) => device.toString('hex') as DeviceId);
  }

  marksOf(device: DeviceId): readonly MailMark[] {
    return this.#sql.marksOf.all(toBlob(device)).map(markOf);
  }

  expired(now: WallMs): readonly MailMark[] {
    return this.#sql.expired.all(now).map(markOf);
  }

  saveKey(device: DeviceId, key: Uint8Array): void {
    this.#sql.saveKey.run(toBlob(device), key);
  }

  key(device: DeviceId): Uint8Array | undefined {
    const key = this.#sql.key.get(toBlob(device));
    return key && new Uint8Array(key);
  }

  forgetKey(device: DeviceId): void {
    this.#sql.forgetKey.run(toBlob(device));
  }

  ownDevices(): readonly { readonly device: DeviceId; readonly copiedTo: number }[] {
    return this.#sql.ownDevices
      .all()
      .map(({ device, copied_to }) => ({ device: device.toString('hex') as DeviceId, copiedTo: copied_to }));
  }

  saveOwnDevice(device: DeviceId, copiedTo: number): void {
    this.#sql.saveOwnDevice.run(toBlob(device), copiedTo);
  }

  forgetOwnDevice(device: DeviceId): void {
    this.#sql.forgetOwnDevice.run(toBlob(device));
    this.#sql.forgetTold.run(toBlob(device));
  }

  told(device: DeviceId, chat: AccountNumber, incarnation: Incarnation): CopyState | undefined {
    const row = this.#sql.told.get(toBlob(device), chat, toBlob(incarnation));
    return row && copyStateOf(row);
  }

  saveTold(device: DeviceId, { chat, incarnation, deliveredTo, readTo }: CopyState, owed: boolean): void {
    this.#sql.saveTold.run(toBlob(device), chat, toBlob(incarnation), deliveredTo, readTo, owed ? 1 : 0);
  }

  untold(device: DeviceId): readonly CopyState[] {
    return this.#sql.untold.all(toBlob(device)).map(copyStateOf);
  }
}

interface MarkRow {
  readonly position: number;
  readonly id: Buffer;
  readonly device: Buffer;
}

function markOf({ position, id, device }: MarkRow): MailMark {
  return { position, id: id.toString('hex') as MessageId, device: device.toString('hex') as DeviceId };
}

interface CopyRow {
  readonly chat: number;
  readonly incarnation: Buffer;
  readonly delivered_to: number;
  readonly read_to: number;
}

function copyStateOf(row: CopyRow): CopyState {
  return {
    chat: row.chat as AccountNumber,
    incarnation: row.incarnation.toString('hex') as Incarnation,
    deliveredTo: row.delivered_to,
    readTo: row.read_to,
  };
}

function prepare(db: Sqlite.Database) {
  return {
    mark: db.prepare<[number, Buffer, number]>(`
      INSERT INTO mailed (position, device, expires_ms, current) VALUES (?, ?, ?, 1)
      ON CONFLICT DO UPDATE SET expires_ms = excluded.expires_ms, current = 1`),
    outdate: db.prepare<[number]>('UPDATE mailed SET current = 0 WHERE position = ?'),
    isMarked: db.prepare<[number, Buffer]>('SELECT 1 FROM mailed WHERE position = ? AND device = ? AND current = 1'),
    isAnywhere: db.prepare<[number]>('SELECT 1 FROM mailed WHERE position = ? LIMIT 1'),
    keptUntil: db.prepare<[number], number | null>('SELECT max(expires_ms) FROM mailed WHERE position = ?').pluck(),
    unmark: db.prepare<[number, Buffer]>('DELETE FROM mailed WHERE position = ? AND device = ?'),
    unmarkAll: db.prepare<[number], Buffer>('DELETE FROM mailed WHERE position = ? RETURNING device').pluck(),
    marksOf: db.prepare<[Buffer], MarkRow>(`
      SELECT mailed.position, message.id, mailed.device
      FROM mailed INDEXED BY mailed_device JOIN message ON message.position = mailed.position
      WHERE mailed.device = ? ORDER BY mailed.position`),
    expired: db.prepare<[number], MarkRow>(`
      SELECT mailed.position, message.id, mailed.device
      FROM mailed INDEXED BY mailed_expiry JOIN message ON message.position = mailed.position
      WHERE expires_ms <= ? ORDER BY expires_ms, mailed.position, mailed.device`),
    saveKey: db.prepare<[Buffer, Uint8Array]>(`
      INSERT INTO mail_key (device, key) VALUES (?, ?) ON CONFLICT DO UPDATE SET key = excluded.key`),
    key: db.prepare<[Buffer], Buffer>('SELECT key FROM mail_key WHERE device = ?').pluck(),
    forgetKey: db.prepare<[Buffer]>('DELETE FROM mail_key WHERE device = ?'),
    ownDevices: db.prepare<[], { readonly device: Buffer; readonly copied_to: number }>(
      'SELECT device, copied_to FROM own_device ORDER BY device',
    ),
    saveOwnDevice: db.prepare<[Buffer, number]>(`
      INSERT INTO own_device (device, copied_to) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET copied_to = excluded.copied_to`),
    forgetOwnDevice: db.prepare<[Buffer]>('DELETE FROM own_device WHERE device = ?'),
    forgetTold: db.prepare<[Buffer]>('DELETE FROM copy_told WHERE device = ?'),
    told: db.prepare<[Buffer, number, Buffer], CopyRow>(
      'SELECT * FROM copy_told WHERE device = ? AND chat = ? AND incarnation = ?',
    ),
    saveTold: db.prepare<[Buffer, number, Buffer, number, number, number]>(`
      INSERT INTO copy_told (device, chat, incarnation, delivered_to, read_to, owed) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        delivered_to = excluded.delivered_to, read_to = excluded.read_to, owed = excluded.owed`),
    untold: db.prepare<[Buffer], CopyRow>(`
      SELECT * FROM copy_told INDEXED BY copy_told_owed WHERE device = ? AND owed = 1 ORDER BY chat, incarnation`),
  };
}
