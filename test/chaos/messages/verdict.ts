import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import type { Home } from './home.ts';
import type { Town } from './town.ts';

/** "All settled" of the issue. */
export const SETTLED_MS_MAX = 60_000;
/** Looked at longer than that, so that what comes late is told apart from what never comes. */
const WAITED_MS_MAX = 90_000;
const PAGE = 100;

/**
 * Everybody is up, and nobody sends any more.
 * @param startedMs when the faults were over
 * @returns ms from then until nothing waits any more; Infinity when that never happened
 */
export async function settle(town: Town, startedMs: number): Promise<number> {
  for (;;) {
    const waiting = town.oracle.unsettled();
    const tookMs = performance.now() - startedMs;
    if (waiting.length === 0) return tookMs;
    if (tookMs > WAITED_MS_MAX) {
      for (const line of waiting.slice(0, 10)) town.arena.say(`  still waiting: ${line}`);
      for (const home of town.homes) {
        const { server } = await home.call('status', {});
        const paths = (await home.call('net.path', {})).items.map(
          ({ name, session, state }) => `${name} ${session} ${state}`,
        );
        town.arena.say(`  ${home.name}: link ${server.state} ${server.lastError ?? ''}, ${paths.join(', ')}`);
      }
      return Number.POSITIVE_INFINITY;
    }
    await pause(100);
  }
}

/** What was lost and came back arrived late: then only the list tells the order. */
export type Orders = 'list and arrival' | 'list';

interface Findings {
  lost: number;
  doubled: number;
  outOfOrder: number;
  /** Messages that the two lists of a conversation do not show alike. */
  different: number;
  /** Messages known to be missing, as contacts show it. */
  missing: number;
}

/** Compares, when all has settled, what everybody shows with what everybody sent. */
export async function compareAll(town: Town, orders: Orders, unchanged: ReadonlySet<string>): Promise<Findings> {
  const findings: Findings = { lost: 0, doubled: 0, outOfOrder: 0, different: 0, missing: 0 };
  for (const [i, one] of town.homes.entries()) {
    const { items } = await one.call('contact.list', {});
    findings.missing += items.reduce((sum, contact) => sum + contact.missing, 0);
    for (const other of town.homes.slice(i + 1)) {
      const [listOfOne, listOfOther] = [await listed(one, other.name), await listed(other, one.name)];
      judge(town, one, other, listOfOther, orders, findings);
      judge(town, other, one, listOfOne, orders, findings);
      findings.different += differences(town, one, other, listOfOne, listOfOther, unchanged);
    }
  }
  return findings;
}

function judge(
  town: Town,
  from: Home,
  to: Home,
  received: readonly MessageJson[],
  orders: Orders,
  findings: Findings,
): void {
  const sent = town.ledger.between(from.name, to.name);
  const incoming = received.filter(({ direction }) => direction === 'in');
  const ids = new Set(incoming.map(({ id }) => id));
  const texts = incoming.flatMap(({ text, recalled }) => (recalled ? [] : [text.replace(/ \(edited\)$/, '')]));
  const lost = sent.filter(({ id }) => !ids.has(id) && !town.ledger.isTakenBack(id));
  for (const { text } of lost.slice(0, 3)) town.arena.say(`  lost: "${text.slice(0, 50)}"`);
  findings.lost += lost.length;
  findings.doubled += incoming.length - ids.size + texts.length - new Set(texts).size;
  const listed = incoming.map(({ id }) => id);
  const place = new Map(sent.map(({ id }, index) => [id, index]));
  const arrived = town.diskOf(to).arrivals(from.account);
  for (const [what, order] of [['list', listed] as const, ['arrival', arrived] as const]) {
    if (what === 'arrival' && orders === 'list') continue;
    const places = order.flatMap((id) => place.get(id) ?? []);
    const wrong = places.filter((each, index) => index > 0 && each < places[index - 1]!);
    findings.outOfOrder += wrong.length;
    if (wrong.length > 0) town.arena.say(`  out of order (${what}), ${from.name} to ${to.name}: ${wrong.slice(0, 5)}`);
  }
}

function differences(
  town: Town,
  one: Home,
  other: Home,
  ofOne: readonly MessageJson[],
  ofOther: readonly MessageJson[],
  unchanged: ReadonlySet<string>,
): number {
  const left = ofOne.map((message) => seen(message, one, other, unchanged));
  const right = ofOther.map((message) => seen(message, other, one, unchanged));
  let count = Math.abs(left.length - right.length);
  const examples: string[] = [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] === right[i]) continue;
    count++;
    examples.push(`${left[i]} | ${right[i]}`);
  }
  for (const line of examples.slice(0, 2)) town.arena.say(`  different, ${one.name} | ${other.name}: ${line}`);
  if (left.length !== right.length) {
    town.arena.say(`  ${one.name} lists ${left.length}, ${other.name} ${right.length}`);
  }
  return count;
}

/** What a person sees, without saying who looks. */
function seen(message: MessageJson, owner: Home, friend: Home, unchanged: ReadonlySet<string>): string {
  const from = message.direction === 'out' ? owner.name : friend.name;
  const reactions = message.reactions.map(({ emoji, mine }) => `${emoji}${mine ? owner.name : friend.name}`).sort();
  const { id, at, kind, text, recalled, editedAt } = message;
  if (unchanged.has(id)) return JSON.stringify({ id, from, at, kind });
  return JSON.stringify({ id, from, at, kind, text: text.slice(0, 60), recalled, editedAt, reactions });
}

/** Oldest first; without the profile's own lines, and without what never left. */
async function listed(home: Home, chat: string): Promise<readonly MessageJson[]> {
  const pages: MessageJson[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await home.call('message.list', { chat, limit: PAGE, ...(before !== undefined && { before }) });
    pages.unshift(...page.items);
    if (page.next === null) break;
    before = page.next;
  }
  return pages.filter(({ kind, state }) => kind !== 'system' && state !== 'refused');
}

/**
 * The rows that every part ends with.
 * @param id first half of theirs
 * @param unchanged messages of which one side does not show what was changed, and may not
 */
export async function verdict(
  town: Town,
  id: string,
  settledMs: number,
  orders: Orders = 'list and arrival',
  unchanged: ReadonlySet<string> = new Set(),
): Promise<readonly Row[]> {
  const { ledger, oracle, arena } = town;
  const { lost, doubled, outOfOrder, different, missing } = await compareAll(town, orders, unchanged);
  for (const line of oracle.examples) arena.say(`  false: ${line}`);
  const messages = `of ${ledger.count} messages`;
  const none = (name: string, what: string, value: number, unit = 'messages'): Row =>
    row(`${id}-${name}`, what, value, unit, '0', value === 0);
  return [
    none('lost', `sent and not with the friend, ${messages}`, lost),
    none('doubled', `shown twice, ${messages}`, doubled),
    none('out-of-order', 'listed or committed before an earlier one of the same sender', outOfOrder),
    none(
      'false-states',
      `states shown that the disks did not bear out, of ${oracle.checked}`,
      oracle.falseStates,
      'states',
    ),
    none('lists-differ', 'not shown alike on both sides in the end', different),
    none('missing', 'still named as missing in the end', missing),
    none('ended', 'programs that ended though nobody had ended them', town.endedByThemselves, 'programs'),
    row(
      `${id}-settled`,
      'from the end of the faults until nothing waits any more',
      Number.isFinite(settledMs) ? settledMs / 1000 : 'never',
      's',
      `<= ${SETTLED_MS_MAX / 1000}`,
      settledMs <= SETTLED_MS_MAX,
    ),
  ];
}
