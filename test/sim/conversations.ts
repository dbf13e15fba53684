import type { AccountNumber } from '@magpie/common/ids.ts';
import type { SimPeer } from './sim-peer.ts';

export type StoredLine = ReturnType<SimPeer['disk']['messages']['messages']>[number];

interface Side {
  readonly peer: SimPeer;
  readonly account: AccountNumber;
}

/** What a peer shows of a conversation. Lines of the system are each profile's own. */
export function linesOf(peer: SimPeer, chat: AccountNumber): readonly StoredLine[] {
  return peer.disk.messages.messages({ chat, limit: 1_000_000 }).filter(({ kind }) => kind !== 'system');
}

/** @returns the first difference between what the two show of their conversation, undefined when it is the same */
export function compareConversations(a: Side, b: Side): string | undefined {
  const [listA, listB] = [seenBy(a, b), seenBy(b, a)];
  const at = listA.findIndex((line, index) => line !== listB[index]);
  if (at < 0 && listA.length === listB.length) return undefined;
  const where = at < 0 ? listA.length : at;
  return `of ${listA.length} and ${listB.length} lines number ${where + 1} is ${listA[where]} and ${listB[where]}`;
}

/** Line by line, in words that do not depend on whose machine it is. What was refused its sender alone has. */
function seenBy(own: Side, other: Side): readonly string[] {
  return linesOf(own.peer, other.account)
    .filter(({ state }) => state !== 'refused')
    .map((line) => {
      const from = line.direction === 'out' ? own.account : other.account;
      const reactions = line.reactions.map(({ emoji, mine }) => `${emoji}${mine ? own.account : other.account}`).sort();
      const { id, kind, stamp, editedAt, recalled } = line;
      // What was taken back answers nothing any more.
      const replyTo = recalled ? '' : line.replyTo;
      const text = line.text.slice(0, 40);
      return [id, from, kind, `${stamp.wallMs}.${stamp.counter}`, text, editedAt, recalled, replyTo, ...reactions].join(
        ' ',
      );
    });
}
