import type { PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  CAROL,
  INCARNATION_A,
  INCARNATION_B,
  incoming,
  messageId,
  PROFILE,
  stamp,
  textTo,
  wall,
} from './peer-store-samples.ts';

const HOUR_MS = 3_600_000;
const NOW = 1_800_000_000_000;
const WRONG = NOW + 72 * HOUR_MS;
const SYSTEM = messageId(50);

/** Stamps of a clock that was days ahead (R16). */
export function peerStoreStampsContract(current: () => PeerStore): void {
  describe('stamps from a wrong clock', () => {
    let store: PeerStore;

    beforeEach(() => {
      store = current();
    });

    const commit = (n: number, at: number, changes = {}) => store.commitOutgoing(textTo(BOB, n, changes), wall(at));
    const stampAnew = () => store.stampAnew(INCARNATION_B, wall(NOW));
    const stamps = async () => (await store.messages({ chat: BOB, limit: 50 })).map(({ id, stamp: at }) => [id, at]);

    it('[DL4] change nothing while nothing is more than a day ahead', async () => {
      await commit(1, NOW + 24 * HOUR_MS);
      const change = await store.lastChange();
      expect(await stampAnew()).toEqual([]);
      expect(await store.lastChange()).toBe(change);
      expect(await store.profile()).toEqual(PROFILE);
      expect((await commit(2, NOW)).message.stamp).toEqual(stamp(NOW + 24 * HOUR_MS, 1));
    });

    it('[DL4] are given anew in their order, behind what the conversation has, with new numbers and the old ids', async () => {
      await commit(1, NOW - HOUR_MS);
      await store.commitIncoming([incoming(1, { stamp: stamp(NOW + HOUR_MS, 7) })], wall(NOW));
      await store.commitSystem(BOB, SYSTEM, 'key-accepted', wall(WRONG));
      for (const n of [2, 3]) await commit(n, WRONG);
      const changed = await stampAnew();
      expect(changed.map((row) => [row.id, row.stamp, row.incarnation, row.sequence])).toEqual([
        [SYSTEM, stamp(NOW + HOUR_MS, 8), INCARNATION_A, 0],
        [messageId(2), stamp(NOW + HOUR_MS, 9), INCARNATION_B, 2],
        [messageId(3), stamp(NOW + HOUR_MS, 10), INCARNATION_B, 3],
      ]);
      expect((await stamps()).slice(2)).toEqual(changed.map((row) => [row.id, row.stamp]));
      expect((await store.profile())?.incarnation).toBe(INCARNATION_B);
      const undelivered = await store.undeliveredTo(BOB, BOBS_DEVICE, 10);
      expect(undelivered.map((row) => [row.id, row.incarnation, row.sequence, row.stamp])).toEqual([
        [messageId(1), INCARNATION_B, 1, stamp(NOW - HOUR_MS, 0)],
        [messageId(2), INCARNATION_B, 2, stamp(NOW + HOUR_MS, 9)],
        [messageId(3), INCARNATION_B, 3, stamp(NOW + HOUR_MS, 10)],
      ]);
      expect((await commit(4, NOW)).message.stamp).toEqual(stamp(NOW + HOUR_MS, 11));
      expect(await stampAnew()).toEqual([]);
    });

    it("[DL4] are from the server's time on, and without the reason, where nothing is newer", async () => {
      await commit(1, WRONG);
      await store.applyRefusal(BOB, INCARNATION_A, 1, 'clock', BOBS_DEVICE);
      expect(await stampAnew()).toMatchObject([{ stamp: stamp(NOW, 0), state: 'queued', reason: '' }]);
      expect((await commit(2, NOW + 1)).message.stamp).toEqual(stamp(NOW + 1, 0));
    });

    it('[DL4] stay where a device of the friend has committed them; the clock goes back all the same', async () => {
      await commit(1, WRONG);
      await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
      expect(await stampAnew()).toEqual([]);
      expect(await store.profile()).toEqual(PROFILE);
      expect((await store.message(messageId(1)))?.stamp).toEqual(stamp(WRONG, 0));
      expect((await commit(2, NOW)).message.stamp).toEqual(stamp(NOW, 0));
    });

    it('[DL4] of one chat leave the stamps of others, whose numbers change with them', async () => {
      await commit(1, WRONG);
      await store.commitOutgoing(textTo(CAROL, 2), wall(NOW));
      expect((await stampAnew()).map(({ id }) => id)).toEqual([messageId(1)]);
      expect(await store.undelivered(CAROL, 10)).toMatchObject([
        { incarnation: INCARNATION_B, sequence: 1, stamp: stamp(NOW, 0) },
      ]);
    });

    it('[DL4] of voids are given anew, too: the numbers behind them wait for these', async () => {
      await commit(1, WRONG);
      await store.cancel(messageId(1));
      expect(await stampAnew()).toMatchObject([{ state: 'refused', reason: 'cancelled' }]);
      expect(await store.undelivered(BOB, 10)).toMatchObject([{ kind: 'void', stamp: stamp(NOW, 0) }]);
    });

    it('[DL4] of edits and reactions count in their new place', async () => {
      await commit(1, NOW - HOUR_MS);
      const about = (n: number) => ({ target: messageId(n) });
      await commit(2, WRONG, { kind: 'edit', text: 'better', ...about(1) });
      await commit(3, WRONG, { kind: 'reaction', text: '👍', on: true, ...about(1) });
      expect((await store.message(messageId(1)))?.text).toBe('text 1');
      const changed = await stampAnew();
      expect(changed.map(({ id }) => id)).toEqual([2, 3, 1].map(messageId));
      expect(await store.message(messageId(1))).toMatchObject({
        text: 'better',
        editedAt: NOW,
        reactions: [{ emoji: '👍', mine: true }],
      });
      await commit(4, NOW, { kind: 'reaction', text: '👍', on: false, ...about(1) });
      expect((await store.message(messageId(1)))?.reactions).toEqual([]);
    });

    it('[DL4] go back no further than to the newest change', async () => {
      await commit(1, NOW);
      await commit(2, NOW + 2 * HOUR_MS, { kind: 'reaction', text: '👍', on: true, target: messageId(1) });
      await commit(3, WRONG);
      expect(await stampAnew()).toMatchObject([{ id: messageId(3), stamp: stamp(NOW + 2 * HOUR_MS, 1) }]);
    });
  });
}
