import type { DeviceId } from '@magpie/common/ids.ts';
import type Sqlite from 'better-sqlite3';
import { type ProfileRow, profileOf, toBlob } from './sqlite-rows.ts';
import type { Profile } from './store.ts';
import { StoreError } from './store-error.ts';

/** Account and stamps. Plain calls on an open database; the caller brings the transaction. */
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
      recoveryUnseen: profile.recoveryUnseen ? 1 : 0,
      incarnation: toBlob(profile.incarnation),
    });
  }

  peerStamp(device: DeviceId): number {
    return this.#statements.peerStamp.get(toBlob(device)) ?? 0;
  }

  savePeerStamp(device: DeviceId, stamp: number): void {
    this.#statements.savePeerStamp.run(toBlob(device), stamp);
  }
}

function prepare(db: Sqlite.Database) {
  return {
    profile: db.prepare<[], ProfileRow>('SELECT * FROM profile'),
    saveProfile: db.prepare(`
      INSERT OR REPLACE INTO profile (one, account, name, display_name, server_host, server_port, server_key, signed_in,
        incarnation, login_count, roster_version, stamp_reserved, device_list_version, signature_line, recovery_unseen)
      VALUES (1, @account, @name, @displayName, @serverHost, @serverPort, @serverKey, @signedIn,
        @incarnation, @loginCount, @rosterVersion, @stampReserved, @deviceListVersion, @signatureLine, @recoveryUnseen)`),
    peerStamp: db.prepare<[Buffer], number>('SELECT stamp FROM peer_stamp WHERE device = ?').pluck(),
    savePeerStamp: db.prepare(`
      INSERT INTO peer_stamp (device, stamp) VALUES (?, ?)
      ON CONFLICT (device) DO UPDATE SET stamp = excluded.stamp`),
  };
}
