import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import { REACTIONS_PER_MESSAGE_MAX } from '@magpie/peer/messaging/limits.ts';
import type { OutgoingContent, PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  CAROL,
  INCARNATION_A,
  INCARNATION_B,
  incoming,
  mailed,
  messageId,
  stamp,
  textTo,
  theirId,
  wall,
} from './peer-store-samples.ts';

const ONE = messageId(1);
const T0 = 1_000;

/** Edits, recalls and reactions: rows of their own that are shown on what they are about. Bob's first device is met. */
export function peerStoreChangesContract(current: () => PeerStore): void {
  describe('what changes a message', () => changesContract(current));
}

function changesContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(async () => {
    store = current();
    await store.commitOutgoing(textTo(BOB, 1), wall(T0));
  });

  describe('edits', () => {
    it('change the text at once, take a number, and are shown nowhere else', async () => {
      const { message, touched } = await change(2, { kind: 'edit', text: 'better' });
      expect(message).toMatchObject({ kind: 'edit', sequence: 2, target: ONE, state: 'queued' });
      expect(touched).toMatchObject([{ id: ONE, text: 'better', editedAt: T0 + 2, pendingChanges: 1 }]);
      expect(await shown()).toEqual(['better']);
      expect((await store.undelivered(BOB, 9)).map((m) => [m.kind, m.text])).toEqual([
        ['text', 'text 1'],
        ['edit', 'better'],
      ]);
    });

    it('tell by pendingChanges when a device of the friend has them', async () => {
      await change(2, { kind: 'edit', text: 'better' });
      const changed = await receipt(1, 2);
      expect(changed.map((m) => [m.id, m.state, m.pendingChanges])).toEqual([
        [ONE, 'delivered', 1],
        [messageId(2), 'delivered', 0],
        [ONE, 'delivered', 0],
      ]);
    });

    it('count by their stamps, not by when they came; those of a friend change only what is theirs', async () => {
      await receive(1, { text: 'first', stamp: stamp(T0, 1) });
      await receive(2, { type: 'edit', target: theirId(1), text: 'newest', stamp: stamp(T0 + 9, 0) });
      await receive(3, { type: 'edit', target: theirId(1), text: 'older', stamp: stamp(T0 + 5, 0) });
      await receive(4, { type: 'edit', target: ONE, text: 'not theirs', stamp: stamp(T0 + 9, 0) });
      await change(9, { kind: 'edit', target: theirId(1), text: 'not mine' });
      expect(await shown()).toEqual(['text 1', 'newest']);
      expect(await store.message(theirId(1))).toMatchObject({ editedAt: T0 + 9 });
    });

    it('that come before their text are applied when it comes', async () => {
      const [outcome] = await store.commitIncoming(
        [mailed(2, { type: 'edit', target: theirId(1), text: 'better', stamp: stamp(T0 + 5, 0) })],
        wall(T0),
      );
      expect(outcome).toEqual({ kind: 'held', next: 1 });
      const [followed] = await store.commitIncoming([mailed(1, { stamp: stamp(T0, 3) })], wall(T0));
      expect(followed).toMatchObject({ kind: 'committed', upTo: 2, followed: [{ touched: [{ text: 'better' }] }] });
      await store.commitCopies(copies([3, { type: 'edit', target: theirId(8), text: 'x' }]), wall(T0));
      expect(await shown()).toEqual(['text 1', 'better']);
    });

    it('are too late a day after the text, by the stamps of both', async () => {
      const limit = T0 + CHANGE_MS_MAX;
      await receive(1, { stamp: stamp(T0, 1) });
      await receive(2, { type: 'edit', target: theirId(1), text: 'too late', stamp: stamp(limit + 1, 0) });
      expect(await shown()).toEqual(['text 1', 'from bob 1']);
      await receive(3, { type: 'edit', target: theirId(1), text: 'in time', stamp: stamp(limit, 0) });
      expect(await shown()).toEqual(['text 1', 'in time']);
    });

    it('that are refused leave the text as the friend has it', async () => {
      await change(2, { kind: 'edit', text: 'first' });
      await change(3, { kind: 'edit', text: 'second' });
      const changed = await store.applyRefusal(BOB, INCARNATION_A, 3, 'unsupported', BOBS_DEVICE);
      expect(changed).toMatchObject([
        { id: messageId(3), state: 'refused' },
        { id: ONE, text: 'first' },
      ]);
      await store.cancel(messageId(2));
      expect(await store.message(ONE)).toMatchObject({ text: 'text 1', editedAt: undefined, pendingChanges: 0 });
    });
  });

  describe('recalls', () => {
    it('erase the text and those of all edits, and what goes out of them is nothing', async () => {
      await change(2, { kind: 'edit', text: 'secret' });
      const { touched } = await change(3, { kind: 'recall' });
      expect(touched).toMatchObject([{ id: ONE, recalled: true, text: '', editedAt: undefined, reactions: [] }]);
      expect(await store.message(messageId(2))).toMatchObject({ text: '' });
      expect((await store.undelivered(BOB, 9)).map((m) => [m.kind, m.text])).toEqual([
        ['void', ''],
        ['void', ''],
        ['recall', ''],
      ]);
      await change(4, { kind: 'edit', text: 'too late' });
      expect(await store.message(messageId(4))).toMatchObject({ text: '' });
      expect(await shown()).toEqual(['']);
    });

    it('of a message that came as nothing show that there was one, and nothing to be read', async () => {
      await receive(1, { type: 'void', stamp: stamp(T0, 1) });
      expect(await shown()).toEqual(['text 1']);
      await receive(2, { type: 'recall', target: theirId(1), stamp: stamp(T0 + 2, 0) });
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.kind, m.recalled])).toEqual([
        ['text', false],
        ['text', true],
      ]);
      expect(await store.markRead(BOB)).toEqual([]);
      expect((await store.receivedUpTo(BOB)).map((n) => n.readUpTo)).toEqual([2]);
    });

    it('[DL11] are never shown as read by a receipt that only runs over them, and hold up no other', async () => {
      await change(2, { kind: 'recall' });
      await change(3, { kind: 'text', text: 'next', target: undefined });
      const span = [{ from: 1, to: 3 }];
      await store.applyReceipt(BOB, INCARNATION_A, 'read', span, BOBS_DEVICE);
      const states = async () => (await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.recalled, m.state]);
      expect(await states()).toEqual([
        [true, 'delivered'],
        [false, 'read'],
      ]);
      expect(await store.applyReceipt(BOB, INCARNATION_A, 'read', span, BOBS_DEVICE)).toEqual([]);
      expect(await store.copyStates(BOB, 9)).toEqual([{ incarnation: INCARNATION_A, deliveredUpTo: 3, readUpTo: 3 }]);
    });

    it('stay read when they were read before', async () => {
      await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 1 }], BOBS_DEVICE);
      await change(2, { kind: 'recall' });
      expect(await store.message(ONE)).toMatchObject({ recalled: true, state: 'read' });
    });

    it('are only for the own side, and only for a day', async () => {
      await receive(1, { stamp: stamp(T0, 1) });
      await receive(2, { type: 'recall', target: ONE, stamp: stamp(T0 + 2, 0) });
      await receive(3, { type: 'recall', target: theirId(1), stamp: stamp(T0 + CHANGE_MS_MAX + 1, 0) });
      expect(await shown()).toEqual(['text 1', 'from bob 1']);
    });
  });

  describe('reactions', () => {
    it('are a set for each side: added, taken back, the newest of an emoji counts', async () => {
      await change(2, { kind: 'reaction', text: '👍', on: true });
      await receive(1, { type: 'reaction', target: ONE, text: '👍', stamp: stamp(T0 + 5, 0) });
      await receive(2, { type: 'reaction', target: ONE, text: '🎉', stamp: stamp(T0 + 6, 0) });
      expect((await store.message(ONE))?.reactions).toEqual([
        { emoji: '👍', mine: true },
        { emoji: '👍', mine: false },
        { emoji: '🎉', mine: false },
      ]);
      await receive(3, { type: 'reaction', target: ONE, text: '👍', on: false, stamp: stamp(T0 + 7, 0) });
      await receive(4, { type: 'reaction', target: ONE, text: '🎉', on: false, stamp: stamp(T0 + 1, 0) });
      expect((await store.message(ONE))?.reactions).toEqual([
        { emoji: '👍', mine: true },
        { emoji: '🎉', mine: false },
      ]);
    });

    it('are bounded for each side: the oldest ones count', async () => {
      const count = REACTIONS_PER_MESSAGE_MAX + 3;
      for (let n = 1; n <= count; n++) {
        await receive(n, { type: 'reaction', target: ONE, text: `e${n}`, stamp: stamp(T0 + 100 - n, 0) });
      }
      const emoji = (await store.message(ONE))?.reactions.map((one) => one.emoji);
      expect(emoji).toHaveLength(REACTIONS_PER_MESSAGE_MAX);
      expect(emoji?.[0]).toBe(`e${count}`);
    });

    it('that are refused make room for the one before', async () => {
      await change(2, { kind: 'reaction', text: '👍', on: true });
      await change(3, { kind: 'reaction', text: '👍', on: false });
      expect((await store.message(ONE))?.reactions).toEqual([]);
      await store.cancel(messageId(3));
      expect((await store.message(ONE))?.reactions).toEqual([{ emoji: '👍', mine: true }]);
    });
  });

  describe('lines of other kinds', () => {
    it('stand in the conversation and count as unread, but for those of the profile itself', async () => {
      await receive(1, { type: 'nudge', stamp: stamp(T0 + 1, 0) });
      await receive(2, { type: 'unsupported', stamp: stamp(T0 + 2, 0) });
      await receive(3, { type: 'reaction', target: ONE, stamp: stamp(T0 + 3, 0) });
      const note = await store.commitSystem(BOB, messageId(70), 'restored', wall(T0 + 3));
      expect(note).toMatchObject({ kind: 'system', text: 'restored', stamp: stamp(T0 + 3, 1), state: 'read' });
      expect(await store.commitSystem(BOB, messageId(70), 'restored', wall(T0 + 9))).toEqual(note);
      const kinds = (await store.messages({ chat: BOB, limit: 9 })).map((m) => m.kind);
      expect(kinds).toEqual(['text', 'nudge', 'unsupported', 'system']);
      expect((await store.markRead(BOB)).map((m) => m.kind)).toEqual(['nudge', 'unsupported']);
      expect((await store.undelivered(BOB, 9)).map((m) => m.kind)).toEqual(['text']);
    });
  });

  describe('cancelling', () => {
    it('[R17] refuses what is queued, without its text; its number goes on as nothing', async () => {
      await store.commitOutgoing(textTo(BOB, 2), wall(T0));
      expect(await store.cancel(messageId(2))).toMatchObject({ state: 'refused', reason: 'cancelled', text: '' });
      expect((await store.undelivered(BOB, 9)).map((m) => [m.sequence, m.kind])).toEqual([
        [1, 'text'],
        [2, 'void'],
      ]);
      expect(await store.cancel(messageId(2))).toBeUndefined();
      await receipt(1, 2);
      expect(await store.cancel(ONE)).toBeUndefined();
      expect(await store.cancel(messageId(99))).toBeUndefined();
      expect(await store.undelivered(BOB, 9)).toEqual([]);
    });

    it('leaves other chats alone, whatever a change names', async () => {
      await store.commitOutgoing(textTo(CAROL, 5, { kind: 'recall', text: '', target: ONE }), wall(T0));
      expect(await shown()).toEqual(['text 1']);
    });
  });

  it('[R17] changes go on with a new incarnation', async () => {
    await change(2, { kind: 'edit', text: 'better' });
    await store.updateProfile({ incarnation: INCARNATION_B });
    expect((await store.undelivered(BOB, 9)).map((m) => [m.kind, m.sequence, m.text])).toEqual([
      ['text', 1, 'text 1'],
      ['edit', 2, 'better'],
    ]);
    expect(await store.message(ONE)).toMatchObject({ text: 'better', pendingChanges: 1 });
  });

  function change(n: number, content: Partial<OutgoingContent>) {
    return store.commitOutgoing(textTo(BOB, n, { text: '', target: ONE, ...content }), wall(T0 + n));
  }

  async function receive(sequence: number, changes: Parameters<typeof incoming>[1]): Promise<void> {
    const [outcome] = await store.commitIncoming([incoming(sequence, changes)], wall(T0));
    expect(outcome?.kind).toBe('committed');
  }

  function receipt(from: number, to: number) {
    return store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from, to }], BOBS_DEVICE);
  }

  async function shown(): Promise<readonly string[]> {
    return (await store.messages({ chat: BOB, limit: 100 })).map((m) => m.text);
  }

  function copies(...items: readonly [number, Parameters<typeof incoming>[1]][]) {
    return items.map(([sequence, changes]) => {
      const { chat, device, content } = incoming(sequence, { messageId: messageId(500 + sequence), ...changes });
      return { chat, device, refused: false, content };
    });
  }
}
