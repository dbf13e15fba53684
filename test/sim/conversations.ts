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
  const names = `${a.peer.name} and ${b.peer.name}`;
  return `${names}: of ${listA.length} and ${listB.length} lines number ${where + 1} is ${listA[where]} and ${listB[where]}`;
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

/** What was read is shown as read, on the machine that sent it and on its copies, and nothing waits. */
export function wrongStates(
  { peer, account }: Side,
  chat: AccountNumber,
  friends: readonly SimPeer[],
): readonly string[] {
  return linesOf(peer, chat)
    .filter(({ direction, state }) => direction === 'out' && state !== 'refused')
    .flatMap(({ id, state, pendingChanges, recalled, device }) => {
      const rows = friends.flatMap((friend) => friend.disk.messages.incoming(account, id) ?? []);
      const where = `${id} on ${peer.name}${device === peer.device ? '' : ', a copy,'}`;
      const wrong = pendingChanges > 0 ? [`${where} still has ${pendingChanges} changes to go`] : [];
      if (state === 'read' || (state === 'delivered' && (recalled || !rows.some((row) => row.state === 'read')))) {
        return wrong;
      }
      return [...wrong, `${where} is shown as ${state}${state === 'delivered' ? ', and was read' : ''}`];
    });
}

export function wrongCount(peer: SimPeer, chat: AccountNumber): string | undefined {
  const contact = peer.disk.contacts().find(({ account }) => account === chat);
  const unread = linesOf(peer, chat).filter(({ direction, state }) => direction === 'in' && state === 'delivered');
  if (!contact || contact.unread === unread.length) return undefined;
  return `${peer.name} counts ${contact.unread} unread of ${chat}, and has ${unread.length}`;
}

/** How often a device has each text of each friend, as it was sent. */
export function textsAt(device: SimPeer): ReadonlyMap<string, number> {
  const texts = new Map<string, number>();
  for (const { account } of device.disk.contacts()) {
    for (const { text, direction, editedAt } of linesOf(device, account)) {
      if (direction !== 'in' || editedAt !== undefined) continue;
      const key = `${account}:${text}`;
      texts.set(key, (texts.get(key) ?? 0) + 1);
    }
  }
  return texts;
}
