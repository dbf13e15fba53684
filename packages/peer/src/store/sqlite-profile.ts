import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type Sqlite from 'better-sqlite3';
import { NOTICES_MAX } from './limits.ts';
import { type ContactRow, contactOf, type ProfileRow, profileOf, toBlob } from './sqlite-rows.ts';
import type { Contact, Profile } from './store.ts';
import { StoreError } from './store-error.ts';

/** Account, contacts and stamps. Plain calls on an open database; the caller brings the transaction. */
export class SqliteProfile {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#statements = prepare(db);
  }

  profile(): Profile | undefined {
    const row = this.#statements.profile.get();
    return row && profileOf(row);
  }

  needProfile(): Profile {
    const profile = this.profile();
    if (!profile) throw new StoreError('no-profile', 'this profile has no account yet');
    return profile;
  }

  saveProfile(profile: Profile): void {
    this.#statements.saveProfile.run({
      ...profile,
      signedIn: profile.signedIn ? 1 : 0,
      incarnation: toBlob(profile.incarnation),
    });
  }

  contacts(): readonly Contact[] {
    return this.#statements.contacts.all().map(contactOf);
  }

  applyRoster(entries: readonly RosterEntry[], rosterVersion: number): void {
    const profile = this.needProfile();
    for (const entry of entries) {
      this.#statements.saveContact.run({
        ...entry,
        pinNow: entry.state === 'member' ? entry.accountKey : Buffer.alloc(0),
      });
    }
    this.saveProfile({ ...profile, rosterVersion });
  }

  acceptAccountKey(account: AccountNumber): void {
    this.#statements.acceptAccountKey.run(account);
  }

  peerStamp(device: DeviceId): number {
    return this.#statements.peerStamp.get(toBlob(device)) ?? 0;
  }

  savePeerStamp(device: DeviceId, stamp: number): void {
    this.#statements.savePeerStamp.run(toBlob(device), stamp);
  }

  saveNotice({ id, at, text }: { readonly id: number; readonly at: WallMs; readonly text: string }): void {
    this.#statements.saveNotice.run(id, at, text);
    this.#statements.dropNotices.run(NOTICES_MAX);
  }
}

function prepare(db: Sqlite.Database) {
  return {
    profile: db.prepare<[], ProfileRow>('SELECT * FROM profile'),
    saveProfile: db.prepare(`
      INSERT OR REPLACE INTO profile (one, account, name, display_name, server_host, server_port, server_key, signed_in,
        incarnation, login_count, roster_version, stamp_reserved, device_list_version)
      VALUES (1, @account, @name, @displayName, @serverHost, @serverPort, @serverKey, @signedIn,
        @incarnation, @loginCount, @rosterVersion, @stampReserved, @deviceListVersion)`),
    contacts: db.prepare<[], ContactRow>(`
      SELECT contact.*, (
        SELECT count(*) FROM message INDEXED BY message_unread
        WHERE chat = contact.account AND direction = 'in' AND kind = 'text' AND message.state = 'delivered'
      ) AS unread
      FROM contact ORDER BY account`),
    saveContact: db.prepare(`
      INSERT INTO contact (account, name, display_name, state, version, account_key, device_list, text, pinned_key)
      VALUES (@account, @name, @displayName, @state, @version, @accountKey, @deviceList, @text, @pinNow)
      ON CONFLICT (account) DO UPDATE SET
        name = excluded.name, display_name = excluded.display_name, state = excluded.state,
        version = excluded.version, account_key = excluded.account_key, device_list = excluded.device_list,
        text = excluded.text,
        pinned_key = CASE WHEN length(pinned_key) = 0 THEN excluded.pinned_key ELSE pinned_key END`),
    acceptAccountKey: db.prepare('UPDATE contact SET pinned_key = account_key WHERE account = ?'),
    peerStamp: db.prepare<[Buffer], number>('SELECT stamp FROM peer_stamp WHERE device = ?').pluck(),
    savePeerStamp: db.prepare(`
      INSERT INTO peer_stamp (device, stamp) VALUES (?, ?)
      ON CONFLICT (device) DO UPDATE SET stamp = excluded.stamp`),
    saveNotice: db.prepare('INSERT OR IGNORE INTO notice (id, at_ms, text) VALUES (?, ?, ?)'),
    dropNotices: db.prepare('DELETE FROM notice WHERE id <= (SELECT id FROM notice ORDER BY id DESC LIMIT 1 OFFSET ?)'),
  };
}
