import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { PresenceEntry, PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { DEVICES_MAX, PRESENCE_GRACE_MS, ROSTER_ENTRIES_PER_FRAME_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, earliest, type Instant } from '@magpie/common/time.ts';
import type { Directory, LiveAccount, LiveSession } from '../bus/directory.ts';
import { PRESENCE_STEP_MS, RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import { parseStatusText } from './status-text.ts';

/** Of several devices the most available one speaks for the account (R19). */
const MOST_AVAILABLE_FIRST: readonly PresenceStatus[] = ['online', 'busy', 'away'];

export interface PresencePorts {
  readonly directory: Directory;
  readonly random: RandomSource;
  readonly lastSeen: {
    /** The account is out of its friends' sight from now on. @returns the time that they may know */
    note(account: AccountNumber): number;
  };
}

/**
 * Who is shown to whom. Friends only; only changes travel; a lost connection has a grace before it is told (R22); an
 * invisible device is, byte for byte, a device that is not there (R23). The first change is told at once, the next one
 * of the same account only after a while; leaving never waits for that. Call `handleTimeout` once `pollTimeout` is due.
 */
export class Presence {
  readonly #directory: Directory;
  readonly #limits: ServerLimits;
  readonly #budgets: RateTable;
  readonly #lastSeen: PresencePorts['lastSeen'];
  /** When friends were last told something, by account number modulo the size; who shares a slot waits for the other. */
  readonly #toldAt = new Float64Array(RATE_BUCKETS).fill(-Infinity);
  /**
   * What friends were last told of an account; absent: offline. Whoever becomes a viewer is told the same and not what
   * is so now, so that a change that is still held back is news to all of them.
   */
  readonly #told = new Map<AccountNumber, PresenceEntry>();
  /** Ends of graces, in order, since every grace is equally long. */
  readonly #graces: { readonly account: LiveAccount; readonly device: DeviceId; readonly until: Instant }[] = [];
  /** Accounts whose change is held back until then: only where they end up is told. */
  readonly #deferred = new Map<AccountNumber, Instant>();
  /** No later than the first of them. */
  #deferredUntil: Instant | undefined;
  /** Sessions whose full write queue made us hold back changes: they get the last of each once it is empty. */
  readonly #behind = new Map<LiveSession, Map<AccountNumber, PresenceEntry>>();

  constructor(ports: PresencePorts, limits: ServerLimits) {
    this.#directory = ports.directory;
    this.#limits = limits;
    const perMinute = limits.presenceChangesPerMinute;
    this.#budgets = new RateTable(perMinute / 60, perMinute, RATE_BUCKETS, ports.random);
    this.#lastSeen = ports.lastSeen;
  }

  /**
   * The session has just entered the directory and its client knows it. A device that was here a moment ago keeps its
   * status, so that nobody who is invisible flashes up by a reconnect.
   * @param unseen it begins invisible, whatever it was: so nobody flashes up who was away for longer either
   */
  sessionOpened(session: LiveSession, replaced: LiveSession | undefined, unseen: boolean, now: Instant): void {
    const lingering = session.account.lingering.get(session.device);
    const before = replaced ?? lingering;
    session.status = unseen ? 'offline' : (before?.status ?? 'online');
    session.statusText = before?.statusText ?? '';
    session.account.lingering.delete(session.device);
    this.#sendOnlineFriends(session);
    this.#tellFriends(session.account, now);
  }

  /** @param orderly the client said goodbye: then it is offline at once, without a grace */
  sessionClosed(session: LiveSession, orderly: boolean, now: Instant): void {
    this.#behind.delete(session);
    if (!this.#directory.leave(session)) return;
    const { account, device, epoch, status, statusText } = session;
    if (!orderly) {
      const until = after(now, PRESENCE_GRACE_MS);
      account.lingering.set(device, { device, epoch, status, statusText, until });
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

  setStatus(session: LiveSession, status: PresenceStatus, text: string, now: Instant): Result<void, Refusal> {
    const statusText = parseStatusText(text);
    if (statusText === undefined) return err(refusal('bad-text', 'status text'));
    const wasVisible = session.status !== 'offline';
    session.status = status;
    session.statusText = statusText;
    if (wasVisible !== (status !== 'offline')) this.#directory.visibilityChanged();
    this.#tellFriends(session.account, now);
    return ok(undefined);
  }

  /** Whether friends are told that the account is here. */
  isShown(account: AccountNumber): boolean {
    return this.#told.has(account);
  }

  shownAccounts(): Iterable<AccountNumber> {
    return this.#told.keys();
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
      const entry = friends ? this.#told.get(shown) : offlineEntry(shown, 0);
      if (!account || !entry) continue;
      const frame = encodeFrame({ type: 'presence', entries: [entry] });
      if (friends) {
        this.#sendEntry(account, entry, frame);
        continue;
      }
      for (const session of account.sessions.values()) {
        this.#behind.get(session)?.delete(shown);
        session.wire.send(frame);
      }
    }
  }

  /** The session's write queue has run empty. */
  drained(session: LiveSession): void {
    const missed = this.#behind.get(session);
    if (!missed) return;
    this.#behind.delete(session);
    if (missed.size > 0) this.#sendEntries(session, [...missed.values()]);
  }

  pollTimeout(): Instant | undefined {
    return earliest(this.#graces[0]?.until, this.#deferredUntil);
  }

  handleTimeout(now: Instant): void {
    while (this.#graces[0] && this.#graces[0].until <= now) {
      const { account, device, until } = this.#graces.shift()!;
      if (account.lingering.get(device)?.until !== until) continue;
      account.lingering.delete(device);
      this.#tellFriends(account, now);
      this.#forgetIfDone(account);
    }
    if (this.#deferredUntil !== undefined && this.#deferredUntil <= now) this.#tellDeferred(now);
  }

  #tellDeferred(now: Instant): void {
    this.#deferredUntil = undefined;
    for (const [number, at] of [...this.#deferred]) {
      if (at > now) {
        this.#deferredUntil = earliest(this.#deferredUntil, at);
        continue;
      }
      this.#deferred.delete(number);
      const account = this.#directory.account(number);
      if (!account) continue;
      this.#tellFriends(account, now);
      this.#forgetIfDone(account);
    }
  }

  #tellFriends(account: LiveAccount, now: Instant): void {
    const entry = entryOf(account);
    const told = this.#told.get(account.number);
    if (entry.status === 'offline') {
      if (told && this.#mayTell(account.number, 0, now)) this.#tellOffline(account);
      return;
    }
    if (this.#deferred.has(account.number) || (told && isSame(told, entry))) return;
    if (!this.#mayTell(account.number, this.#limits.presenceSpacingMs, now)) return;
    this.#told.set(account.number, entry);
    this.#send(account, entry);
  }

  #tellOffline(account: LiveAccount): void {
    const seenAt = this.#lastSeen.note(account.number);
    this.#told.delete(account.number);
    this.#send(account, offlineEntry(account.number, account.showLastSeen ? seenAt : 0));
  }

  /** Spends one change, or holds the account's changes back. */
  #mayTell(number: AccountNumber, spacingMs: number, now: Instant): boolean {
    const slot = number % this.#toldAt.length;
    const spacingWaitMs = this.#toldAt[slot]! + spacingMs - now;
    const waitMs = spacingWaitMs > 0 ? spacingWaitMs : this.#budgets.take(number, now);
    if (waitMs > 0) {
      const until = (Math.ceil((now + waitMs) / PRESENCE_STEP_MS) * PRESENCE_STEP_MS) as Instant;
      this.#deferred.set(number, until);
      this.#deferredUntil = earliest(this.#deferredUntil, until);
      return false;
    }
    this.#toldAt[slot] = now;
    this.#deferred.delete(number);
    return true;
  }

  /** One encoding for all viewers. */
  #send(account: LiveAccount, entry: PresenceEntry): void {
    const frame = encodeFrame({ type: 'presence', entries: [entry] });
    for (const friend of account.friends) {
      const viewer = this.#directory.account(friend);
      if (viewer) this.#sendEntry(viewer, entry, frame);
    }
  }

  /** Once behind, a session gets nothing directly, so that an older state never follows a newer one. */
  #sendEntry(viewer: LiveAccount, entry: PresenceEntry, frame: Uint8Array): void {
    for (const session of viewer.sessions.values()) {
      let missed = this.#behind.get(session);
      if (!missed && session.wire.queuedBytes + frame.length > this.#limits.writeQueueSoftBytes) {
        missed = new Map();
        this.#behind.set(session, missed);
      }
      if (missed) missed.set(entry.account, entry);
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
    text: visible.find((device) => device.status === status && device.statusText !== '')?.statusText ?? '',
    lastSeenWallMs: 0,
  };
}

function offlineEntry(account: AccountNumber, lastSeenWallMs: number): PresenceEntry {
  return { account, status: 'offline', devices: [], text: '', lastSeenWallMs };
}

function isSame(a: PresenceEntry, b: PresenceEntry): boolean {
  return (
    a.status === b.status &&
    a.text === b.text &&
    a.devices.length === b.devices.length &&
    a.devices.every(
      ({ device, epoch }, index) => device === b.devices[index]!.device && epoch === b.devices[index]!.epoch,
    )
  );
}
