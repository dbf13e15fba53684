import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { BLOCKED_MAX, FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { FriendError } from './store.ts';

/** One side's row of a pair, as far as the rules look at it. */
export interface RosterEdge {
  readonly state: RosterState;
  readonly text: string;
}

/** What the rules ask a store, inside its transaction. */
export interface RosterView {
  /** @returns undefined when there is no such account, or no longer */
  askPolicyOf(account: AccountNumber): AskPolicy | undefined;
  edge(owner: AccountNumber, other: AccountNumber): RosterEdge | undefined;
  countOf(owner: AccountNumber, state: RosterState): number;
  /** Accounts that `owner` has blocked and that have asked it since. */
  blockedAskersOf(owner: AccountNumber): number;
}

/** The new rows, `member` in both or in none; `theirs` is absent where the other side must notice nothing. */
export interface PairChange {
  readonly mine: RosterEdge;
  readonly theirs?: RosterEdge | undefined;
}

/** `undefined`: allowed, and nothing changes between two who are no friends. */
type Decision = Result<PairChange | undefined, FriendError>;

/**
 * A request that a block keeps away takes a place like any other, or somebody who fills the places could count which of
 * two cases it is. Half of them at most: so many accounts that are blocked cannot keep everybody else from asking.
 */
export const REQUESTS_OF_BLOCKED_MAX = REQUESTS_PENDING_MAX / 2;

const MEMBER: RosterEdge = { state: 'member', text: '' };
const REMOVED: RosterEdge = { state: 'removed', text: '' };

/**
 * Whether the row shows its owner the other account as it is: such rows follow a change of its profile, also when the
 * other account blocked the owner, who cannot tell it from a request without an answer.
 */
export function isLive(state: RosterState | undefined): boolean {
  return state === 'member' || state === 'asked' || state === 'asking';
}

/** A request, or the answer yes when they asked first. */
export function decideAdd(view: RosterView, me: AccountNumber, them: AccountNumber, text: string): Decision {
  if (me === them) return err('self');
  const policy = view.askPolicyOf(them);
  if (!policy) return err('not-found');
  const mine = view.edge(me, them);
  switch (mine?.state) {
    case 'member':
      return err('already-friends');
    case 'blocked':
      return err('blocked');
    case 'asking':
      return becomeFriends(view, me, them);
    case 'asked':
      return mine.text === text ? ok(undefined) : (refusedBy(policy, text) ?? request(view, me, them, text));
    case 'removed':
    case undefined:
      // The policy speaks first: who lets nobody ask is as unknown with a full list of requests as without.
      return refusedBy(policy, text) ?? (mayAsk(view, me, them) ? request(view, me, them, text) : err('too-many'));
  }
}

export function decideAnswer(view: RosterView, me: AccountNumber, them: AccountNumber, accept: boolean): Decision {
  if (me === them) return err('self');
  switch (view.edge(me, them)?.state) {
    case 'asking':
      return accept ? becomeFriends(view, me, them) : ok({ mine: REMOVED, theirs: REMOVED });
    case 'member':
      return err('already-friends');
    case 'asked':
    case 'removed':
    case 'blocked':
    case undefined:
      return err('not-found');
  }
}

/** Ends a friendship, or withdraws a request of one's own. A stranger is no friend, whether the number exists or not. */
export function decideRemove(view: RosterView, me: AccountNumber, them: AccountNumber): Decision {
  if (me === them) return err('self');
  switch (view.edge(me, them)?.state) {
    case 'member':
    case 'asked':
      return ok({ mine: REMOVED, theirs: endedFor(view, me, them) });
    case 'asking':
    case 'removed':
    case 'blocked':
    case undefined:
      return err('not-friends');
  }
}

/** Who lets nobody ask is as unknown to a stranger here as in a look-up. */
export function decideBlock(view: RosterView, me: AccountNumber, them: AccountNumber): Decision {
  if (me === them) return err('self');
  const mine = view.edge(me, them);
  if (mine?.state === 'blocked') return ok(undefined);
  const policy = view.askPolicyOf(them);
  if (!policy || (policy === 'nobody' && !mine)) return err('not-found');
  if (view.countOf(me, 'blocked') >= BLOCKED_MAX) return err('too-many');
  return ok({ mine: { state: 'blocked', text: '' }, theirs: endedFor(view, me, them) });
}

/** What they asked meanwhile shows now; their own row stays as it is, so that they cannot tell. */
export function decideUnblock(view: RosterView, me: AccountNumber, them: AccountNumber): Decision {
  if (view.edge(me, them)?.state !== 'blocked') return err('not-found');
  const theirs = view.edge(them, me);
  if (theirs?.state !== 'asked') return ok({ mine: REMOVED });
  if (view.countOf(me, 'asking') >= REQUESTS_PENDING_MAX) return err('too-many');
  return ok({ mine: { state: 'asking', text: theirs.text } });
}

function refusedBy(policy: AskPolicy, text: string): Decision | undefined {
  if (policy === 'nobody') return err('not-found');
  return policy === 'question' && text.trim() === '' ? err('answer-needed') : undefined;
}

function request(view: RosterView, me: AccountNumber, them: AccountNumber, text: string): Decision {
  const isBlocked = view.edge(them, me)?.state === 'blocked';
  return ok({ mine: { state: 'asked', text }, theirs: isBlocked ? undefined : { state: 'asking', text } });
}

/** Their row after a removal: a row that says nothing of me, or that blocks me, stays. */
function endedFor(view: RosterView, me: AccountNumber, them: AccountNumber): RosterEdge | undefined {
  return isLive(view.edge(them, me)?.state) ? REMOVED : undefined;
}

function becomeFriends(view: RosterView, me: AccountNumber, them: AccountNumber): Decision {
  const bothHaveRoom = view.countOf(me, 'member') < FRIENDS_MAX && view.countOf(them, 'member') < FRIENDS_MAX;
  return bothHaveRoom ? ok({ mine: MEMBER, theirs: MEMBER }) : err('too-many');
}

function mayAsk(view: RosterView, me: AccountNumber, them: AccountNumber): boolean {
  return (
    view.countOf(me, 'member') < FRIENDS_MAX &&
    view.countOf(me, 'asked') < REQUESTS_PENDING_MAX &&
    view.countOf(them, 'asking') + Math.min(view.blockedAskersOf(them), REQUESTS_OF_BLOCKED_MAX) < REQUESTS_PENDING_MAX
  );
}
