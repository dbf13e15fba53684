import { REQUESTS_PENDING_MAX } from '@magpie/common/limits.ts';
import { type Row, row } from '../../../scripts/report.ts';
import type { Arena } from '../arena.ts';
import type { SpamFigures, SpamPlan, Tally } from './spammer.ts';

/** More than one may ask in a day, and more than may wait for one. */
const ACCOUNTS = 125;
const HOUR_SECONDS = 3_600;
/** The defaults of R24. */
const LOOKUPS_PER_HOUR = 300;
const REQUESTS_PER_DAY = 100;
const REGISTRATIONS_PER_HOUR = 60;
const PRESENCE_SPACING_SECONDS = 2;
const INTRODUCTIONS_PER_MINUTE = 30;

/** What members can do to each other is counted. */
export async function spam(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const inviting = await arena.startServer(['registration = "invite"'], 'inviting');
  const attacker = arena.startAttacker();
  const plan: SpamPlan = { address: server.address, inviteAddress: inviting.address, accounts: ACCOUNTS };
  const figures = await attacker.call<SpamFigures>('spam', plan);
  arena.say(`  ${JSON.stringify(figures)}`);
  return rowsOf(figures);
}

function rowsOf(figures: SpamFigures): readonly Row[] {
  const { lookups, requests, pending, registrations, flapping, invites, introductions, seconds } = figures;
  // A budget comes back while it is spent: what the whole run gives is the most that may have come.
  const more = (perSecond: number): number => Math.ceil(perSecond * seconds);
  const seenMax = 1 + Math.ceil(flapping.seconds / PRESENCE_SPACING_SECONDS);
  return [
    counted('spam-lookups', 'look-ups answered', lookups, LOOKUPS_PER_HOUR, more(LOOKUPS_PER_HOUR / HOUR_SECONDS)),
    counted('spam-friend-requests', 'friend requests made', requests, REQUESTS_PER_DAY, 1),
    counted('spam-pending', 'friend requests that wait for one account', pending, REQUESTS_PENDING_MAX, 0),
    counted(
      'spam-registrations',
      'registrations from one address',
      registrations,
      REGISTRATIONS_PER_HOUR,
      more(REGISTRATIONS_PER_HOUR / HOUR_SECONDS),
    ),
    row(
      'spam-presence',
      `presence changes of ${flapping.tried} that a friend was told in ${flapping.seconds.toFixed(0)} s`,
      flapping.seen,
      '',
      `1 to ${seenMax}: one in ${PRESENCE_SPACING_SECONDS} s`,
      flapping.seen >= 1 && flapping.seen <= seenMax,
    ),
    counted(
      'spam-invite-guesses',
      `guesses of invitations looked at, ${invites.entered} let in`,
      invites.entered === 0 ? invites : { ...invites, allowed: Number.POSITIVE_INFINITY },
      REGISTRATIONS_PER_HOUR,
      more(REGISTRATIONS_PER_HOUR / HOUR_SECONDS),
    ),
    counted(
      'spam-introductions',
      `introductions to one friend, ${introductions.delivered} delivered`,
      introductions,
      INTRODUCTIONS_PER_MINUTE,
      more(INTRODUCTIONS_PER_MINUTE / 60),
    ),
  ];
}

/** As many as are promised and no more: a server that refuses everything would pass otherwise. */
function counted(id: string, what: string, { tried, allowed }: Tally, promised: number, more: number): Row {
  const must = more === 0 ? `${promised}` : `${promised} to ${promised + more}`;
  return row(id, `${what}, of ${tried} tries`, allowed, '', must, allowed >= promised && allowed <= promised + more);
}
