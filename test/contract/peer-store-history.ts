import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import { DRAFTS_MAX } from '@magpie/peer/messaging/limits.ts';
import { ERASED_ONE_BY_ONE_MAX, ERASED_PER_STEP_MAX } from '@magpie/peer/store/limits.ts';
import type { PeerStore, SearchQuery } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  CAROL,
  CAROLS_DEVICE,
  type ContentChanges,
  INCARNATION_A,
  incoming,
  mailed,
  messageId,
  numbered,
  OWN_DEVICE,
  RELAY,
  stamp,
  textTo,
  theirId,
  wall,
} from './peer-store-samples.ts';

const DAY_MS = 86_400_000;
const OWN_TABLET = '0b'.repeat(16) as DeviceId;

/** Search, exports, forgetting and drafts: the part of the contract that is about what is there already. */
export function peerStoreHistoryContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  /** Own text to Bob, delivered. */
  async function say(n: number, text: string, at = n, chat: AccountNumber = BOB): Promise<void> {
    const { message } = await store.commitOutgoing(textTo(chat, n, { text }), wall(at));
    const span = { from: message.sequence, to: message.sequence };
    await store.applyReceipt(chat, INCARNATION_A, 'delivered', [span], chat === BOB ? BOBS_DEVICE : CAROLS_DEVICE);
  }

  async function hear(sequence: number, changes: ContentChanges): Promise<void> {
    await store.commitIncoming([incoming(sequence, changes)], wall(1));
  }

  async function found(text: string, query: Partial<SearchQuery> = {}): Promise<readonly string[]> {
    return (await store.search({ text, limit: 100, ...query })).map((message) => message.text);
  }

  describe('search', () => {
    it('finds Chinese of one, two and more characters, Latin beginnings, any width and case, newest first', async () => {
      await say(1, '我们一起去吃饭吧');
      await hear(1, { text: '请上传 report.pdf' });
      await say(2, 'Hello 饭 café');
      expect(await found('饭')).toEqual(['Hello 饭 café', '我们一起去吃饭吧']);
      expect(await found('吃饭')).toEqual(['我们一起去吃饭吧']);
      expect(await found('一起去吃')).toEqual(['我们一起去吃饭吧']);
      expect(await found('饭吃')).toEqual([]);
      expect(await found('上传 rep')).toEqual(['请上传 report.pdf']);
      expect(await found('ＨＥＬＬＯ')).toEqual(['Hello 饭 café']);
      expect(await found('cafe')).toEqual(['Hello 饭 café']);
      expect(await found('ello')).toEqual([]);
    });

    it('takes whatever is typed as words, never as a language of queries', async () => {
      await say(1, 'plain words OR nothing');
      for (const text of ['"', '*', "'; DROP TABLE message; --", 'terms:plain', '-', 'NEAR(', '{}', '^', '§in', '']) {
        expect(await found(text)).toEqual([]);
      }
      for (const text of ['plain "words', 'plain*', '(plain)', 'or plain', 'plain AND', '"plain nothing"']) {
        expect([text, await found(text)]).toEqual([text, text.includes('AND') ? [] : ['plain words OR nothing']]);
      }
    });

    it('is narrowed by chat, direction and time, and goes on where a page ended', async () => {
      for (let n = 1; n <= 6; n++) await say(n, `tea ${n}`, n * DAY_MS, n % 2 ? BOB : CAROL);
      await hear(1, { text: 'tea from bob', stamp: stamp(3 * DAY_MS, 0) });
      expect(await found('tea', { chat: CAROL })).toEqual(['tea 6', 'tea 4', 'tea 2']);
      expect(await found('tea', { direction: 'in' })).toEqual(['tea from bob']);
      expect(await found('tea', { chat: BOB, direction: 'out' })).toEqual(['tea 5', 'tea 3', 'tea 1']);
      expect(await found('tea', { since: wall(3 * DAY_MS), until: wall(5 * DAY_MS) })).toEqual([
        'tea from bob',
        'tea 4',
        'tea 3',
      ]);
      expect(await found('tea', { since: wall(7 * DAY_MS) })).toEqual([]);
      expect(await found('tea', { until: wall(DAY_MS) })).toEqual([]);
      expect(await found('tea', { limit: 2, before: messageId(5) })).toEqual(['tea 4', 'tea 3']);
      expect(await found('tea', { before: messageId(99) })).toEqual([]);
    });

    it('knows a message by what it says now: edited, recalled, cancelled', async () => {
      await hear(1, { text: 'first words' });
      await hear(2, { type: 'edit', target: theirId(1), text: 'second thoughts' });
      expect(await found('first')).toEqual([]);
      expect(await found('second')).toEqual(['second thoughts']);
      await hear(3, { type: 'recall', target: theirId(1) });
      expect(await found('second')).toEqual([]);
      await store.commitOutgoing(textTo(BOB, 1, { text: 'never mind' }), wall(20));
      expect(await found('never')).toEqual(['never mind']);
      await store.cancel(messageId(1));
      expect(await found('never')).toEqual([]);
    });

    it('finds copies of another own device, and what came back from a friend', async () => {
      const own = (n: number, text: string) => ({
        chat: BOB,
        device: OWN_TABLET,
        refused: false,
        content: numbered(n, { text }),
      });
      await store.commitCopies([own(1, 'sent from the tablet')], wall(1));
      await store.commitReturned([{ ...own(2, 'sent before the crash'), device: OWN_DEVICE }], wall(1));
      expect(await found('sent', { direction: 'out' })).toEqual(['sent before the crash', 'sent from the tablet']);
    });

    it('finds what was held once it follows, and not before', async () => {
      await store.commitIncoming([mailed(2, { text: 'ahead of time' })], wall(1));
      expect(await found('ahead')).toEqual([]);
      await hear(1, { text: 'what was missing' });
      expect(await found('ahead')).toEqual(['ahead of time']);
    });

    it('shows no reaction and no line of the profile itself', async () => {
      await say(1, 'look');
      await hear(1, { type: 'reaction', target: messageId(1), text: '👍' });
      await store.commitSystem(BOB, messageId(7), 'friends', wall(30));
      expect(await found('👍')).toEqual([]);
      expect(await found('friends')).toEqual([]);
    });
  });

  describe('a page around a message', () => {
    it('has its neighbours on both sides', async () => {
      for (let n = 1; n <= 9; n++) await say(n, `text ${n}`);
      const around = async (n: number, limit: number) =>
        (await store.messages({ chat: BOB, around: messageId(n), limit })).map((m) => m.text);
      expect(await around(5, 5)).toEqual(['text 3', 'text 4', 'text 5', 'text 6', 'text 7']);
      expect(await around(5, 1)).toEqual(['text 5']);
      expect(await around(1, 4)).toEqual(['text 1', 'text 2', 'text 3']);
      expect(await around(9, 5)).toEqual(['text 7', 'text 8', 'text 9']);
      expect(await around(77, 5)).toEqual([]);
      expect(await store.messages({ chat: CAROL, around: messageId(5), limit: 5 })).toEqual([]);
    });
  });

  describe('exports', () => {
    it('have every row, in the order of the commits, of all chats or of one, page by page', async () => {
      await say(1, 'one');
      await hear(1, { text: 'two' });
      await say(2, 'three', 3, CAROL);
      await hear(2, { type: 'edit', target: theirId(1), text: 'two again' });
      await hear(3, { type: 'void' });
      const all = await store.rows(0, 100);
      expect(all.map((m) => [m.kind, m.chat])).toEqual([
        ['text', BOB],
        ['text', BOB],
        ['text', CAROL],
        ['edit', BOB],
        ['void', BOB],
      ]);
      expect(all[1]).toMatchObject({ text: 'two again', id: theirId(1), sequence: 1, state: 'delivered' });
      const first = await store.rows(0, 2);
      expect([...first, ...(await store.rows(first.at(-1)!.born, 9))]).toEqual(all);
      expect(await store.rows(0, 100, CAROL)).toEqual(all.filter((m) => m.chat === CAROL));
      expect(await store.rows(all.at(-1)!.born, 100)).toEqual([]);
    });
  });

  describe('forgetting', () => {
    it('takes text, edits, reactions and what can be searched, and keeps the numbers', async () => {
      await hear(1, { text: 'tender words' });
      await hear(2, { type: 'edit', target: theirId(1), text: 'tender thoughts' });
      await hear(3, { type: 'reaction', target: theirId(1), text: '👍' });
      await hear(4, { text: 'something else' });
      expect(await store.deleteMessages(BOB, [theirId(1), theirId(99)])).toBe(1);
      expect(await store.deleteMessages(BOB, [theirId(1)])).toBe(0);
      expect(await found('tender')).toEqual([]);
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => m.text)).toEqual(['something else']);
      expect(JSON.stringify(await store.rows(0, 100))).not.toMatch(/tender|👍/);
      expect(await store.commitIncoming([incoming(1, { text: 'tender words' })], wall(2))).toEqual([
        { kind: 'duplicate' },
      ]);
      expect((await store.receivedUpTo(BOB))[0]?.deliveredUpTo).toBe(4);
      expect((await store.storage()).messages).toBe(1);
    });

    it('is not undone by an edit or reaction that comes later', async () => {
      await hear(1, { text: 'tender words' });
      await store.deleteMessages(BOB, [theirId(1)]);
      await hear(2, { type: 'edit', target: theirId(1), text: 'tender thoughts' });
      await hear(3, { type: 'reaction', target: theirId(1), text: '👍' });
      expect(await found('tender')).toEqual([]);
      expect(await store.messages({ chat: BOB, limit: 9 })).toEqual([]);
      expect(await store.message(theirId(1))).toMatchObject({ text: '', reactions: [] });
    });

    it('leaves what is on its way out, until it has arrived', async () => {
      await store.commitOutgoing(textTo(BOB, 1, { text: 'still here' }), wall(1));
      await say(2, 'arrived');
      await store.commitOutgoing(
        { id: messageId(3), chat: BOB, device: OWN_DEVICE, kind: 'edit', text: 'arrived too', target: messageId(2) },
        wall(3),
      );
      expect(await store.deleteMessages(BOB, [messageId(1), messageId(2)])).toBe(0);
      expect(await store.deleteChat(BOB)).toBe(0);
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => m.text)).toEqual(['still here', 'arrived too']);
      await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
      expect(await store.deleteChat(BOB)).toBe(2);
      expect(await store.messages({ chat: BOB, limit: 9 })).toEqual([]);
    });

    it('takes what a friendship that ended holds back; its number goes out as a void', async () => {
      await store.commitOutgoing(textTo(BOB, 1, { text: 'too late' }), wall(1));
      await store.noteRoad(messageId(1), RELAY);
      await store.refuseUndelivered(BOB, []);
      expect(await store.deleteChat(BOB)).toBe(1);
      expect(await store.undelivered(BOB, 9)).toMatchObject([{ kind: 'void', text: '', sequence: 1 }]);
    });

    it('takes a chat up to a stamp, and nothing of another chat', async () => {
      for (let n = 1; n <= 4; n++) await say(n, `tea ${n}`, n * 10);
      await say(5, 'tea 5', 15, CAROL);
      expect(await store.deleteChat(BOB, wall(20))).toBe(2);
      expect(await found('tea')).toEqual(['tea 5', 'tea 4', 'tea 3']);
      expect(await store.deleteMessages(BOB, [messageId(5)])).toBe(0);
      expect(await store.deleteChat(BOB)).toBe(2);
      expect(await found('tea')).toEqual(['tea 5']);
    });

    it('[DL29] counts what was unread as read, at once, and not what stays', async () => {
      await store.commitIncoming([incoming(1), incoming(2), incoming(3)], wall(1));
      await store.deleteMessages(BOB, [theirId(1)]);
      expect(await store.receivedUpTo(BOB)).toMatchObject([{ deliveredUpTo: 3, readUpTo: 1 }]);
      await store.deleteChat(BOB);
      expect(await store.receivedUpTo(BOB)).toMatchObject([{ deliveredUpTo: 3, readUpTo: 3 }]);
      expect(await store.receiptsOwed()).toMatchObject([{ readUpTo: 3 }]);
    });

    it('keeps deleted rows out of what has changed since', async () => {
      await say(1, 'secret');
      await say(2, 'kept');
      await hear(1, { text: 'heard' });
      await store.deleteMessages(BOB, [messageId(1)]);
      expect((await store.changesSince(0, 9)).map((m) => m.text)).toEqual(expect.arrayContaining(['kept', 'heard']));
      expect((await store.changesSince(0, 9)).map((m) => m.id)).not.toContain(messageId(1));
      await store.deleteChat(BOB);
      expect(await store.changesSince(0, 9)).toEqual([]);
    });

    it('takes more of a chat than one step does, and what is about it', async () => {
      const count = ERASED_PER_STEP_MAX + 20;
      const all = Array.from({ length: count }, (_, n) => incoming(n + 1, { text: `tea number${n + 1}` }));
      await store.commitIncoming(all, wall(1));
      expect(await store.deleteChat(BOB)).toBe(count);
      expect(await found('tea')).toEqual([]);
      expect(await store.deleteChat(BOB)).toBe(0);
    });

    it('of very many leaves an index that answers as before', async () => {
      const count = ERASED_ONE_BY_ONE_MAX + 20;
      const all = Array.from({ length: count }, (_, n) => incoming(n + 1, { text: `tea number${n + 1}` }));
      await store.commitIncoming(all, wall(1));
      await say(1, 'tea for carol', 5, CAROL);
      expect(await store.deleteChat(BOB)).toBe(count);
      expect(await found('tea')).toEqual(['tea for carol']);
      await hear(count + 1, { text: 'more tea' });
      expect(await found('tea')).toEqual(['more tea', 'tea for carol']);
      expect(await store.deleteMessages(BOB, [theirId(count + 1)])).toBe(1);
      expect(await found('tea')).toEqual(['tea for carol']);
    });
  });

  describe('storage', () => {
    it('counts what a conversation shows', async () => {
      expect((await store.storage()).messages).toBe(0);
      await say(1, 'one');
      await hear(1, { text: 'two' });
      await hear(2, { type: 'reaction', target: messageId(1), text: '👍' });
      expect((await store.storage()).messages).toBe(2);
      expect((await store.storage()).bytes).toBeGreaterThanOrEqual(0);
    });
  });

  describe('drafts', () => {
    const draft = (chat: number, text: string, at: number, replyTo?: MessageId) => ({
      chat: chat as AccountNumber,
      text,
      replyTo,
      at: wall(at),
    });

    it('are kept for each chat until they are empty, the newest first', async () => {
      expect(await store.draft(BOB)).toBeUndefined();
      await store.saveDraft(draft(BOB, '写了一半', 1, messageId(3)));
      await store.saveDraft(draft(CAROL, 'half of it', 2));
      expect(await store.draft(BOB)).toEqual(draft(BOB, '写了一半', 1, messageId(3)));
      expect(await store.drafts()).toEqual([draft(CAROL, 'half of it', 2), draft(BOB, '写了一半', 1, messageId(3))]);
      await store.saveDraft(draft(BOB, 'anew', 3));
      expect(await store.draft(BOB)).toEqual(draft(BOB, 'anew', 3));
      await store.saveDraft(draft(BOB, '', 4));
      expect(await store.drafts()).toEqual([draft(CAROL, 'half of it', 2)]);
    });

    it('are bounded: the oldest goes, never the one that is being written', async () => {
      const all = Array.from({ length: DRAFTS_MAX }, (_, n) => store.saveDraft(draft(20_000 + n, 'x', 100 + n)));
      await Promise.all(all);
      await store.saveDraft(draft(BOB, 'the clock was set back', 1));
      expect((await store.drafts()).length).toBe(DRAFTS_MAX);
      expect(await store.draft(20_000 as AccountNumber)).toBeUndefined();
      expect(await store.draft(BOB)).toEqual(draft(BOB, 'the clock was set back', 1));
    });
  });
}
