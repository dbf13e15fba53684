import { fromHex } from '@magpie/common/bytes/hex.ts';
import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import {
  decideAdd,
  decideAnswer,
  decideBlock,
  decideRemove,
  decideUnblock,
  type PairChange,
  type RosterEdge,
  type RosterView,
} from './roster-rules.ts';
import { rosterRowOf } from './sqlite-rows.ts';
import type { Statements } from './sqlite-statements.ts';
import type { Fence, FriendError, FriendshipChange, RosterChange, RosterRow } from './store.ts';
import { type CallsOf, tombstonesMax } from './store-calls.ts';

type PairAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;
type Touched = RosterChange['touched'][number];

/** The friend lists in SQL. */
export class SqliteRoster implements CallsOf<'roster'>, RosterView {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  roster(account: AccountNumber, since: number): { readonly version: number; readonly rows: readonly RosterRow[] } {
    return {
      version: this.#sql.rosterVersion.get(account) ?? 0,
      rows: this.#sql.rosterSince.all(account, since).map(rosterRowOf),
    };
  }

  areFriends(a: AccountNumber, b: AccountNumber): boolean {
    return this.edge(a, b)?.state === 'member' && this.edge(b, a)?.state === 'member';
  }

  rosterState(owner: AccountNumber, other: AccountNumber): RosterState | undefined {
    return this.edge(owner, other)?.state;
  }

  friendsOf(account: AccountNumber): readonly AccountNumber[] {
    return this.#sql.friendsOf.all(account);
  }

  friendAdd(by: Fence, to: AccountNumber, text: string, now: WallMs): PairAnswer {
    return this.#changePair(by, to, now, () => decideAdd(this, by.account, to, text));
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean, now: WallMs): PairAnswer {
    return this.#changePair(by, from, now, () => decideAnswer(this, by.account, from, accept));
  }

  friendRemove(by: Fence, other: AccountNumber, now: WallMs): PairAnswer {
    return this.#changePair(by, other, now, () => decideRemove(this, by.account, other));
  }

  block(by: Fence, other: AccountNumber, now: WallMs): PairAnswer {
    return this.#changePair(by, other, now, () => decideBlock(this, by.account, other));
  }

  unblock(by: Fence, other: AccountNumber, now: WallMs): PairAnswer {
    return this.#changePair(by, other, now, () => decideUnblock(this, by.account, other));
  }

  /** Whether the session of `by` is still its device's newest. */
  isCurrent(by: Fence): boolean {
    return this.#sql.isCurrent.get(fromHex(by.device), by.account, by.epoch) === 1;
  }

  askPolicyOf(account: AccountNumber): AskPolicy | undefined {
    return this.#sql.askPolicy.get(account);
  }

  edge(owner: AccountNumber, other: AccountNumber): RosterEdge | undefined {
    return this.#sql.edge.get(owner, other);
  }

  countOf(owner: AccountNumber, state: RosterState): number {
    return this.#sql.countOf.get(owner, state)!;
  }

  blockedAskersOf(owner: AccountNumber): number {
    return this.#sql.blockedAskersOf.get(owner)!;
  }

  /** Those whose row shows `account` as it is: what changed of it goes to them. */
  touchViewersOf(account: AccountNumber): readonly Touched[] {
    return this.#sql.viewersOf.all(account).map((owner) => this.#touch(owner, account));
  }

  touchFriendsOf(account: AccountNumber): readonly Touched[] {
    return this.friendsOf(account).map((friend) => this.#touch(friend, account));
  }

  /** The rows of others that show the account become tombstones, its own rows go. */
  leaveAll(account: AccountNumber, now: WallMs): readonly Touched[] {
    const tombstone: RosterEdge = { state: 'removed', text: '' };
    const touched = this.#sql.viewersOf.all(account).map((owner) => this.#put(owner, account, tombstone, now));
    this.#sql.dropEdgesOf.run(account);
    return touched;
  }

  #changePair(
    by: Fence,
    other: AccountNumber,
    now: WallMs,
    decide: () => Result<PairChange | undefined, FriendError>,
  ): PairAnswer {
    if (!this.isCurrent(by)) return err('stale-epoch');
    const decision = decide();
    if (!decision.ok) return decision;
    const change = decision.value;
    if (!change) return ok({ friends: false, touched: [] });
    const touched = [this.#put(by.account, other, change.mine, now)];
    if (change.theirs) touched.push(this.#put(other, by.account, change.theirs, now));
    return ok({ friends: change.mine.state === 'member', touched });
  }

  #put(owner: AccountNumber, other: AccountNumber, { state, text }: RosterEdge, now: WallMs): Touched {
    const version = this.#sql.nextRosterVersion.get(owner)!;
    const isFriend = state === 'member' ? 1 : 0;
    const befriended = this.#sql.putEdge.get(owner, other, state, version, text, now, isFriend)!;
    if (state === 'removed')
      this.#sql.dropOldTombstones.run({ owner, befriended, kept: tombstonesMax(befriended === 1) });
    return { account: owner, version };
  }

  /** Gives the row the next version of its owner's list: what it shows of the other account changed. */
  #touch(owner: AccountNumber, other: AccountNumber): Touched {
    const version = this.#sql.nextRosterVersion.get(owner)!;
    this.#sql.touchEdge.run(version, owner, other);
    return { account: owner, version };
  }
}
