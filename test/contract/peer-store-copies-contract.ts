import type { DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { CopiedContent, OwnContent, PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  CAROL,
  type ContentChanges,
  INCARNATION_A,
  INCARNATION_B,
  messageId,
  numbered,
  OWN_DEVICE,
  stamp,
  textTo,
  wall,
} from './peer-store-samples.ts';

const LAPTOP = '1a'.repeat(16) as DeviceId;
const LAPTOPS = '1b'.repeat(8) as Incarnation;
const LOST = '1c'.repeat(8) as Incarnation;

/** Own messages that are not this device's to send. Bob's first device is met. */
export function peerStoreCopiesContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  describe('[R19] copies for the own other devices', () => {
    it('are of all that is sent from when the device is known, of every chat, in order', async () => {
      await store.commitOutgoing(textTo(BOB, 1), wall(1));
      await store.meetOwnDevices([LAPTOP]);
      await store.commitOutgoing(textTo(BOB, 2), wall(2));
      await store.commitOutgoing(textTo(CAROL, 3), wall(3));
      await store.commitOutgoing(textTo(BOB, 4, { kind: 'recall', text: '', target: messageId(1) }), wall(4));
      expect(await uncopied()).toEqual([messageId(2), messageId(3), messageId(4)]);
      expect(await store.uncopiedTo(LAPTOP, 1)).toHaveLength(1);
      const [first] = await store.uncopiedTo(LAPTOP, 1);
      await copied(3);
      await store.noteCopied(LAPTOP, first!.copyPlace);
      expect(await uncopied()).toEqual([messageId(4)]);
      await store.meetOwnDevices([]);
      expect(await uncopied()).toEqual([]);
      await store.meetOwnDevices([LAPTOP]);
      expect(await uncopied()).toEqual([]);
    });

    it('go again from the oldest on that the own device lacks, or from further back', async () => {
      await store.meetOwnDevices([LAPTOP]);
      for (const n of [1, 2, 3, 4]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      await copied(4);
      await store.forgetCopied(LAPTOP, [messageId(4), messageId(3), messageId(77)], 0);
      expect(await uncopied()).toEqual([messageId(3), messageId(4)]);
      await store.forgetCopied(LAPTOP, [messageId(4)], 0);
      await store.forgetCopied(LAPTOP, [messageId(77)], 9);
      expect(await uncopied()).toEqual([messageId(3), messageId(4)]);
      await store.forgetCopied(LAPTOP, [messageId(4)], 9);
      expect(await uncopied()).toHaveLength(4);
    });

    it('that are to go again while they are put take none of the others along', async () => {
      await store.meetOwnDevices([LAPTOP]);
      for (const n of [1, 2, 3]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      const [underWay] = await store.uncopiedTo(LAPTOP, 1);
      await store.cancel(messageId(1));
      await store.noteCopied(LAPTOP, underWay!.copyPlace);
      expect((await store.uncopiedTo(LAPTOP, 9)).map((m) => [m.id, m.kind])).toEqual([
        [messageId(2), 'text'],
        [messageId(3), 'text'],
        [messageId(1), 'void'],
      ]);
    });

    it('[R17] go again when a message has another number, and when it was refused', async () => {
      await store.meetOwnDevices([LAPTOP]);
      await store.commitOutgoing(textTo(BOB, 1), wall(1));
      await store.commitOutgoing(textTo(BOB, 2), wall(2));
      await copied(2);
      await store.cancel(messageId(2));
      expect((await store.uncopiedTo(LAPTOP, 9)).map((m) => [m.id, m.kind])).toEqual([[messageId(2), 'void']]);
      await store.updateProfile({ incarnation: INCARNATION_B });
      expect((await store.uncopiedTo(LAPTOP, 9)).map((m) => [m.id, m.incarnation, m.kind])).toEqual([
        [messageId(1), INCARNATION_B, 'text'],
        [messageId(2), INCARNATION_B, 'void'],
      ]);
    });

    it('are followed by what became of them, as far as it reaches without a gap', async () => {
      await store.meetOwnDevices([LAPTOP]);
      for (const n of [1, 2, 3]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      expect(await store.copyStatesOwed(LAPTOP)).toEqual([]);
      await receipt('delivered', 1, 2);
      await receipt('read', 1, 1);
      const state = { chat: BOB, incarnation: INCARNATION_A };
      expect(await store.copyStatesOwed(LAPTOP)).toEqual([{ ...state, deliveredUpTo: 2, readUpTo: 1 }]);
      await store.noteCopyStatesTold(LAPTOP, BOB, [{ incarnation: INCARNATION_A, deliveredUpTo: 2, readUpTo: 0 }]);
      expect(await store.copyStatesOwed(LAPTOP)).toEqual([{ ...state, deliveredUpTo: 2, readUpTo: 1 }]);
      await store.noteCopyStatesTold(LAPTOP, BOB, [{ incarnation: INCARNATION_A, deliveredUpTo: 2, readUpTo: 1 }]);
      expect(await store.copyStatesOwed(LAPTOP)).toEqual([]);
    });

    it('can be asked for again, whatever was told, the newest numberings last', async () => {
      await store.meetOwnDevices([LAPTOP]);
      for (const n of [1, 2]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      expect(await store.copyStates(BOB, 9)).toEqual([]);
      await receipt('delivered', 1, 2);
      const first = { incarnation: INCARNATION_A, deliveredUpTo: 2, readUpTo: 0 };
      await store.noteCopyStatesTold(LAPTOP, BOB, [first]);
      await store.updateProfile({ incarnation: INCARNATION_B });
      await store.commitOutgoing(textTo(BOB, 3), wall(3));
      await store.applyReceipt(BOB, INCARNATION_B, 'read', [{ from: 1, to: 1 }], BOBS_DEVICE);
      const second = { incarnation: INCARNATION_B, deliveredUpTo: 1, readUpTo: 1 };
      expect(await store.copyStates(BOB, 9)).toEqual([first, second]);
      expect(await store.copyStates(BOB, 1)).toEqual([second]);
    });

    it('[R17] tell nothing false of numbers whose messages have others now', async () => {
      await store.meetOwnDevices([LAPTOP]);
      for (const n of [1, 2, 3]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      await receipt('delivered', 1, 1);
      await store.updateProfile({ incarnation: INCARNATION_B });
      await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
      expect(await store.copyStatesOwed(LAPTOP)).toEqual([
        { chat: BOB, incarnation: INCARNATION_A, deliveredUpTo: 1, readUpTo: 0 },
      ]);
    });
  });

  describe('[R19] copies that came', () => {
    it('are own messages of the other device, in any order, once, and not for this one to send', async () => {
      const committed = await store.commitCopies([copy(2), copy(1), copy(2)], wall(1));
      expect(committed.map(({ message }) => [message.sequence, message.direction, message.state])).toEqual([
        [2, 'out', 'queued'],
        [1, 'out', 'queued'],
      ]);
      expect(await store.commitCopies([copy(1)], wall(1))).toEqual([]);
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.text, m.device])).toEqual([
        ['from bob 1', LAPTOP],
        ['from bob 2', LAPTOP],
      ]);
      expect(await store.undelivered(BOB, 9)).toEqual([]);
      expect(await store.undeliveredTo(BOB, BOBS_DEVICE, 9)).toEqual([]);
      expect(await store.chatsWithUndelivered()).toEqual([]);
      expect((await store.commitOutgoing(textTo(BOB, 1), wall(1))).message).toMatchObject({
        sequence: 1,
        stamp: stamp(10, 3),
      });
    });

    it('get their states from their sender alone, never backwards', async () => {
      await store.commitCopies(
        [copy(1), copy(2), copy(3, { type: 'edit', target: messageId(601), text: 'b' })],
        wall(1),
      );
      expect(await store.message(messageId(601))).toMatchObject({ text: 'b', pendingChanges: 1 });
      const ranges = [{ from: 1, to: 99 }];
      expect(await store.applyReceipt(BOB, LAPTOPS, 'read', ranges, BOBS_DEVICE)).toEqual([]);
      expect(await store.applyCopyReceipt(BOB, OWN_DEVICE, LAPTOPS, 'read', ranges)).toEqual([]);
      const changed = await store.applyCopyReceipt(BOB, LAPTOP, LAPTOPS, 'delivered', ranges);
      expect(changed.map((m) => [m.id, m.state, m.pendingChanges])).toEqual([
        [messageId(601), 'delivered', 1],
        [messageId(602), 'delivered', 0],
        [messageId(603), 'delivered', 0],
        [messageId(601), 'delivered', 0],
      ]);
      expect(await store.applyCopyReceipt(BOB, LAPTOP, LAPTOPS, 'read', [{ from: 1, to: 1 }])).toHaveLength(1);
      expect(await store.applyCopyReceipt(BOB, LAPTOP, LAPTOPS, 'delivered', ranges)).toEqual([]);
    });

    it('[DL58] take the place of what a friend had given back of them, and change what that had changed', async () => {
      await store.commitOutgoing(textTo(BOB, 1), wall(1));
      const invented = { incarnation: LAPTOPS, stamp: stamp(9_000_000_000, 0) };
      await store.commitReturned(
        [
          returned(1, { ...invented, messageId: messageId(601), text: 'forged' }),
          returned(2, { ...invented, messageId: messageId(602), text: 'of an edit' }),
          returned(3, { ...invented, type: 'edit', target: messageId(601), text: 'edited' }),
          returned(4, { ...invented, type: 'reaction', target: messageId(601), text: '👎' }),
        ],
        wall(1),
      );
      expect(await store.message(messageId(601))).toMatchObject({ text: 'edited', returned: true });
      const committed = await store.commitCopies(
        [
          copy(1, { text: 'genuine', stamp: stamp(700, 0) }),
          copy(2, { type: 'edit', target: messageId(601), text: 'corrected', stamp: stamp(800, 0) }),
        ],
        wall(2),
      );
      expect(committed.map(({ message, isKnown }) => [message.id, message.state, isKnown])).toEqual([
        [messageId(601), 'queued', true],
        [messageId(602), 'queued', true],
      ]);
      const shown = { text: 'corrected', device: LAPTOP, stamp: stamp(700, 0), returned: false, reactions: [] };
      expect(await store.message(messageId(601))).toMatchObject(shown);
      const ids = async () => (await store.messages({ chat: BOB, limit: 9 })).map((m) => m.id);
      expect(await ids()).toEqual([messageId(1), messageId(601)]);
      expect(await store.search({ text: 'forged', limit: 9 })).toEqual([]);
      expect(await store.search({ text: 'corrected', since: wall(1), until: wall(1_000), limit: 9 })).toHaveLength(1);
      const changed = await store.applyCopyReceipt(BOB, LAPTOP, LAPTOPS, 'delivered', [{ from: 1, to: 2 }]);
      expect(changed.map((m) => [m.id, m.state])).toContainEqual([messageId(601), 'delivered']);
      // What its device says stays, whoever gives it back and whichever copy comes again.
      await store.commitReturned([returned(1, { ...invented, messageId: messageId(601), text: 'forged' })], wall(3));
      await store.commitCopies([copy(1, { text: 'genuine', stamp: stamp(700, 0) })], wall(3));
      expect(await store.message(messageId(601))).toMatchObject({ ...shown, state: 'delivered' });
      const { copyPlace } = (await store.uncopiedTo(LAPTOP, 9)).at(-1) ?? { copyPlace: 0 };
      expect(copyPlace).toBe(0);
    });

    it('[DL58] bring back what a recall that was given back had emptied, and nothing that was deleted here', async () => {
      const invented = { incarnation: LAPTOPS, stamp: stamp(9_000, 0) };
      await store.commitReturned(
        [
          returned(1, { ...invented, messageId: messageId(601) }),
          returned(2, { ...invented, type: 'recall', target: messageId(601) }),
          returned(3, { ...invented, messageId: messageId(603) }),
        ],
        wall(1),
      );
      expect(await store.message(messageId(601))).toMatchObject({ text: '', recalled: true });
      expect(await store.deleteMessages(BOB, [messageId(603)])).toBe(1);
      await store.commitCopies([copy(1, { text: 'genuine' }), copy(3)], wall(2));
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.text, m.recalled])).toEqual([
        ['genuine', false],
      ]);
      await store.commitCopies([copy(2, { type: 'recall', target: messageId(601), stamp: stamp(9_001, 0) })], wall(3));
      expect(await store.message(messageId(601))).toMatchObject({ text: '', recalled: true, returned: false });
    });

    it('[R17] that come again take their new number; one that was refused is gone', async () => {
      await store.commitCopies([copy(1), copy(2)], wall(1));
      const anew = { incarnation: LOST, messageId: messageId(601) };
      await store.commitCopies([copy(1, anew)], wall(1));
      expect(await store.applyCopyReceipt(BOB, LAPTOP, LAPTOPS, 'delivered', [{ from: 1, to: 1 }])).toEqual([]);
      expect(await store.applyCopyReceipt(BOB, LAPTOP, LOST, 'delivered', [{ from: 1, to: 1 }])).toHaveLength(1);
      const [gone] = await store.commitCopies([copy(2, { type: 'void' }, true)], wall(1));
      expect(gone?.message).toMatchObject({ id: messageId(602), kind: 'void', text: '' });
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => m.id)).toEqual([messageId(601)]);
    });

    it('[DL58] that come again without their text, which is gone there, stay until a recall of them comes', async () => {
      await store.commitCopies([copy(1, { text: 'recalled' }), copy(2, { text: 'deleted there' })], wall(1));
      const again = [copy(1, { type: 'void' }), copy(2, { type: 'void' })];
      expect(await store.commitCopies(again, wall(2))).toEqual([]);
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.text, m.state])).toEqual([
        ['recalled', 'queued'],
        ['deleted there', 'queued'],
      ]);
      await store.commitCopies([copy(3, { type: 'recall', target: messageId(601), stamp: stamp(9_001, 0) })], wall(3));
      expect(await store.message(messageId(601))).toMatchObject({ kind: 'text', state: 'queued', recalled: true });
    });
  });

  describe('[R17] own messages that come back', () => {
    it('are asked for from where this profile ends, and fill what is missing', async () => {
      expect(await missing(LOST, 5)).toEqual({ from: 1, to: 5 });
      const committed = await store.commitReturned([returned(1), returned(2), returned(4), returned(2)], wall(1));
      expect(committed.map(({ message }) => [message.sequence, message.state, message.returned])).toEqual([
        [1, 'delivered', true],
        [2, 'delivered', true],
        [4, 'delivered', true],
      ]);
      expect(await missing(LOST, 5)).toEqual({ from: 3, to: 3 });
      await store.commitReturned([returned(3, { type: 'void' })], wall(1));
      expect(await missing(LOST, 5)).toEqual({ from: 5, to: 5 });
      expect(await missing(LOST, 4)).toBeUndefined();
    });

    it('never change what is here, and a number whose message is here already is filled all the same', async () => {
      await store.commitOutgoing(textTo(BOB, 1), wall(1));
      expect(await missing(INCARNATION_A, 1)).toBeUndefined();
      expect(await store.commitReturned([returned(1, { messageId: messageId(1), text: 'forged' })], wall(1))).toEqual(
        [],
      );
      expect(await store.message(messageId(1))).toMatchObject({ text: 'text 1', state: 'queued' });
      expect(await missing(LOST, 2)).toEqual({ from: 2, to: 2 });
      expect(
        await store.commitReturned([returned(1, { incarnation: INCARNATION_A, messageId: messageId(9) })], wall(1)),
      ).toEqual([]);
    });

    it('[DL53] change no own message that never was away, whether they edit, recall or react', async () => {
      await store.commitOutgoing(textTo(BOB, 1), wall(20));
      await store.commitOutgoing(
        textTo(BOB, 2, { kind: 'reaction', text: '👍', target: messageId(1), on: true }),
        wall(21),
      );
      const about = { target: messageId(1), stamp: stamp(30, 0) };
      const invented = [
        returned(1, { type: 'edit', text: 'forged', ...about }),
        returned(2, { type: 'reaction', text: '👍', on: false, ...about }),
        returned(3, { type: 'reaction', text: '👎', on: true, ...about }),
        returned(4, { type: 'recall', ...about }),
        returned(5, { type: 'edit', target: messageId(720), text: 'of one that comes', stamp: stamp(30, 0) }),
      ];
      expect(await store.commitReturned(invented, wall(1))).toHaveLength(5);
      const [genuine] = await store.messages({ chat: BOB, limit: 9 });
      const reactions = [{ emoji: '👍', mine: true }];
      expect(genuine).toMatchObject({
        text: 'text 1',
        editedAt: undefined,
        recalled: false,
        returned: false,
        reactions,
      });
      await store.commitCopies([copy(1, { messageId: messageId(720), text: 'of the laptop' })], wall(1));
      expect(await store.message(messageId(720))).toMatchObject({ text: 'of the laptop', returned: false });
    });

    it('are not sent to anybody, and change each other', async () => {
      await store.commitReturned(
        [
          returned(1),
          returned(2, { type: 'edit', target: messageId(701), text: 'edited' }),
          returned(3, { type: 'recall', target: messageId(704) }),
          returned(4),
        ],
        wall(1),
      );
      await store.commitOutgoing(textTo(BOB, 1), wall(20));
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => [m.text, m.returned])).toEqual([
        ['edited', true],
        ['', true],
        ['text 1', false],
      ]);
      expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 9)).map((m) => m.text)).toEqual(['text 1']);
      await store.meetOwnDevices([LAPTOP]);
      expect(await uncopied()).toEqual([]);
    });
  });

  it('[R17] miss the numbers that were given and taken back: another copy of the profile may have used them', async () => {
    await store.commitOutgoing(textTo(BOB, 1), wall(1));
    await receipt('delivered', 1, 1);
    await store.commitOutgoing(textTo(BOB, 2), wall(2));
    expect(await missing(INCARNATION_A, 3)).toEqual({ from: 3, to: 3 });
    await store.updateProfile({ incarnation: INCARNATION_B });
    expect(await missing(INCARNATION_A, 3)).toEqual({ from: 2, to: 3 });
  });

  async function copied(n: number): Promise<void> {
    const { copyPlace } = (await store.uncopiedTo(LAPTOP, 100)).find(({ id }) => id === messageId(n)) ?? {
      copyPlace: 0,
    };
    await store.noteCopied(LAPTOP, copyPlace);
  }

  async function uncopied(): Promise<readonly string[]> {
    return (await store.uncopiedTo(LAPTOP, 100)).map((m) => m.id);
  }

  function receipt(kind: 'delivered' | 'read', from: number, to: number) {
    return store.applyReceipt(BOB, INCARNATION_A, kind, [{ from, to }], BOBS_DEVICE);
  }

  function missing(incarnation: Incarnation, upTo: number) {
    return store.missingOwn(BOB, OWN_DEVICE, incarnation, upTo);
  }

  function copy(sequence: number, changes: ContentChanges = {}, refused = false): CopiedContent {
    const content = numbered(sequence, { incarnation: LAPTOPS, messageId: messageId(600 + sequence), ...changes });
    return { chat: BOB, device: LAPTOP, refused, content };
  }

  function returned(sequence: number, changes: ContentChanges = {}): OwnContent {
    const content = numbered(sequence, { incarnation: LOST, messageId: messageId(700 + sequence), ...changes });
    return { chat: BOB, device: OWN_DEVICE, content };
  }
}
