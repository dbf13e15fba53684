import type { AskPolicy } from '@magpie/common/frames/frame-table.ts';
import { type AccountNumber, parseAccountName, parseAccountNumber, type RequestId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Bus } from '../bus/bus.ts';
import type { Directory, LiveAccount, LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, FriendError, FriendshipChange, RosterChange, Store } from '../store/store.ts';
import { AskedPairs } from './asked-pairs.ts';
import { rosterFrames } from './roster-frames.ts';

type FriendAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;

/** Numbers begin above it. */
const NOBODY = 0 as AccountNumber;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
/** Answers about a number that one has no line for: they tell as much as a look-up, and count as one. */
const TELLS_WHO_EXISTS: ReadonlySet<RefusalCode> = new Set(['not-found', 'answer-needed', 'too-many']);

/** What a look-up shows. */
export type FoundAccount = Pick<Account, 'account' | 'name' | 'displayName' | 'accountKey' | 'ask' | 'question'>;

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
  readonly #blocks: RateTable;
  readonly #rosterEntries: RateTable;
  readonly #asked: AskedPairs;
  /** With more than this on its way to a client the next page waits, so that a long list makes nobody a slow reader. */
  readonly #pageAboveBytesMax: number;
  /** Accounts whose push is running; true when another change came meanwhile. */
  readonly #pushing = new Map<AccountNumber, boolean>();

  constructor(ports: FriendsPorts, limits: ServerLimits) {
    this.#ports = ports;
    this.#pageAboveBytesMax = limits.writeQueueSoftBytes;
    const { lookupsPerHour, friendRequestsPerDay, blocksPerDay } = limits;
    this.#lookups = new RateTable(lookupsPerHour / HOUR_SECONDS, lookupsPerHour, RATE_BUCKETS, ports.random);
    this.#requests = new RateTable(
      friendRequestsPerDay / DAY_SECONDS,
      friendRequestsPerDay,
      RATE_BUCKETS,
      ports.random,
    );
    this.#blocks = new RateTable(blocksPerDay / DAY_SECONDS, blocksPerDay, RATE_BUCKETS, ports.random);
    const { rosterEntriesPerHour, rosterEntriesBurst } = limits;
    this.#rosterEntries = new RateTable(
      rosterEntriesPerHour / HOUR_SECONDS,
      rosterEntriesBurst,
      RATE_BUCKETS,
      ports.random,
    );
    this.#asked = new AskedPairs(limits.friendRequestsPerPairPerWeek);
  }

  /**
   * By exact name or number; nothing else finds anybody. Who lets nobody ask is, to a stranger, as little there as a name
   * that is free, down to the calls of the store.
   */
  async lookup(by: LiveSession, text: string): Promise<Result<FoundAccount, Refusal>> {
    const waitMs = this.#lookups.take(by.account.number, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'look-ups', waitMs));
    const found = await accountByText(this.#ports.store, text);
    const account = found?.state === 'deleted' ? undefined : found;
    if (account && (account.ask !== 'nobody' || this.#isSelfOrFriend(by, account.account))) return ok(shownOf(account));
    const askedBy = await this.#wasAskedBy(by, account?.account);
    return account && askedBy ? ok(shownOf(account)) : err(refusal('not-found'));
  }

  /** Only a request that was made counts as one; what merely tells that a number is taken counts as a look-up. */
  async add(by: LiveSession, to: AccountNumber, text: string): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    if (HIDDEN_CHARACTERS.test(text)) return err(refusal('bad-text', 'control characters in the request'));
    const { number } = by.account;
    const pairWaitMs = this.#asked.waitMs(number, to, clock.now());
    if (pairWaitMs > 0) return err(refusal('rate-limited', 'friend requests to this account', pairWaitMs));
    return this.#spending(this.#requests, 'friend requests', number, async () => {
      const written = await store.friendAdd(fenceOf(by), to, text, clock.wallNow());
      if (written.ok && written.value.friends) this.#asked.agreed(number, to);
      else if (written.ok && written.value.touched.length > 0) this.#asked.asked(number, to, clock.now());
      return this.#finish(by, to, written);
    });
  }

  async answer(by: LiveSession, from: AccountNumber, accept: boolean): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    const written = await store.friendAnswer(fenceOf(by), from, accept, clock.wallNow());
    if (written.ok && accept) this.#asked.agreed(by.account.number, from);
    return this.#finish(by, from, written);
  }

  async remove(by: LiveSession, other: AccountNumber): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    return this.#finish(by, other, await store.friendRemove(fenceOf(by), other, clock.wallNow()));
  }

  /** To the other it is a removal, in every byte and from the same turn on (R15). */
  async block(by: LiveSession, other: AccountNumber): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    return this.#spending(this.#blocks, 'blocks', by.account.number, async () =>
      this.#finish(by, other, await store.block(fenceOf(by), other, clock.wallNow())),
    );
  }

  async unblock(by: LiveSession, other: AccountNumber): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    return this.#finish(by, other, await store.unblock(fenceOf(by), other, clock.wallNow()));
  }

  /** Sends every entry above `since`, in pages as fast as they are taken; the last one says so. */
  async sendRoster(to: LiveSession, requestId: RequestId, since: number): Promise<Refusal | undefined> {
    const { store, clock } = this.#ports;
    const { number } = to.account;
    const waitMs = this.#rosterEntries.debtMs(number, clock.now());
    if (waitMs > 0) return refusal('rate-limited', 'entries of the list', waitMs);
    const { version, rows } = await store.roster(number, since);
    this.#rosterEntries.spend(number, rows.length, clock.now());
    for (const frame of rosterFrames(requestId, version, rows)) {
      while (to.wire.open && to.wire.queuedBytes > this.#pageAboveBytesMax) await to.wire.whenTaken();
      if (!to.wire.open) return undefined;
      to.wire.send(frame);
    }
    return undefined;
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
    const { bus } = this.#ports;
    await Promise.all(change.touched.map((touched) => bus.publish({ type: 'roster-changed', ...touched })));
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

  /**
   * Spends one of `budget` and one look-up before the write, and gives back what it did not turn out to be: a write that
   * was made costs no look-up, a refusal costs none of `budget`.
   * @param write publishes what it has changed itself: after this function it would be late
   */
  async #spending(
    budget: RateTable,
    what: string,
    number: AccountNumber,
    write: () => Promise<Result<void, Refusal>>,
  ): Promise<Result<void, Refusal>> {
    const now = this.#ports.clock.now();
    const lookupWaitMs = this.#lookups.take(number, now);
    if (lookupWaitMs > 0) return err(refusal('rate-limited', 'look-ups', lookupWaitMs));
    const budgetWaitMs = budget.take(number, now);
    if (budgetWaitMs > 0) {
      this.#lookups.giveBack(number);
      return err(refusal('rate-limited', what, budgetWaitMs));
    }
    let written: Result<void, Refusal> | undefined;
    try {
      written = await write();
    } finally {
      if (!written?.ok) budget.giveBack(number);
      if (!written || written.ok || !TELLS_WHO_EXISTS.has(written.error.code)) this.#lookups.giveBack(number);
    }
    return written;
  }

  #isSelfOrFriend(by: LiveSession, other: AccountNumber): boolean {
    return by.account.number === other || by.account.friends.has(other);
  }

  async #wasAskedBy(by: LiveSession, other: AccountNumber | undefined): Promise<boolean> {
    return (await this.#ports.store.rosterState(by.account.number, other ?? NOBODY)) === 'asking';
  }

  /**
   * Called with nothing but one `await` between it and the store: answers of one batch come one after the other, and only
   * so are the changes of all requests published in the order of their commits.
   */
  async #finish(by: LiveSession, other: AccountNumber, written: FriendAnswer): Promise<Result<void, Refusal>> {
    if (!written.ok) return err(refusal(written.error));
    const { friends } = written.value;
    await Promise.all([
      this.#ports.bus.publish({ type: 'friendship', a: by.account.number, b: other, friends }),
      this.publish(written.value),
    ]);
    return ok(undefined);
  }
}

/** Also what friends of somebody see who lets nobody ask: their own policies are nobody else's matter. */
const ANYONE: AskPolicy = 'anyone';

/** Control characters except line feed and tab, and the ones that turn the writing direction around. */
const HIDDEN_CHARACTERS = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u;

async function accountByText(store: Store, text: string): Promise<Account | undefined> {
  const trimmed = text.trim();
  const number = parseAccountNumber(trimmed);
  if (number !== undefined) return store.accountByNumber(number);
  const name = parseAccountName(trimmed);
  return name === undefined ? undefined : store.accountByName(name);
}

function shownOf({ account, name, displayName, accountKey, ask, question }: Account): FoundAccount {
  const asks = ask === 'question';
  return { account, name, displayName, accountKey, ask: asks ? ask : ANYONE, question: asks ? question : '' };
}
