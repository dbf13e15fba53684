import type { AccountNumber } from '@magpie/common/ids.ts';
import { pause } from '../../e2e/stage.ts';
import {
  befriend,
  ChaosClient,
  outcomeOf,
  type Request,
  registered,
  sourceOf,
  type Target,
  targetOf,
} from '../chaos-client.ts';

/** Addresses of these: one source may register 60 an hour. */
const SPAM = 7;
const REGISTERED_AT_ONCE = 8;
/** Presence is followed for this long: longer than a change may be held back. */
const FLAPPING_MS = 15_000;

export interface SpamPlan {
  readonly address: string;
  /** A second server, which asks for invitations. */
  readonly inviteAddress: string;
  readonly accounts: number;
}

/** How many of each were tried, and how many the server let through. */
export interface Tally {
  readonly tried: number;
  readonly allowed: number;
}

export interface SpamFigures {
  readonly lookups: Tally;
  readonly requests: Tally;
  readonly pending: Tally;
  readonly registrations: Tally;
  readonly flapping: { readonly tried: number; readonly seen: number; readonly seconds: number };
  readonly invites: Tally & { readonly entered: number };
  readonly introductions: Tally & { readonly delivered: number };
  readonly seconds: number;
}

/** Everything that a member could do to everybody else, as fast as the server answers. */
export async function spam({ address, inviteAddress, accounts }: SpamPlan): Promise<SpamFigures> {
  const target = targetOf(address);
  const crowd = await makeCrowd(target, accounts);
  const [spammer, friend, celebrity, ...others] = crowd as [ChaosClient, ChaosClient, ChaosClient, ...ChaosClient[]];
  await befriend(spammer, friend);
  const startedMs = performance.now();
  const lookups = await tally(500, (i) =>
    ask(spammer, { type: 'lookup', account: i % 2 === 0 ? `crowd${i % accounts}` : `${20_000 + i}` }),
  );
  const scraped = { tried: 500, allowed: lookups.answered + lookups.of('not-found') };
  // One of the others has looked up nobody: its requests are stopped by nothing but their own budget.
  const [asker, ...asked] = others as [ChaosClient, ...ChaosClient[]];
  const requests = await tally(asked.length, (i) => add(asker, asked[i]!.account));
  const pending = await tally(asked.length, (i) => add(asked[i]!, celebrity.account));
  const introductions = await introduce(spammer, friend);
  const flapping = await flap(spammer, friend);
  const registrations = await tally(80, async (i) => {
    const client = new ChaosClient(target, sourceOf(SPAM + 1, 0));
    const outcome = await client.register(`puppet${i}`);
    await client.close();
    return outcome;
  });
  const invites = await guessInvites(targetOf(inviteAddress));
  return {
    lookups: scraped,
    requests: { tried: asked.length, allowed: requests.of('done') },
    pending: { tried: asked.length, allowed: pending.of('done') },
    registrations: { tried: 80, allowed: registrations.of('welcome') },
    ...{ flapping, invites, introductions },
    seconds: (performance.now() - startedMs) / 1000,
  };
}

async function makeCrowd(target: Target, count: number): Promise<readonly ChaosClient[]> {
  const crowd: ChaosClient[] = [];
  while (crowd.length < count) {
    const from = crowd.length;
    const batch = Math.min(REGISTERED_AT_ONCE, count - from);
    const made = Array.from({ length: batch }, (_, i) =>
      registered(target, `crowd${from + i}`, sourceOf(SPAM, from + i)),
    );
    crowd.push(...(await Promise.all(made)));
  }
  return crowd;
}

async function flap(from: ChaosClient, friend: ChaosClient): Promise<SpamFigures['flapping']> {
  let seen = 0;
  friend.onFrame = (frame) => {
    if (frame.type === 'presence') seen += frame.entries.filter(({ account }) => account === from.account).length;
  };
  const startedMs = performance.now();
  let tried = 0;
  while (performance.now() - startedMs < FLAPPING_MS) {
    await ask(from, { type: 'presence-set', status: tried % 2 === 0 ? 'away' : 'online', text: '' });
    tried++;
    await pause(100);
  }
  // What was held back comes now.
  await pause(2_500);
  return { tried, seen, seconds: (performance.now() - startedMs) / 1000 };
}

async function guessInvites(target: Target): Promise<SpamFigures['invites']> {
  const outcomes = await tally(120, async (i) => {
    const client = new ChaosClient(target, sourceOf(SPAM + 2, 0));
    const outcome = await client.register(`guest${i}`, `guess-number-${i}`);
    await client.close();
    return outcome;
  });
  return { tried: 120, allowed: outcomes.of('bad-invite'), entered: outcomes.of('welcome') };
}

async function introduce(from: ChaosClient, to: ChaosClient): Promise<SpamFigures['introductions']> {
  let delivered = 0;
  to.onFrame = (frame) => {
    if (frame.type === 'introduction') delivered++;
  };
  const outcomes = await tally(200, () =>
    ask(from, { type: 'introduce', to: to.device.id, packet: new Uint8Array(200) }),
  );
  await pause(500);
  return { tried: 200, allowed: outcomes.of('introduced'), delivered };
}

async function ask(client: ChaosClient, request: Request): Promise<string> {
  return outcomeOf(await client.request(request));
}

function add(client: ChaosClient, account: AccountNumber): Promise<string> {
  return ask(client, { type: 'friend-add', account, text: 'hello' });
}

interface Outcomes {
  /** Answers that are no refusal. */
  readonly answered: number;
  of(outcome: string): number;
}

async function tally(count: number, attempt: (i: number) => Promise<string>): Promise<Outcomes> {
  const outcomes = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const outcome = await attempt(i);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const of = (outcome: string): number => outcomes.get(outcome) ?? 0;
  return { answered: of('account'), of };
}
