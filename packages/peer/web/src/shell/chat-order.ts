import type { ChatJson, ContactJson } from '@magpie/common/rpc/schemas.ts';

type Chats = ReadonlyMap<string, Pick<ChatJson, 'id' | 'last'>>;
type Contacts = ReadonlyMap<string, Pick<ContactJson, 'id' | 'unread'>>;

/** Conversations as the list shows them: the one with the newest row first. */
export function chatsByNewest(chats: Chats): readonly string[] {
  return [...chats.values()]
    .filter(({ last }) => last !== null)
    .sort((a, b) => Date.parse(b.last!.at) - Date.parse(a.last!.at))
    .map(({ id }) => id);
}

/**
 * The neighbour of the open conversation, around the end.
 * @param onlyUnread skips those without unread messages
 * @returns undefined when there is no other one
 */
export function neighbourChat(
  order: readonly string[],
  open: string | undefined,
  step: 1 | -1,
  onlyUnread: Contacts | undefined,
): string | undefined {
  const start = open === undefined ? -1 : order.indexOf(open);
  const first = start === -1 && step === -1 ? order.length : start;
  for (let count = 1; count <= order.length; count += 1) {
    const at = (((first + step * count) % order.length) + order.length) % order.length;
    const id = order[at]!;
    if (id !== open && (!onlyUnread || (onlyUnread.get(id)?.unread ?? 0) > 0)) return id;
  }
  return undefined;
}
