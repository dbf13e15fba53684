import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Bus, EndOfSession } from '../bus/bus.ts';
import type { AccountDeletion, DeviceListChange, Revocation, RosterChange } from '../store/store.ts';
import type { ProvedLogins } from './proved-logins.ts';

/** Tells all server processes what a commit has changed. Call in the turn of the commit, so that the order is the same. */
export class Announcer {
  readonly #bus: Bus;
  readonly #proved: ProvedLogins;

  constructor(bus: Bus, proved: ProvedLogins) {
    this.#bus = bus;
    this.#proved = proved;
  }

  async revoked(account: AccountNumber, { revoked }: Revocation, why: EndOfSession): Promise<void> {
    if (why !== 'revoked') this.#proved.releaseOf(account);
    await Promise.all(revoked.map((device) => this.#bus.publish({ type: 'device-revoked', account, ...device, why })));
  }

  async rosters({ touched }: RosterChange): Promise<void> {
    await Promise.all(touched.map((row) => this.#bus.publish({ type: 'roster-changed', ...row })));
  }

  /** A newer list of the account's devices, or another key. */
  async deviceList(account: AccountNumber, change: DeviceListChange): Promise<void> {
    await Promise.all([this.revoked(account, change, 'revoked'), this.rosters(change), this.ownProfile(account)]);
  }

  ownProfile(account: AccountNumber): Promise<void> {
    return this.#bus.publish({ type: 'own-profile-changed', account });
  }

  /** Friendships go first: from then on nothing passes between its sessions and those who were its friends. */
  async deleted(account: AccountNumber, deletion: AccountDeletion): Promise<void> {
    const ended = deletion.friends.map((friend) =>
      this.#bus.publish({ type: 'friendship', a: account, b: friend, friends: false }),
    );
    await Promise.all([...ended, this.revoked(account, deletion, 'account-deleted'), this.rosters(deletion)]);
  }
}
