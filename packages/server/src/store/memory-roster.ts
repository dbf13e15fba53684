import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { MemoryRows } from './memory-rows.ts';
import {
  decideAdd,
  decideAnswer,
  decideBlock,
  decideRemove,
  decideUnblock,
  isLive,
  type PairChange,
  type RosterEdge,
  type RosterView,
} from './roster-rules.ts';
import type { Fence, FriendError, FriendshipChange, RosterChange, RosterRow } from './store.ts';
import { type CallsOf, tombstonesMax } from './store-calls.ts';

type PairAnswer = Result<FriendshipChange, FriendError | 'stale-epoch'>;
type Touched = RosterChange['touched'][number];

const NOTHING: Uint8Array = new Uint8Array(0);

/** The friend lists of the memory store. */
export class MemoryRoster implements CallsOf<'roster'>, RosterView {
  readonly #rows: MemoryRows;

  constructor(rows: MemoryRows) {
    this.#rows = rows;
  }

  roster(account: AccountNumber, since: number): { readonly version: number; readonly rows: readonly RosterRow[] } {
    const rows = [...this.#rows.edgesOf(account)]
      .filter(([, edge]) => edge.version > since)
      .sort(([, a], [, b]) => a.version - b.version)
      .map(([other, { state, version, text }]): RosterRow => {
        const { name, displayName, accountKey, deviceList, signatureLine } = this.#rows.account(other)!;
        const shown = {
          deviceList: state === 'member' ? deviceList : NOTHING,
          signatureLine: isLive(state) ? signatureLine : '',
        };
        return { account: other, name, displayName, accountKey, ...shown, state, version, text };
      });
    return { version: this.#rows.account(account)?.rosterVersion ?? 0, rows };
  }

  areFriends(a: AccountNumber, b: AccountNumber): boolean {
    return this.edge(a, b)?.state === 'member' && this.edge(b, a)?.state === 'member';
  }

  rosterState(owner: AccountNumber, other: AccountNumber): RosterState | undefined {
    return this.edge(owner, other)?.state;
  }

  friendsOf(account: AccountNumber): readonly AccountNumber[] {
    return [...this.#rows.edgesOf(account)]
      .filter(([, edge]) => edge.state === 'member')
      .map(([other]) => other)
      .sort((a, b) => a - b);
  }

  friendAdd(by: Fence, to: AccountNumber, text: string): PairAnswer {
    return this.#changePair(by, to, () => decideAdd(this, by.account, to, text));
  }

  friendAnswer(by: Fence, from: AccountNumber, accept: boolean): PairAnswer {
    return this.#changePair(by, from, () => decideAnswer(this, by.account, from, accept));
  }

  friendRemove(by: Fence, other: AccountNumber): PairAnswer {
    return this.#changePair(by, other, () => decideRemove(this, by.account, other));
  }

  block(by: Fence, other: AccountNumber): PairAnswer {
    return this.#changePair(by, other, () => decideBlock(this, by.account, other));
  }

  unblock(by: Fence, other: AccountNumber): PairAnswer {
    return this.#changePair(by, other, () => decideUnblock(this, by.account, other));
  }

  askPolicyOf(account: AccountNumber): AskPolicy | undefined {
    const found = this.#rows.account(account);
    return found?.state === 'deleted' ? undefined : found?.ask;
  }

  edge(owner: AccountNumber, other: AccountNumber): RosterEdge | undefined {
    return this.#rows.edge(owner, other);
  }

  countOf(owner: AccountNumber, state: RosterState): number {
    let count = 0;
    for (const edge of this.#rows.edgesOf(owner).values()) if (edge.state === state) count++;
    return count;
  }

  blockedAskersOf(owner: AccountNumber): number {
    let count = 0;
    for (const [other, { state }] of this.#rows.edgesOf(owner)) {
      if (state === 'blocked' && this.edge(other, owner)?.state === 'asked') count++;
    }
    return count;
  }

  /** Those whose row shows `account` as it is: what changed of it goes to them. */
  touchViewersOf(account: AccountNumber): readonly Touched[] {
    return this.#viewersOf(account).map((owner) => this.#put(owner, account, this.edge(owner, account)!));
  }

  touchFriendsOf(account: AccountNumber): readonly Touched[] {
    return this.friendsOf(account).map((friend) => this.#put(friend, account, this.edge(friend, account)!));
  }

  /** The rows of others that show the account become tombstones, its own rows go. */
  leaveAll(account: AccountNumber): readonly Touched[] {
    const touched = this.#viewersOf(account).map((owner) => this.#put(owner, account, { state: 'removed', text: '' }));
    this.#rows.dropEdgesOf(account);
    return touched;
  }

  #changePair(by: Fence, other: AccountNumber, decide: () => Result<PairChange | undefined, FriendError>): PairAnswer {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const decision = decide();
    if (!decision.ok) return decision;
    const change = decision.value;
    if (!change) return ok({ friends: false, touched: [] });
    const touched = [this.#put(by.account, other, change.mine)];
    if (change.theirs) touched.push(this.#put(other, by.account, change.theirs));
    return ok({ friends: change.mine.state === 'member', touched });
  }

  /** Every row that shows an account live has a row of that account beside it. */
  #viewersOf(account: AccountNumber): readonly AccountNumber[] {
    return [...this.#rows.edgesOf(account).keys()]
      .filter((other) => isLive(this.edge(other, account)?.state))
      .sort((a, b) => a - b);
  }

  /** Gives the row the next version of its owner's list. */
  #put(owner: AccountNumber, other: AccountNumber, { state, text }: RosterEdge): Touched {
    const account = this.#rows.account(owner)!;
    const version = account.rosterVersion + 1;
    const befriended = state === 'member' || this.#rows.edge(owner, other)?.befriended === true;
    this.#rows.putAccount({ ...account, rosterVersion: version });
    this.#rows.putEdge(owner, other, { state, text, version, befriended });
    if (state === 'removed') this.#dropOldestTombstone(owner, befriended);
    return { account: owner, version };
  }

  #dropOldestTombstone(owner: AccountNumber, befriended: boolean): void {
    const tombstones = [...this.#rows.edgesOf(owner)].filter(
      ([, edge]) => edge.state === 'removed' && edge.befriended === befriended,
    );
    if (tombstones.length <= tombstonesMax(befriended)) return;
    const [oldest] = tombstones.reduce((a, b) => (b[1].version < a[1].version ? b : a));
    this.#rows.dropEdge(owner, oldest);
  }
}
