import type { Incarnation } from '@magpie/common/ids.ts';
import { HELD_PER_DEVICE_MAX } from '@magpie/peer/messaging/limits.ts';
import { RECEIPTS_OWED_MAX } from '@magpie/peer/store/limits.ts';
import type { PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  BOBS_TABLET,
  CAROL,
  CAROLS_DEVICE,
  INCARNATION_A,
  INCARNATION_B,
  incoming,
  key,
  mailed,
  messageId,
  THEIR_FIRST,
  THEIR_SECOND,
  textTo,
  theirId,
  wall,
} from './peer-store-samples.ts';

const LATER = wall(5_000);

/** Mailboxes, what is held ahead of gaps, and receipts that are owed. Bob's first device and Carol's are met. */
export function peerStoreMailContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  describe('[R14] mailboxes', () => {
    it('make stored what was queued, for each device by itself', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(3);
      const changed = await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(2)], LATER);
      expect(changed.map((m) => [m.sequence, m.state])).toEqual([
        [1, 'stored'],
        [2, 'stored'],
      ]);
      expect(await unmailed()).toEqual([3]);
      expect(await unmailed(BOBS_TABLET)).toEqual([1, 2, 3]);
      // As long as the other one, so that nothing changes.
      expect(await store.noteMailed(BOBS_TABLET, [messageId(1)], LATER)).toEqual([]);
      expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 9)).map((m) => m.sequence)).toEqual([1, 2, 3]);
    });

    it('are asked for what is missing in the middle, at most as much as wanted', async () => {
      await send(6);
      await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(3), messageId(6)], LATER);
      expect(await unmailed()).toEqual([2, 4, 5]);
      expect((await store.unmailedTo(BOB, BOBS_DEVICE, 2)).map((m) => m.sequence)).toEqual([2, 4]);
      await store.noteMailed(BOBS_DEVICE, [messageId(2), messageId(4), messageId(5)], LATER);
      expect(await unmailed()).toEqual([]);
      await store.forgetMailed(BOBS_DEVICE, [messageId(3)]);
      expect(await unmailed()).toEqual([3]);
    });

    it('say until when the one does that keeps it longest, while it is stored', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(1);
      const expiry = async () => (await store.message(messageId(1)))?.expiresAt;
      expect(await expiry()).toBeUndefined();
      expect(await store.noteMailed(BOBS_DEVICE, [messageId(1)], wall(6_000))).toMatchObject([{ expiresAt: 6_000 }]);
      const cursor = await store.lastChange();
      expect(await store.noteMailed(BOBS_TABLET, [messageId(1)], wall(5_000))).toEqual([]);
      expect(await store.noteMailed(BOBS_TABLET, [messageId(1)], wall(7_000))).toMatchObject([{ expiresAt: 7_000 }]);
      expect(await store.changesSince(cursor, 9)).toMatchObject([{ expiresAt: 7_000 }]);
      expect(await store.meetDevices(BOB, [BOBS_DEVICE])).toMatchObject([{ state: 'stored', expiresAt: 6_000 }]);
      expect(await store.forgetMailed(BOBS_DEVICE, [messageId(1)])).toMatchObject([{ state: 'queued' }]);
      expect(await expiry()).toBeUndefined();
      await store.noteMailed(BOBS_DEVICE, [messageId(1)], wall(8_000));
      expect(await expiry()).toBe(8_000);
      await receipt(1, 1);
      expect(await expiry()).toBeUndefined();
    });

    it('need nothing that is receipted; what comes late of them changes nothing', async () => {
      await send(2);
      await store.noteMailed(BOBS_DEVICE, [messageId(1)], LATER);
      await receipt(1, 2);
      expect(await unmailed()).toEqual([]);
      expect(await store.noteMailed(BOBS_DEVICE, [messageId(2)], LATER)).toEqual([]);
      expect(await store.expireMailed(wall(9_000))).toEqual([]);
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => m.state)).toEqual(['delivered', 'delivered']);
    });

    it('[SV122] are forgotten when they are others than those that were known, as after a restore', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      const first = new Uint8Array(8).fill(1);
      await send(3);
      await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(2)], LATER);
      await store.noteMailed(BOBS_TABLET, [messageId(2)], LATER);
      expect([await store.meetMailboxes(first), await store.meetMailboxes(first.slice())]).toEqual([[], []]);
      expect(await unmailed()).toEqual([3]);
      const changed = await store.meetMailboxes(new Uint8Array(8).fill(2));
      const last = changed.filter(({ id }, at) => !changed.slice(at + 1).some((later) => later.id === id));
      expect(last.map(({ sequence, state, reason }) => [sequence, state, reason]).toSorted()).toEqual([
        [1, 'queued', ''],
        [2, 'queued', ''],
      ]);
      expect([await unmailed(), await unmailed(BOBS_TABLET)]).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect(await store.meetMailboxes(new Uint8Array(8).fill(2))).toEqual([]);
    });

    it('[R15] drop what expired: queued again with the reason, when it is in no other one', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(2);
      await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(2)], wall(5_000));
      await store.noteMailed(BOBS_TABLET, [messageId(2)], wall(6_000));
      expect(await store.expireMailed(wall(4_999))).toEqual([]);
      expect(await store.expireMailed(wall(5_000))).toMatchObject([
        { sequence: 1, state: 'queued', reason: 'expired' },
      ]);
      expect(await unmailed()).toEqual([1, 2]);
      expect(await unmailed(BOBS_TABLET)).toEqual([1]);
      expect(await store.expireMailed(wall(6_000))).toMatchObject([
        { sequence: 2, state: 'queued', reason: 'expired' },
      ]);
      expect(await store.noteMailed(BOBS_DEVICE, [messageId(1)], wall(9_000))).toMatchObject([
        { state: 'stored', reason: '' },
      ]);
    });

    it('[R15] that refuse keep it queued with the reason, unless another one has it', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(1);
      const refused = await store.noteMailRefused(BOBS_DEVICE, messageId(1), 'mailbox-full');
      expect(refused).toMatchObject([{ state: 'queued', reason: 'mailbox-full' }]);
      expect(await store.noteMailRefused(BOBS_DEVICE, messageId(1), 'mailbox-full')).toEqual([]);
      await store.noteMailed(BOBS_TABLET, [messageId(1)], LATER);
      expect(await store.noteMailRefused(BOBS_DEVICE, messageId(1), 'mailbox-full')).toEqual([]);
      expect(await store.message(messageId(1))).toMatchObject({ state: 'stored', reason: '' });
    });

    it('[R16] of which one is refused for its stamp lose that one alone', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(1);
      await store.noteMailed(BOBS_DEVICE, [messageId(1)], LATER);
      await store.noteMailed(BOBS_TABLET, [messageId(1)], LATER);
      expect(await store.applyRefusal(BOB, INCARNATION_A, 1, 'clock', BOBS_DEVICE)).toEqual([]);
      expect(await store.message(messageId(1))).toMatchObject({ state: 'stored', reason: '' });
      expect([await unmailed(), await unmailed(BOBS_TABLET)]).toEqual([[1], []]);
      const [refused] = await store.applyRefusal(BOB, INCARNATION_A, 1, 'clock', BOBS_TABLET);
      expect(refused).toMatchObject({ state: 'queued', reason: 'clock' });
    });

    it('[R9] whose owner cannot open something are given it again', async () => {
      await send(2);
      await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(2)], LATER);
      expect(await store.forgetMailed(BOBS_DEVICE, [messageId(1), messageId(77)])).toMatchObject([
        { sequence: 1, state: 'queued', reason: '' },
      ]);
      expect(await store.forgetMailed(BOBS_DEVICE, [messageId(1)])).toEqual([]);
      expect(await unmailed()).toEqual([1]);
    });

    it('[R17] are given again what has another number, which is stored all the same until it expires', async () => {
      await send(2);
      await store.noteMailed(BOBS_DEVICE, [messageId(1)], LATER);
      await store.updateProfile({ incarnation: INCARNATION_B });
      expect((await store.unmailedTo(BOB, BOBS_DEVICE, 9)).map((m) => [m.sequence, m.incarnation, m.state])).toEqual([
        [1, INCARNATION_B, 'stored'],
        [2, INCARNATION_B, 'queued'],
      ]);
      expect(await store.expireMailed(LATER)).toMatchObject([{ sequence: 1, state: 'queued', reason: 'expired' }]);
      await store.noteMailed(BOBS_DEVICE, [messageId(1), messageId(2)], wall(9_000));
      expect(await unmailed()).toEqual([]);
    });

    it('of a device that left the list are forgotten, with its key', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await store.saveMailKeys([{ device: BOBS_TABLET, key: key(4) }]);
      await send(1);
      await store.noteMailed(BOBS_TABLET, [messageId(1)], LATER);
      expect(await store.meetDevices(BOB, [BOBS_DEVICE])).toMatchObject([{ id: messageId(1), state: 'queued' }]);
      expect(await store.message(messageId(1))).toMatchObject({ state: 'queued' });
      expect(await store.mailKeys([BOBS_TABLET])).toEqual([]);
      expect(await store.noteMailed(BOBS_TABLET, [messageId(1)], LATER)).toEqual([]);
    });

    it('have one key each: the one that was saved last', async () => {
      expect(await store.mailKeys([BOBS_DEVICE])).toEqual([]);
      await store.saveMailKeys([
        { device: BOBS_DEVICE, key: key(1) },
        { device: CAROLS_DEVICE, key: key(2) },
      ]);
      await store.saveMailKeys([{ device: BOBS_DEVICE, key: key(3) }]);
      expect(await store.mailKeys([BOBS_DEVICE, BOBS_TABLET])).toEqual([{ device: BOBS_DEVICE, key: key(3) }]);
    });
  });

  describe('what comes by mail ahead of its turn', () => {
    it('is held on disk and follows by itself, in order, in one step', async () => {
      const held = await store.commitIncoming([mailed(3), mailed(2), mailed(3), incoming(4)], wall(1));
      expect(held.map((o) => o.kind)).toEqual(['held', 'held', 'held', 'gap']);
      expect(await store.messages({ chat: BOB, limit: 9 })).toEqual([]);
      const [outcome] = await store.commitIncoming([incoming(1)], wall(1));
      expect(outcome).toMatchObject({
        kind: 'committed',
        message: { sequence: 1 },
        followed: [{ message: { sequence: 2 } }, { message: { sequence: 3 } }],
        upTo: 3,
      });
      expect((await store.messages({ chat: BOB, limit: 9 })).map((m) => m.sequence)).toEqual([1, 2, 3]);
      expect(await store.gaps()).toEqual([]);
    });

    it('names what is missing before it', async () => {
      await store.commitIncoming([incoming(1), mailed(4), mailed(5), mailed(8)], wall(1));
      await store.commitIncoming([{ ...mailed(3, { messageId: theirId(90) }), chat: CAROL }], wall(1));
      const place = { chat: BOB, device: BOBS_DEVICE, incarnation: THEIR_FIRST };
      expect(await store.gaps(BOB)).toEqual([
        { ...place, from: 2, to: 3 },
        { ...place, from: 6, to: 7 },
      ]);
      expect(await store.gaps()).toHaveLength(3);
    });

    it('also follows a double that filled the gap, and an opening', async () => {
      await store.commitIncoming([incoming(1)], wall(1));
      const again = { messageId: theirId(1), incarnation: THEIR_SECOND };
      const next = { messageId: theirId(2), incarnation: THEIR_SECOND };
      await store.commitIncoming([mailed(2, next)], wall(1));
      const [outcome] = await store.commitIncoming([incoming(1, again)], wall(1));
      expect(outcome).toMatchObject({ kind: 'duplicate', followed: [{ message: { sequence: 2 } }] });
      await store.commitIncoming([mailed(5), mailed(6), mailed(9)], wall(1));
      const followed = await store.openNumbering(BOB, BOBS_DEVICE, THEIR_FIRST, 6);
      expect(followed).toMatchObject([{ message: { sequence: 6 } }]);
      expect(await store.gaps()).toMatchObject([{ from: 7, to: 8 }]);
    });

    it('has a limit for each device', async () => {
      const many = Array.from({ length: HELD_PER_DEVICE_MAX + 1 }, (_, n) => mailed(n + 2));
      const outcomes = await store.commitIncoming(many, wall(1));
      expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(HELD_PER_DEVICE_MAX);
      expect(outcomes.at(-1)).toEqual({ kind: 'gap', next: 1 });
      const [all] = await store.commitIncoming([incoming(1)], wall(1));
      expect(all).toMatchObject({ upTo: HELD_PER_DEVICE_MAX + 1 });
    });
  });

  describe('[R18] receipts', () => {
    it('are owed until the device was told, and again when there is more', async () => {
      expect(await store.receiptsOwed()).toEqual([]);
      await store.commitIncoming([incoming(1), incoming(2)], wall(1));
      const numbering = { device: BOBS_DEVICE, incarnation: THEIR_FIRST };
      expect(await store.receiptsOwed()).toEqual([{ chat: BOB, ...numbering, deliveredUpTo: 2, readUpTo: 0 }]);
      await told(2, 0);
      expect(await store.receiptsOwed()).toEqual([]);
      await store.markRead(BOB, theirId(1));
      expect(await store.receiptsOwed()).toEqual([{ chat: BOB, ...numbering, deliveredUpTo: 2, readUpTo: 1 }]);
      await told(2, 1);
      await told(1, 0);
      expect(await store.receiptsOwed()).toEqual([]);
      await store.commitIncoming([incoming(3)], wall(1));
      expect(await store.receiptsOwed()).toMatchObject([{ deliveredUpTo: 3 }]);
      await store.meetDevices(BOB, []);
      expect(await store.receiptsOwed()).toEqual([]);
    });

    it('are owed of so many numberings of a device at a time, however many it has begun', async () => {
      const many = Array.from({ length: 2 * RECEIPTS_OWED_MAX - 30 }, (_, n) => {
        const incarnation = n.toString(16).padStart(16, '0') as Incarnation;
        return incoming(1, { incarnation, messageId: theirId(100 + n) });
      });
      await store.commitIncoming(many, wall(1));
      const ofCarol = { chat: CAROL, device: CAROLS_DEVICE };
      await store.commitIncoming([{ ...incoming(1, { messageId: theirId(90) }), ...ofCarol }], wall(1));
      const first = await store.receiptsOwed(BOB);
      expect(first).toHaveLength(RECEIPTS_OWED_MAX);
      await store.noteReceiptsTold(BOB, BOBS_DEVICE, first);
      const rest = await store.receiptsOwed(BOB);
      expect(new Set([...first, ...rest].map(({ incarnation }) => incarnation)).size).toBe(many.length);
      await store.noteReceiptsTold(BOB, BOBS_DEVICE, rest);
      expect(await store.receiptsOwed(BOB)).toEqual([]);
      expect(await store.receiptsOwed()).toMatchObject([{ chat: CAROL }]);
    });

    it('are read of the numberings that are named alone', async () => {
      await store.commitIncoming([incoming(1), incoming(2)], wall(1));
      await store.commitIncoming([incoming(1, { incarnation: THEIR_SECOND, messageId: theirId(9) })], wall(1));
      const first = { device: BOBS_DEVICE, incarnation: THEIR_FIRST };
      const unknown = { device: CAROLS_DEVICE, incarnation: THEIR_FIRST };
      expect(await store.receivedUpTo(BOB, [unknown, first])).toEqual([{ ...first, deliveredUpTo: 2, readUpTo: 0 }]);
      expect(await store.receivedUpTo(BOB, [])).toEqual([]);
    });

    it('are told by the numberings in the order in which they began', async () => {
      await store.commitIncoming([incoming(1, { incarnation: THEIR_SECOND, messageId: theirId(9) })], wall(1));
      await store.commitIncoming([incoming(1)], wall(1));
      expect((await store.receivedUpTo(BOB)).map((n) => n.incarnation)).toEqual([THEIR_SECOND, THEIR_FIRST]);
    });
  });

  describe('[R17] what was lost', () => {
    it('is named by tails: the newest numberings that the device gets, without numbers that moved', async () => {
      await send(2);
      await receipt(1, 1);
      await store.updateProfile({ incarnation: INCARNATION_B });
      await store.commitOutgoing(textTo(BOB, 3), wall(1));
      expect(await store.tails(BOB, BOBS_DEVICE, 9)).toEqual([
        { incarnation: INCARNATION_B, upTo: 2 },
        { incarnation: INCARNATION_A, upTo: 1 },
      ]);
      expect(await store.tails(BOB, BOBS_DEVICE, 1)).toHaveLength(1);
      expect(await store.tails(BOB, BOBS_TABLET, 9)).toEqual([]);
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      expect(await store.tails(BOB, BOBS_TABLET, 9)).toEqual([{ incarnation: INCARNATION_B, upTo: 2 }]);
    });

    it('leaves nothing behind of numberings that gave all their numbers away', async () => {
      for (let n = 1; n <= 30; n++) {
        const incarnation = n.toString(16).padStart(16, '0') as Incarnation;
        await store.updateProfile({ incarnation });
        await store.commitOutgoing(textTo(BOB, n), wall(n));
      }
      expect(await store.tails(BOB, BOBS_DEVICE, 99)).toHaveLength(1);
      expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 99)).map((m) => m.sequence)).toHaveLength(30);
      await store.applyReceipt(BOB, '000000000000001e' as Incarnation, 'read', [{ from: 1, to: 30 }], BOBS_DEVICE);
      expect(await store.devicesBehind()).toEqual([]);
    });

    it('is sent again from what is here, whatever was receipted, with nothing in the place of what is gone', async () => {
      await send(4);
      await receipt(1, 2);
      await store.commitOutgoing(textTo(BOB, 5, { kind: 'recall', text: '', target: messageId(2) }), wall(9));
      await store.updateProfile({ incarnation: INCARNATION_B });
      const sent = async (from: number, to: number, limit = 9) =>
        (await store.sentWithin(BOB, INCARNATION_A, from, to, limit)).map((m) => [m.sequence, m.kind, m.text]);
      expect(await sent(1, 99)).toEqual([
        [1, 'text', 'text 1'],
        [2, 'void', ''],
        [3, 'void', ''],
        [4, 'void', ''],
        [5, 'void', ''],
      ]);
      expect(await sent(2, 99, 2)).toHaveLength(2);
      expect(await sent(6, 2 ** 52)).toEqual([]);
      expect(await store.sentWithin(CAROL, INCARNATION_A, 1, 9, 9)).toEqual([]);
      const ids = (await store.sentWithin(BOB, INCARNATION_A, 1, 9, 9)).map((m) => m.id);
      expect(new Set(ids).size).toBe(5);
    });

    it('of a friend is given back as it came', async () => {
      await store.commitIncoming([incoming(1), incoming(2, { type: 'void' }), incoming(3)], wall(1));
      await store.commitIncoming([incoming(1, { messageId: theirId(3), incarnation: THEIR_SECOND })], wall(1));
      const given = await store.receivedWithin(BOB, BOBS_DEVICE, THEIR_FIRST, 1, 9, 9);
      expect(given.map((m) => [m.sequence, m.kind])).toEqual([
        [1, 'text'],
        [2, 'void'],
        [3, 'void'],
      ]);
      expect(await store.receivedWithin(BOB, BOBS_TABLET, THEIR_FIRST, 1, 9, 9)).toEqual([]);
    });
  });

  async function send(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) await store.commitOutgoing(textTo(BOB, n), wall(n));
  }

  function receipt(from: number, to: number) {
    return store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from, to }], BOBS_DEVICE);
  }

  async function unmailed(device = BOBS_DEVICE): Promise<readonly number[]> {
    return (await store.unmailedTo(BOB, device, 100)).map((m) => m.sequence);
  }

  function told(deliveredUpTo: number, readUpTo: number): Promise<void> {
    return store.noteReceiptsTold(BOB, BOBS_DEVICE, [{ incarnation: THEIR_FIRST, deliveredUpTo, readUpTo }]);
  }
}
