import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { NOTICES_MAX } from './limits.ts';
import { DEFAULT_SETTINGS, type Notice, type PresenceWish, type Settings, type StoredNotice } from './store.ts';

/** What concerns nobody but the user: settings, the own chain of device lists, notices. The caller brings the transaction. */
export class SqliteOwn {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#statements = prepare(db);
  }

  settings(): Settings {
    const row = this.#statements.settings.get();
    if (!row) return DEFAULT_SETTINGS;
    return {
      neverDirect: row.never_direct === 1,
      autoAwayMs: row.auto_away_ms,
      presence: row.presence,
      statusText: row.status_text,
      sendTyping: row.send_typing === 1,
      sendReadReceipts: row.send_read_receipts === 1,
    };
  }

  saveSettings(patch: Partial<Settings>): void {
    const settings = { ...this.settings(), ...patch };
    this.#statements.saveSettings.run({
      ...settings,
      neverDirect: settings.neverDirect ? 1 : 0,
      sendTyping: settings.sendTyping ? 1 : 0,
      sendReadReceipts: settings.sendReadReceipts ? 1 : 0,
    });
  }

  deviceLists(): readonly Uint8Array[] {
    return this.#statements.deviceLists.all().map((list) => new Uint8Array(list));
  }

  saveDeviceLists(lists: readonly Uint8Array[], anew: boolean): void {
    if (anew) this.#statements.forgetDeviceLists.run();
    for (const list of lists) this.#statements.addDeviceList.run(list);
    this.#statements.dropDeviceLists.run(DEVICE_CHAIN_MAX);
  }

  mailboxId(): Uint8Array | undefined {
    const id = this.#statements.mailboxId.get();
    return id && new Uint8Array(id);
  }

  saveMailboxId(id: Uint8Array): void {
    this.#statements.saveMailboxId.run(id);
  }

  saveNotice({ id, at, text }: Notice): boolean {
    const isNew = this.#statements.saveNotice.run(id, at, text).changes > 0;
    this.#statements.dropNotices.run(NOTICES_MAX);
    return isNew && this.#statements.hasNotice.get(id) !== undefined;
  }

  notices(limit: number): readonly StoredNotice[] {
    return this.#statements.notices.all(limit).map(noticeOf);
  }

  dismissNotice(id: number): StoredNotice | undefined {
    const row = this.#statements.dismissNotice.get(id);
    return row && noticeOf(row);
  }
}

function noticeOf({ id, at_ms, text, dismissed }: NoticeRow): StoredNotice {
  return { id, at: at_ms as WallMs, text, dismissed: dismissed === 1 };
}

interface SettingsRow {
  readonly never_direct: number;
  readonly auto_away_ms: number;
  readonly presence: PresenceWish;
  readonly status_text: string;
  readonly send_typing: number;
  readonly send_read_receipts: number;
}

interface NoticeRow {
  readonly id: number;
  readonly at_ms: number;
  readonly text: string;
  readonly dismissed: number;
}

function prepare(db: Sqlite.Database) {
  return {
    settings: db.prepare<[], SettingsRow>('SELECT * FROM settings'),
    saveSettings: db.prepare(`
      INSERT OR REPLACE INTO settings (one, never_direct, auto_away_ms, presence, status_text, send_typing,
        send_read_receipts)
      VALUES (1, @neverDirect, @autoAwayMs, @presence, @statusText, @sendTyping, @sendReadReceipts)`),
    deviceLists: db.prepare<[], Buffer>('SELECT list FROM own_device_list ORDER BY position').pluck(),
    addDeviceList: db.prepare('INSERT OR IGNORE INTO own_device_list (list) VALUES (?)'),
    forgetDeviceLists: db.prepare('DELETE FROM own_device_list'),
    dropDeviceLists: db.prepare(`
      DELETE FROM own_device_list
      WHERE position <= (SELECT position FROM own_device_list ORDER BY position DESC LIMIT 1 OFFSET ?)`),
    mailboxId: db.prepare<[], Buffer>('SELECT id FROM mailboxes').pluck(),
    saveMailboxId: db.prepare('INSERT OR REPLACE INTO mailboxes (one, id) VALUES (1, ?)'),
    saveNotice: db.prepare('INSERT OR IGNORE INTO notice (id, at_ms, text) VALUES (?, ?, ?)'),
    hasNotice: db.prepare<[number]>('SELECT 1 FROM notice WHERE id = ?'),
    dropNotices: db.prepare('DELETE FROM notice WHERE id <= (SELECT id FROM notice ORDER BY id DESC LIMIT 1 OFFSET ?)'),
    dismissNotice: db.prepare<[number], NoticeRow>('UPDATE notice SET dismissed = 1 WHERE id = ? RETURNING *'),
    notices: db.prepare<[number], NoticeRow>('SELECT * FROM notice ORDER BY id DESC LIMIT ?'),
  };
}
