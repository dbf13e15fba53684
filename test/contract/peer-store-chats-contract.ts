import type { AccountNumber } from '@magpie/common/ids.ts';
import type { PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  CAROL,
  type ContentChanges,
  INCARNATION_A,
  incoming,
  messageId,
  stamp,
  textTo,
  theirId,
  wall,
} from './peer-store-samples.ts';

/** The list of conversations. */
export function peerStoreChatsContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  async function hear(sequence: number, at: number, changes: ContentChanges = {}): Promise<void> {
    await store.commitIncoming([incoming(sequence, { stamp: stamp(at, 0), ...changes })], wall(1));
  }

  async function listed(limit = 10, after?: AccountNumber): Promise<readonly unknown[]> {
    return (await store.chats(limit, after)).map(({ chat, last, unread, firstUnread }) => {
      return [chat, last.text, unread, firstUnread];
    });
  }

  describe('the list of conversations', () => {
    it('has each that shows something, the one with the newest row first', async () => {
      expect(await listed()).toEqual([]);
      await hear(1, 100);
      await store.commitOutgoing(textTo(CAROL, 1), wall(200));
      expect(await listed()).toEqual([
        [CAROL, 'text 1', 0, undefined],
        [BOB, 'from bob 1', 1, theirId(1)],
      ]);
      await hear(2, 300);
      expect(await listed()).toEqual([
        [BOB, 'from bob 2', 2, theirId(1)],
        [CAROL, 'text 1', 0, undefined],
      ]);
    });

    it('shows what the conversation itself shows last: no edit, reaction, void or deleted row', async () => {
      await hear(1, 100, { text: 'first' });
      await hear(2, 200, { text: 'second' });
      await hear(3, 300, { type: 'reaction', target: theirId(1), text: '👍' });
      await hear(4, 400, { type: 'edit', target: theirId(2), text: 'edited' });
      await hear(5, 500, { type: 'void' });
      expect(await listed()).toEqual([[BOB, 'edited', 2, theirId(1)]]);
      await store.deleteMessages(BOB, [theirId(2)]);
      expect(await listed()).toEqual([[BOB, 'first', 1, theirId(1)]]);
      await store.deleteChat(BOB);
      expect(await listed()).toEqual([]);
    });

    it('says where what is unread begins, in the order of the conversation', async () => {
      await hear(1, 300, { text: 'written last' });
      await hear(2, 100, { text: 'written first' });
      expect(await listed()).toEqual([[BOB, 'written last', 2, theirId(2)]]);
      await store.markRead(BOB, theirId(2));
      expect(await listed()).toEqual([[BOB, 'written last', 1, theirId(1)]]);
      await store.markRead(BOB);
      expect(await listed()).toEqual([[BOB, 'written last', 0, undefined]]);
    });

    it('has pages, and begins anew behind a conversation that is gone', async () => {
      const chats = [1, 2, 3, 4, 5].map((n) => (20_000 + n) as AccountNumber);
      for (const [n, chat] of chats.entries()) await store.commitOutgoing(textTo(chat, n + 1), wall(100));
      const page = async (after?: AccountNumber) => (await store.chats(2, after)).map(({ chat }) => chat);
      expect(await page()).toEqual(chats.slice(0, 2));
      expect(await page(chats[1])).toEqual(chats.slice(2, 4));
      expect(await page(chats[3])).toEqual(chats.slice(4));
      expect(await page(chats[4])).toEqual([]);
      expect(await page(BOB)).toEqual(chats.slice(0, 2));
    });

    it('has the system lines and the state of an own row', async () => {
      await store.commitOutgoing(textTo(BOB, 1), wall(100));
      await store.commitSystem(BOB, messageId(2), 'key-changed', wall(200));
      expect((await store.chats(1)).map(({ last }) => [last.kind, last.text])).toEqual([['system', 'key-changed']]);
      await store.commitOutgoing(textTo(BOB, 3), wall(300));
      expect((await store.chats(1))[0]?.last).toMatchObject({ state: 'queued', incarnation: INCARNATION_A });
    });
  });
}
