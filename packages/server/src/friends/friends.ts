import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import { type AccountNumber, parseAccountName, parseAccountNumber, type RequestId } from '@magpie/common/ids.ts';
import { ROSTER_ENTRIES_PER_FRAME_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Bus } from '../bus/bus.ts';
import type { Directory, LiveAccount, LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, ROSTER_PAGE_BYTES, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, Fence, FriendError, FriendshipChange, RosterChange, RosterRow, Store } from '../store/store.ts';

type FriendAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
/** Bytes of an entry beside its texts and lists: numbers, key, state, lengths. */
const ENTRY_FIXED_BYTES = 64;

export interface FriendsPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
}

/** Look-up, friend requests and the versioned friend list, with its pushes. */
export class Friends {
  readonly #ports: FriendsPorts;
  readonly #lookups: RateTable;
  readonly #requests: RateTable;
  /** With more than this on its way to a client the next page waits, so that a long list makes nobody a slow reader. */
  readonly #pageAboveBytesMax: number;
  /** Accounts whose push is running; true when another change came meanwhile. */
  readonly #pushing = new Map<AccountNumber, boolean>();

  constructor(ports: FriendsPorts, limits: ServerLimits) {
    this.#ports = ports;
    this.#pageAboveBytesMax = limits.writeQueueSoftBytes;
    const { lookupsPerHour, friendRequestsPerDay } = limits;
    this.#lookups = new RateTable(lookupsPerHour / HOUR_SECONDS, lookupsPerHour, RATE_BUCKETS, ports.random);
    this.#requests = new RateTable(
      friendRequestsPerDay / DAY_SECONDS,
      friendRequestsPerDay,
      RATE_BUCKETS,
      ports.random,
    );
  }

  /** By exact name or number; nothing else finds anybody. */
  async lookup(by: LiveSession, text: string): Promise<Result<Account, Refusal>> {
    const waitMs = this.#lookups.take(by.account.number, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'look-ups', waitMs));
    const account = await accountByText(this.#ports.store, text);
    return account ? ok(account) : err(refusal('not-found'));
  }

  /** Only a request that was made counts as one; one to a free number tells as much as a look-up, and counts as that. */
  async add(by: LiveSession, to: AccountNumber, text: string): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    if (HIDDEN_CHARACTERS.test(text)) return err(refusal('bad-text', 'control characters in the request'));
    const { number } = by.account;
    const limited = this.#takeRequest(number);
    if (limited) return err(limited);
    let written: FriendAnswer | undefined;
    try {
      written = await store.friendAdd(fenceOf(by), to, text, clock.wallNow());
    } finally {
      const foundNobody = written?.ok === false && written.error === 'not-found';
      if (!written?.ok) this.#requests.giveBack(number);
      if (!foundNobody) this.#lookups.giveBack(number);
    }
    return this.#finish(by, to, written);
  }

  async answer(by: LiveSession, from: AccountNumber, accept: boolean): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    return this.#finish(by, from, await store.friendAnswer(fenceOf(by), from, accept, clock.wallNow()));
  }

  async remove(by: LiveSession, other: AccountNumber): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    return this.#finish(by, other, await store.friendRemove(fenceOf(by), other, clock.wallNow()));
  }

  /** Sends every entry above `since`, in pages as fast as they are taken; the last one says so. */
  async sendRoster(to: LiveSession, requestId: RequestId, since: number): Promise<void> {
    const { version, rows } = await this.#ports.store.roster(to.account.number, since);
    for (const frame of rosterFrames(requestId, version, rows)) {
      while (to.wire.open && to.wire.queuedBytes > this.#pageAboveBytesMax) await to.wire.whenTaken();
      if (!to.wire.open) return;
      to.wire.send(frame);
    }
  }

  /** The signed device list of oneself or of a friend. */
  async deviceList(
    by: LiveSession,
    of: AccountNumber,
  ): Promise<Result<{ readonly accountKey: Uint8Array; readonly deviceList: Uint8Array }, Refusal>> {
    if (of !== by.account.number && !by.account.friends.has(of)) return err(refusal('not-friends'));
    const account = await this.#ports.store.accountByNumber(of);
    return account ? ok(account) : err(refusal('not-friends'));
  }

  /** Tells everybody whose list a committed change touched. */
  async publish(change: RosterChange): Promise<void> {
    for (const { account, version } of change.touched) {
      await this.#ports.bus.publish({ type: 'roster-changed', account, version });
    }
  }

  /** Pushes what is new to the sessions here of an account whose list has changed. */
  async pushRoster(number: AccountNumber): Promise<void> {
    if (this.#pushing.has(number)) {
      this.#pushing.set(number, true);
      return;
    }
    try {
      do {
        this.#pushing.set(number, false);
        const account = this.#ports.directory.account(number);
        if (!account || account.sessions.size === 0) return;
        await this.#pushOnce(account);
      } while (this.#pushing.get(number));
    } catch (error) {
      this.#ports.log.error({ account: number, error: String(error) }, 'roster push failed');
    } finally {
      this.#pushing.delete(number);
    }
  }

  async #pushOnce(account: LiveAccount): Promise<void> {
    const { version, rows } = await this.#ports.store.roster(account.number, account.pushedVersion);
    account.pushedVersion = Math.max(account.pushedVersion, version);
    if (rows.length === 0) return;
    const frames = [...rosterFrames(0 as RequestId, version, rows)];
    for (const session of account.sessions.values()) {
      for (const frame of frames) session.wire.send(frame);
    }
  }

  /** One of each: which of the two is spent shows when the store has answered. */
  #takeRequest(number: AccountNumber): Refusal | undefined {
    const now = this.#ports.clock.now();
    const lookupWaitMs = this.#lookups.take(number, now);
    if (lookupWaitMs > 0) return refusal('rate-limited', 'look-ups', lookupWaitMs);
    const requestWaitMs = this.#requests.take(number, now);
    if (requestWaitMs === 0) return undefined;
    this.#lookups.giveBack(number);
    return refusal('rate-limited', 'friend requests', requestWaitMs);
  }

  /** Follows the write in the same turn, so that changes are published in the order of their commits. */
  async #finish(by: LiveSession, other: AccountNumber, written: FriendAnswer): Promise<Result<void, Refusal>> {
    if (!written.ok) return err(refusal(written.error));
    const { friends } = written.value;
    await this.#ports.bus.publish({ type: 'friendship', a: by.account.number, b: other, friends });
    await this.publish(written.value);
    return ok(undefined);
  }
}

