import type { RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { FRIENDS_MAX, REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { FriendError } from './store.ts';

/** One side's row of a pair, as far as the rules look at it. */
export interface RosterEdge {
  readonly state: RosterState;
  readonly text: string;
}

/** What the rules ask a store, inside its transaction. */
export interface RosterView {
  hasAccount(account: AccountNumber): boolean;
  edge(owner: AccountNumber, other: AccountNumber): RosterEdge | undefined;
  countOf(owner: AccountNumber, state: RosterState): number;
}

/** The new rows of both sides, `member` in both or in none; the text stands in both. */
export interface PairChange {
  readonly mine: RosterState;
  readonly theirs: RosterState;
  readonly text: string;
}

/** `undefined`: allowed, and nothing changes between two who are no friends. */
type Decision = Result<PairChange | undefined, FriendError>;

const FRIENDS: PairChange = { mine: 'member', theirs: 'member', text: '' };
const STRANGERS: PairChange = { mine: 'removed', theirs: 'removed', text: '' };

/** A request, or the answer yes when they asked first. */
export function decideAdd(view: RosterView, me: AccountNumber, them: AccountNumber, text: string): Decision {
  if (me === them) return err('self');
  if (!view.hasAccount(them)) return err('not-found');
  const mine = view.edge(me, them);
  switch (mine?.state) {
    case 'member':
      return err('already-friends');
    case 'asking':
      return becomeFriends(view, me, them);
    case 'asked':
      return ok(mine.text === text ? undefined : { mine: 'asked', theirs: 'asking', text });
    case 'removed':
    case undefined:
      return mayAsk(view, me, them) ? ok({ mine: 'asked', theirs: 'asking', text }) : err('too-many');
  }
}

export function decideAnswer(view: RosterView, me: AccountNumber, them: AccountNumber, accept: boolean): Decision {
  if (me === them) return err('self');
  switch (view.edge(me, them)?.state) {
    case 'asking':
      return accept ? becomeFriends(view, me, them) : ok(STRANGERS);
    case 'member':
      return err('already-friends');
    case 'asked':
    case 'removed':
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
      return ok(STRANGERS);
    case 'asking':
    case 'removed':
    case undefined:
      return err('not-friends');
  }
}

function becomeFriends(view: RosterView, me: AccountNumber, them: AccountNumber): Decision {
  const bothHaveRoom = view.countOf(me, 'member') < FRIENDS_MAX && view.countOf(them, 'member') < FRIENDS_MAX;
  return bothHaveRoom ? ok(FRIENDS) : err('too-many');
}

function mayAsk(view: RosterView, me: AccountNumber, them: AccountNumber): boolean {
  return (
    view.countOf(me, 'member') < FRIENDS_MAX &&
    view.countOf(me, 'asked') < REQUESTS_PENDING_MAX &&
    view.countOf(them, 'asking') < REQUESTS_PENDING_MAX
  );
}
