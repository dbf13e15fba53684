import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { DEVICES_MAX, PRESENCE_GRACE_MS, ROSTER_ENTRIES_PER_FRAME_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { Directory, LiveAccount, LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';

/** Of several devices the most available one speaks for the account (R19). */
const MOST_AVAILABLE_FIRST: readonly PresenceStatus[] = ['online', 'away'];

/**
 * Who is shown to whom. Friends only; only changes travel; a lost connection has a grace before it is told (R22); an
 * invisible device is, byte for byte, a device that is not there (R23). Call `handleTimeout` once `pollTimeout` is due.
 */
export class Presence {
  readonly #directory: Directory;
  readonly #limits: ServerLimits;
  readonly #budgets: RateTable;
  /**
   * What friends were last told of an account; absent: offline. Whoever becomes a viewer is told the same and not what
   * is so now, so that a change that is still held back is news to all of them.
   */
  readonly #told = new Map<AccountNumber, PresenceEntry>();
  /** Ends of graces, in order, since every grace is equally long. */
  readonly #graces: { readonly account: LiveAccount; readonly device: DeviceId; readonly until: Instant }[] = [];
  /** Accounts over their budget of changes: only where they end up is told, then. */
  readonly #deferred = new Map<AccountNumber, Instant>();
  /** Sessions whose full write queue made us drop a change: they get everything anew once it is empty. */
  readonly #behind = new Set<LiveSession>();

  constructor(directory: Directory, limits: ServerLimits, random: RandomSource) {
    this.#directory = directory;
    this.#limits = limits;
    const perMinute = limits.presenceChangesPerMinute;
    this.#budgets = new RateTable(perMinute / 60, perMinute, RATE_BUCKETS, random);
  }

  /**
   * The session has just entered the directory and its client knows it. A device that was here a moment ago keeps its
   * status, so that nobody who is invisible flashes up by a reconnect.
   */
  sessionOpened(session: LiveSession, replaced: LiveSession | undefined, now: Instant): void {
    const lingering = session.account.lingering.get(session.device);
    session.status = replaced?.status ?? lingering?.status ?? 'online';
    session.account.lingering.delete(session.device);
    this.#sendOnlineFriends(session);
    this.#tellFriends(session.account, now);
  }

  /** @param orderly the client said goodbye: then it is offline at once, without a grace */
  sessionClosed(session: LiveSession, orderly: boolean, now: Instant): void {
    this.#behind.delete(session);
    if (!this.#directory.leave(session)) return;
    const { account, device, epoch, status } = session;
    if (!orderly) {
      const until = after(now, PRESENCE_GRACE_MS);
      account.lingering.set(device, { device, epoch, status, until });
      this.#graces.push({ account, device, until });
      return;
    }
    this.#tellFriends(account, now);
    this.#forgetIfDone(account);
  }

  /** A lost connection has its grace no longer: its device will not come back. */
  endGrace(number: AccountNumber, device: DeviceId, now: Instant): void {
    const account = this.#directory.account(number);
    if (!account?.lingering.delete(device)) return;
    this.#tellFriends(account, now);
    this.#forgetIfDone(account);
  }

  setStatus(session: LiveSession, status: PresenceStatus, now: Instant): void {
    if (session.status === status) return;
    session.status = status;
    this.#directory.visibilityChanged();
    this.#tellFriends(session.account, now);
  }

  /**
   * After the directory knows it. Both sides learn at once what the new state lets them see; that an account is out of
   * sight even a slow reader is told, because what it gets once its queue is empty names friends only.
   */
  friendshipChanged(a: AccountNumber, b: AccountNumber, friends: boolean): void {
    for (const [shown, viewer] of [
      [a, b],
      [b, a],
    ] as const) {
      const account = this.#directory.account(viewer);
      const entry = friends ? this.#told.get(shown) : offlineEntry(shown);
      if (!account || !entry) continue;
      const frame = encodeFrame({ type: 'presence', entries: [entry] });
      if (friends) this.#sendFrame(account, frame);
      else for (const session of account.sessions.values()) session.wire.send(frame);
    }
  }

  /** The session's write queue has run empty. */
  drained(session: LiveSession): void {
    if (!this.#behind.delete(session)) return;
    const friends = [...session.account.friends];
    this.#sendEntries(
      session,
      friends.map((friend) => this.#told.get(friend) ?? offlineEntry(friend)),
    );
  }

  pollTimeout(): Instant | undefined {
    let earliest = this.#graces[0]?.until;
    for (const at of this.#deferred.values()) if (earliest === undefined || at < earliest) earliest = at;
    return earliest;
  }

  handleTimeout(now: Instant): void {
    while (this.#graces[0] && this.#graces[0].until <= now) {
      const { account, device, until } = this.#graces.shift()!;
      if (account.lingering.get(device)?.until !== until) continue;
      account.lingering.delete(device);
      this.#tellFriends(account, now);
      this.#forgetIfDone(account);
    }
    for (const [number, at] of this.#deferred) {
      if (at > now) continue;
      this.#deferred.delete(number);
      const account = this.#directory.account(number);
      if (!account) continue;
      this.#tellFriends(account, now);
      this.#forgetIfDone(account);
    }
  }

  #tellFriends(account: LiveAccount, now: Instant): void {
    const entry = entryOf(account);
    if (this.#deferred.has(account.number)) return;
    if (textOf(entry) === textOf(this.#told.get(account.number) ?? offlineEntry(account.number))) return;
    const waitMs = this.#budgets.take(account.number, now);
    if (waitMs > 0) {
      this.#deferred.set(account.number, after(now, waitMs));
      return;
    }
    if (entry.status === 'offline') this.#told.delete(account.number);
    else this.#told.set(account.number, entry);
    const frame = encodeFrame({ type: 'presence', entries: [entry] });
    for (const friend of account.friends) {
      const viewer = this.#directory.account(friend);
      if (viewer) this.#sendFrame(viewer, frame);
    }
  }

  #sendFrame(viewer: LiveAccount, frame: Uint8Array): void {
    for (const session of viewer.sessions.values()) {
      if (session.wire.queuedBytes + frame.length > this.#limits.writeQueueSoftBytes) this.#behind.add(session);
      else session.wire.send(frame);
    }
  }

  /** Everybody who is not named is offline; so even an empty list is sent. */
  #sendOnlineFriends(session: LiveSession): void {
    const entries: PresenceEntry[] = [];
    for (const friend of session.account.friends) {
      const entry = this.#told.get(friend);
      if (entry) entries.push(entry);
    }
    this.#sendEntries(session, entries);
  }

  #sendEntries(session: LiveSession, entries: readonly PresenceEntry[]): void {
    let at = 0;
    do {
      const page = entries.slice(at, at + ROSTER_ENTRIES_PER_FRAME_MAX);
      session.wire.send(encodeFrame({ type: 'presence', entries: page }));
      at += ROSTER_ENTRIES_PER_FRAME_MAX;
    } while (at < entries.length);
  }

  #forgetIfDone(account: LiveAccount): void {
    if (!this.#deferred.has(account.number)) this.#directory.forgetIfEmpty(account);
  }
}

/** What friends are to know of an account now. A lingering device counts as it was. */
function entryOf(account: LiveAccount): PresenceEntry {
  const visible = [...account.sessions.values(), ...account.lingering.values()].filter((d) => d.status !== 'offline');
  const status = MOST_AVAILABLE_FIRST.find((wanted) => visible.some((device) => device.status === wanted));
  return {
    account: account.number,
    status: status ?? 'offline',
    devices: visible.slice(0, DEVICES_MAX).map(({ device, epoch }) => ({ device, epoch })),
  };
}

function offlineEntry(account: AccountNumber): PresenceEntry {
  return { account, status: 'offline', devices: [] };
}

function textOf(entry: PresenceEntry): string {
  return `${entry.status} ${entry.devices.map(({ device, epoch }) => `${device}/${epoch}`).join(' ')}`;
}