/** Control characters except line feed and tab, and the ones that turn the writing direction around. */
const HIDDEN_CHARACTERS = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u;

async function accountByText(store: Store, text: string): Promise<Account | undefined> {
  const trimmed = text.trim();
  const number = parseAccountNumber(trimmed);
  if (number !== undefined) return store.accountByNumber(number);
  const name = parseAccountName(trimmed);
  return name === undefined ? undefined : store.accountByName(name);
}

function fenceOf(session: LiveSession): Fence {
  return { account: session.account.number, device: session.device, epoch: session.epoch };
}

/** The pages of a list, each encoded when its turn comes. */
function* rosterFrames(requestId: RequestId, version: number, rows: readonly RosterRow[]): Generator<Uint8Array> {
  const pages: RosterEntry[][] = [[]];
  let pageBytes = 0;
  for (const row of rows) {
    const entry = entryOf(row);
    const bytes =
      ENTRY_FIXED_BYTES +
      entry.deviceList.length +
      Buffer.byteLength(entry.name) +
      Buffer.byteLength(entry.displayName) +
      Buffer.byteLength(entry.text);
    const page = pages.at(-1)!;
    if (page.length > 0 && (page.length === ROSTER_ENTRIES_PER_FRAME_MAX || pageBytes + bytes > ROSTER_PAGE_BYTES)) {
      pages.push([entry]);
      pageBytes = bytes;
    } else {
      page.push(entry);
      pageBytes += bytes;
    }
  }
  for (const [index, entries] of pages.entries()) {
    yield encodeFrame({ type: 'roster', requestId, version, last: index === pages.length - 1, entries });
  }
}

function entryOf(row: RosterRow): RosterEntry {
  const pending = row.state === 'asked' || row.state === 'asking';
  return {
    account: row.account,
    name: row.name,
    displayName: row.displayName,
    state: row.state,
    version: row.version,
    accountKey: row.accountKey,
    deviceList: row.state === 'member' ? row.deviceList : new Uint8Array(0),
    text: pending ? row.text : '',
  };
}
