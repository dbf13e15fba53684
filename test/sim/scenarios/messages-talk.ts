import type { StoredLine } from '../conversations.ts';
import type { Oracle } from '../oracle.ts';
import type { Person } from '../person.ts';
import type { SimPeer } from '../sim-peer.ts';
import type { World } from '../world.ts';

export interface Talk {
  readonly world: World;
  readonly oracle: Oracle;
  readonly friends: readonly (readonly [Person, Person])[];
}

/** Changes are of what was said a moment ago. */
const RECENT = 12;
const EMOJI = ['👍', '❤️', '😂'];

/** People talk: mostly texts, some of them long; answers, changes, reactions, nudges, and now and then one reads. */
export function scheduleTalk(talk: Talk, count: number, withinMs: number, only?: SimPeer): void {
  const { world } = talk;
  for (let i = 0; i < count; i++) {
    const [a, b] = world.random.pick(talk.friends.filter((pair) => !only || pair.some((one) => has(one, only))));
    const [from, to] = only ? (has(a, only) ? [a, b] : [b, a]) : world.random.chance(0.5) ? [a, b] : [b, a];
    const speaker = only ?? world.random.pick(from.machines);
    const [kind, choice, long] = [world.random.between(0, 1), world.random.uint32(), world.random.chance(0.02)];
    const text = `${speaker.name} ${world.random.uint32()} ${'.'.repeat(long ? world.random.whole(1_000, 20_000) : 10)}`;
    world.at(world.random.between(0, withinMs), async () => {
      if (speaker.ready && speaker.disk.profile()?.signedIn) await say(talk, speaker, to.first, { kind, choice, text });
    });
  }
}

interface Act {
  /** From 0 to 1: which kind. */
  readonly kind: number;
  /** Of what has been said before. */
  readonly choice: number;
  readonly text: string;
}

async function say({ oracle }: Talk, from: SimPeer, to: SimPeer, { kind, choice, text }: Act): Promise<void> {
  const chat = oracle.accountOf(to);
  const recent = from.disk.messages.messages({ chat, limit: RECENT }).filter((line) => isAlive(line));
  const own = recent.filter((line) => line.direction === 'out' && line.kind === 'text');
  const any = recent[choice % Math.max(1, recent.length)];
  const mine = own[choice % Math.max(1, own.length)];
  if (kind < 0.06 && mine) return oracle.edit(from, mine, `${text} edited`);
  if (kind < 0.09 && mine) return oracle.recall(from, mine);
  if (kind < 0.16 && any) return oracle.react(from, any, EMOJI[choice % EMOJI.length]!, choice % 4 !== 0);
  if (kind < 0.18) return oracle.nudge(from, to);
  if (kind < 0.26) {
    await from.engine.markRead(String(chat), any?.direction === 'in' ? any.id : undefined);
    return;
  }
  return oracle.send(from, to, text, kind < 0.36 ? any?.id : undefined);
}

function isAlive({ kind, recalled, state }: StoredLine): boolean {
  return kind !== 'system' && !recalled && state !== 'refused';
}

function has(person: Person, peer: SimPeer): boolean {
  return person.machines.includes(peer);
}
