import { verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, equalBytes } from '@magpie/common/channel/keys.ts';
import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { type AccountNumber, type DeviceId, parseAccountNumber, type SessionEpoch } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { isAccountKey } from '../store/account-key.ts';
import type { Contact, ContactNotes, Profile } from '../store/store.ts';
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

  /** Replaces all rows by the store's. @returns the accounts whose rows are new or changed, by the server or by the user */
  load(contacts: readonly Contact[]): readonly AccountNumber[] {
    const changed: AccountNumber[] = [];
    for (const contact of contacts) {
      const before = this.#contacts.get(contact.account);
      // Counted on from the first load: a row read meanwhile may hold messages that `addUnread` is still to tell of.
      this.#contacts.set(contact.account, before ? { ...contact, unread: before.unread } : contact);
      if (before && sameRow(before, contact)) continue;
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

  /** Number, name or remark, in any case. A remark is the user's own word, so it never hides somebody of that name. */
  find(who: string): Result<Contact, CommandError> {
    const number = parseAccountNumber(who.trim());
    const numbered = number === undefined ? undefined : this.#contacts.get(number);
    if (numbered) return ok(numbered);
    const text = who.trim().toLowerCase();
    const [named, namesake] = this.all().filter(({ name }) => name === text);
    // ID20: no honest server gives a name twice.
    if (named && namesake) return err({ code: 'AMBIGUOUS', detail: { who } });
    if (named) return ok(named);
    const remarked = this.all().filter(({ local }) => text !== '' && local.remark.toLowerCase() === text);
    const present = remarked.filter(({ state }) => state !== 'removed');
    const [found, another] = present.length > 0 ? present : remarked;
    if (!found) return err({ code: 'NOT_FOUND', detail: { who } });
    return another ? err({ code: 'AMBIGUOUS', detail: { who } }) : ok(found);
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

  /** What they say beside their status, while they are there. */
  statusTextOf(account: AccountNumber): string {
    return this.#presence.get(account)?.text ?? '';
  }

  /** Of a friend who is known to be offline and tells. */
  lastSeenOf(account: AccountNumber): WallMs | undefined {
    if (this.presenceOf(account) !== 'offline') return undefined;
    const { lastSeenWallMs } = this.#presence.get(account) ?? { lastSeenWallMs: 0 };
    return lastSeenWallMs > 0 ? (lastSeenWallMs as WallMs) : undefined;
  }

  /** Answer to a question of ours: 0 when the friend does not tell. Somebody who has come meanwhile is not touched. */
  setLastSeen(account: AccountNumber, lastSeenWallMs: number): void {
    if (this.presenceOf(account) !== 'offline') return;
    this.#presence.set(account, { account, status: 'offline', devices: [], text: '', lastSeenWallMs });
  }
}

/**
 * The account key that is shown now is not the one pinned, or the list of devices does not follow from the one known
 * (R6): nothing goes to this account until the user has looked.
 */
export function keyChanged(contact: Contact): boolean {
  return hasKey(contact) && (contact.local.listBroken || otherKey(contact));
}

/** The key itself is another one, whatever its list. */
export function otherKey({ pinnedKey, accountKey }: Contact): boolean {
  return pinnedKey.length > 0 && !equalBytes(pinnedKey, accountKey);
}

/** ID6: the account is not deleted, and somebody has signed in to it. */
export function hasKey({ accountKey }: Pick<Contact, 'accountKey'>): boolean {
  return isAccountKey(accountKey);
}

/** Whether somebody means the account of this profile itself. */
export function isSelf(who: string, profile: Profile): boolean {
  const text = who.trim().toLowerCase();
  return text === profile.name || text === String(profile.account);
}

/** Whether nothing that is shown or decides about devices differs; unread messages are counted by themselves. */
function sameRow(a: Contact, b: Contact): boolean {
  if (a.version !== b.version || a.state !== b.state) return false;
  const notes = Object.keys(a.local) as (keyof ContactNotes)[];
  if (notes.some((note) => a.local[note] !== b.local[note])) return false;
  return (
    equalBytes(a.pinnedKey, b.pinnedKey) &&
    equalBytes(a.accountKey, b.accountKey) &&
    equalBytes(a.deviceList, b.deviceList)
  );
}

function certifiedDevices(contact: Contact): readonly FriendDevice[] {
  if (contact.state !== 'member' || !hasKey(contact) || keyChanged(contact)) return [];
  const list = verifyDeviceList(contact.deviceList, contact.accountKey);
  if (!list.ok) return [];
  return list.value.devices.map(({ exchangeKey, signKey }) => ({
    device: deviceIdOf(exchangeKey, signKey),
    account: contact.account,
    exchangeKey,
    listVersion: list.value.version,
  }));
}
