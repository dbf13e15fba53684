import { verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf } from '@magpie/common/channel/keys.ts';
import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { type AccountNumber, type DeviceId, parseAccountNumber, type SessionEpoch } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Contact, Profile } from '../store/store.ts';
import type { CommandError } from './command-error.ts';

/** A device of a friend, certified by the account key that we pinned (R6). */
export interface FriendDevice {
  readonly device: DeviceId;
  readonly account: AccountNumber;
  readonly exchangeKey: Uint8Array;
  readonly listVersion: number;
}

/** Everybody this profile knows, in memory: the store's rows, their certified devices, and who is there right now. */
export class ContactBook {
  readonly #contacts = new Map<AccountNumber, Contact>();
  readonly #devices = new Map<DeviceId, FriendDevice>();
  readonly #presence = new Map<AccountNumber, PresenceEntry>();
  #presenceKnown = false;

  /** Replaces all rows by the store's. @returns the accounts whose rows are new or have a new version */
  load(contacts: readonly Contact[]): readonly AccountNumber[] {
    const changed: AccountNumber[] = [];
    for (const contact of contacts) {
      const before = this.#contacts.get(contact.account);
      // Counted on from the first load: a row read meanwhile may hold messages that `addUnread` is still to tell of.
      this.#contacts.set(contact.account, before ? { ...contact, unread: before.unread } : contact);
      if (before?.version === contact.version) continue;
      changed.push(contact.account);
      // Signatures are checked once per change of a row, not once per load.
      for (const { device } of this.devicesOf(contact.account)) this.#devices.delete(device);
      for (const device of certifiedDevices(contact)) this.#devices.set(device.device, device);
    }
    return changed;
  }

  /** Messages of theirs have come, or (negative) were read. */
  addUnread(account: AccountNumber, count: number): void {
    const contact = this.#contacts.get(account);
    if (contact) this.#contacts.set(account, { ...contact, unread: Math.max(0, contact.unread + count) });
  }

  get(account: AccountNumber): Contact | undefined {
    return this.#contacts.get(account);
  }

  all(): readonly Contact[] {
    return [...this.#contacts.values()];
  }

  /** A device we may talk to: of a friend, certified, with the key we pinned. */
  device(id: DeviceId): FriendDevice | undefined {
    return this.#devices.get(id);
  }

  devicesOf(account: AccountNumber): readonly FriendDevice[] {
    return [...this.#devices.values()].filter((device) => device.account === account);
  }

  /** Number, or name in any case. */
  find(who: string): Result<Contact, CommandError> {
    const number = parseAccountNumber(who.trim());
    const name = who.trim().toLowerCase();
    for (const contact of this.#contacts.values()) {
      if (contact.account === number || contact.name === name) return ok(contact);
    }
    return err({ code: 'NOT_FOUND', detail: { who } });
  }

  /** A friend to whom messages can go. */
  findFriend(who: string): Result<Contact, CommandError> {
    const found = this.find(who);
    if (!found.ok || found.value.state === 'member') return found;
    return err({ code: 'NOT_FRIENDS', detail: { who } });
  }

  /** @returns devices whose session epoch rose: they logged in anew */
  setPresence(entry: PresenceEntry): readonly DeviceId[] {
    const before = new Map<DeviceId, SessionEpoch>(
      this.#presence.get(entry.account)?.devices.map(({ device, epoch }) => [device, epoch]),
    );
    this.#presence.set(entry.account, entry);
    return entry.devices.filter(({ device, epoch }) => epoch > (before.get(device) ?? 0)).map(({ device }) => device);
  }

  /** The link went down: nobody's presence is known until the server tells again. */
  forgetPresence(): void {
    this.#presence.clear();
    this.#presenceKnown = false;
  }

  /** The server has begun to tell: friends whom it does not name are offline (SV41). @returns false when it had before */
  beginPresence(): boolean {
    const begun = !this.#presenceKnown;
    this.#presenceKnown = true;
    return begun;
  }

  presenceOf(account: AccountNumber): PresenceStatus | 'unknown' {
    if (!this.#presenceKnown) return 'unknown';
    return this.#presence.get(account)?.status ?? 'offline';
  }
}

/** The account key that is shown now is not the one pinned when friendship began. */
export function keyChanged(contact: Contact): boolean {
  return contact.pinnedKey.length > 0 && Buffer.compare(contact.pinnedKey, contact.accountKey) !== 0;
}

/** Whether somebody means the account of this profile itself. */
export function isSelf(who: string, profile: Profile): boolean {
  const text = who.trim().toLowerCase();
  return text === profile.name || text === String(profile.account);
}

function certifiedDevices(contact: Contact): readonly FriendDevice[] {
  if (contact.state !== 'member' || keyChanged(contact)) return [];
  const list = verifyDeviceList(contact.deviceList, contact.accountKey);
  if (!list.ok) return [];
  return list.value.devices.map(({ exchangeKey, signKey }) => ({
    device: deviceIdOf(exchangeKey, signKey),
    account: contact.account,
    exchangeKey,
    listVersion: list.value.version,
  }));
}
