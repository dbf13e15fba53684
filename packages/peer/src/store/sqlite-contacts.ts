import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type Sqlite from 'better-sqlite3';
import { isAccountKey } from './account-key.ts';
import { type ContactRow, contactOf, type NotesRow, notesOf } from './sqlite-rows.ts';
import { type Contact, type ContactNotes, NO_NOTES } from './store.ts';

/** The roster as the server told it, and beside it pins and notes, which are ours. The caller brings the transaction. */
export class SqliteContacts {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#statements = prepare(db);
  }

  contacts(): readonly Contact[] {
    return this.#statements.contacts.all().map(contactOf);
  }

  applyRoster(entries: readonly RosterEntry[]): void {
    for (const entry of entries) {
      this.#statements.saveContact.run(entry);
      if (entry.state === 'member' && isAccountKey(entry.accountKey))
        this.#statements.pinFirst.run(entry.account, entry.accountKey);
    }
  }

  acceptAccountKey(account: AccountNumber, verified: boolean): void {
    this.#statements.acceptKey.run({ account, verified: verified ? 1 : 0 });
  }

  pinAccountKey(account: AccountNumber, accountKey: Uint8Array, verified: boolean): boolean {
    if (!isAccountKey(accountKey)) return false;
    return this.#statements.pinKey.run({ account, accountKey, verified: verified ? 1 : 0 }).changes > 0;
  }

  note(account: AccountNumber, patch: Partial<ContactNotes>): void {
    const row = this.#statements.notes.get(account);
    const notes = { ...(row ? notesOf(row) : NO_NOTES), ...patch };
    this.#statements.saveNotes.run({
      account,
      remark: notes.remark,
      group: notes.group,
      neverDirect: notes.neverDirect ? 1 : 0,
      verified: notes.verified ? 1 : 0,
      listBroken: notes.listBroken ? 1 : 0,
    });
  }
}

function prepare(db: Sqlite.Database) {
  return {
    contacts: db.prepare<[], ContactRow>(`
      SELECT contact.*, coalesce(known.pinned_key, x'') AS pinned_key, coalesce(known.remark, '') AS remark,
        coalesce(known.contact_group, '') AS contact_group, coalesce(known.never_direct, 0) AS never_direct,
        coalesce(known.verified, 0) AS verified, coalesce(known.list_broken, 0) AS list_broken, (
          SELECT count(*) FROM message INDEXED BY message_unread
          WHERE chat = contact.account AND direction = 'in' AND shown = 1 AND message.state = 'delivered'
        ) AS unread
      FROM contact LEFT JOIN known ON known.account = contact.account ORDER BY contact.account`),
    saveContact: db.prepare(`
      INSERT OR REPLACE INTO contact (account, name, display_name, state, version, account_key, device_list, text,
        signature_line)
      VALUES (@account, @name, @displayName, @state, @version, @accountKey, @deviceList, @text, @signatureLine)`),
    pinFirst: db.prepare(`
      INSERT INTO known (account, pinned_key) VALUES (?, ?)
      ON CONFLICT (account) DO UPDATE SET pinned_key = excluded.pinned_key, verified = 0
      WHERE length(pinned_key) = 0`),
    acceptKey: db.prepare(`
      INSERT INTO known (account, pinned_key, verified)
      SELECT account, account_key, @verified FROM contact
      WHERE account = @account AND account_key <> zeroblob(length(account_key))
      ON CONFLICT (account) DO UPDATE SET
        pinned_key = excluded.pinned_key, verified = excluded.verified, list_broken = 0`),
    pinKey: db.prepare(`
      INSERT INTO known (account, pinned_key, verified) VALUES (@account, @accountKey, @verified)
      ON CONFLICT (account) DO UPDATE SET
        verified = max(excluded.verified, verified AND pinned_key = excluded.pinned_key),
        pinned_key = excluded.pinned_key
      WHERE length(pinned_key) = 0 OR pinned_key = excluded.pinned_key
        OR NOT EXISTS (SELECT 1 FROM contact WHERE contact.account = known.account)`),
    notes: db.prepare<[number], NotesRow>('SELECT * FROM known WHERE account = ?'),
    saveNotes: db.prepare(`
      INSERT INTO known (account, remark, contact_group, never_direct, verified, list_broken)
      VALUES (@account, @remark, @group, @neverDirect, @verified, @listBroken)
      ON CONFLICT (account) DO UPDATE SET
        remark = excluded.remark, contact_group = excluded.contact_group, never_direct = excluded.never_direct,
        verified = excluded.verified, list_broken = excluded.list_broken`),
  };
}
