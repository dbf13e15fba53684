import type { Incarnation } from '@magpie/common/ids.ts';
import { NUMBERINGS_PER_DEVICE_MAX } from '@magpie/peer/store/limits.ts';
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
  THEIR_FIRST,
  textTo,
  wall,
} from './peer-store-samples.ts';

/** R19: each device of a friend gets every message from when it is known. Bob's first device and Carol's are met already. */
export function peerStoreDevicesContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  describe('[R19] the devices of a friend', () => {
    it('get every message each by itself, though it counts as delivered at the first commit', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(store, 3);
      const changed = await receipt(store, 1, 2, BOBS_TABLET);
      expect(changed.map((m) => [m.sequence, m.state])).toEqual([
        [1, 'delivered'],
        [2, 'delivered'],
      ]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([3]);
      expect(await lacked(store, BOBS_DEVICE)).toEqual([1, 2, 3]);
      expect(await receipt(store, 1, 2, BOBS_DEVICE)).toEqual([]);
      expect(await lacked(store, BOBS_DEVICE)).toEqual([3]);
    });

    it('are listed while they lack something', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      expect(await store.devicesBehind()).toEqual([]);
      await send(store, 1);
      await store.commitOutgoing(textTo(CAROL, 9), wall(1));
      await receipt(store, 1, 1, BOBS_DEVICE);
      expect(await store.devicesBehind()).toEqual([
        { chat: BOB, device: BOBS_TABLET },
        { chat: CAROL, device: CAROLS_DEVICE },
      ]);
    });

    it('are told apart from strangers: who was not met gets nothing and receipts nothing', async () => {
      await send(store, 1);
      expect(await lacked(store, BOBS_TABLET)).toEqual([]);
      expect(await receipt(store, 1, 1, BOBS_TABLET)).toEqual([]);
      expect((await store.undelivered(BOB, 9)).map((m) => m.state)).toEqual(['queued']);
    });

    it('begin, when they are new, with what nobody has committed, and say where that is', async () => {
      await send(store, 4);
      await receipt(store, 1, 2, BOBS_DEVICE);
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([3, 4]);
      expect(await store.openings(BOB, BOBS_TABLET)).toEqual([{ incarnation: INCARNATION_A, from: 3 }]);
      expect(await store.openings(BOB, BOBS_DEVICE)).toEqual([]);
      await receipt(store, 1, 3, BOBS_TABLET);
      expect(await store.openings(BOB, BOBS_TABLET)).toEqual([]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([4]);
    });

    it('begin with the next message when everything is delivered already', async () => {
      await send(store, 2);
      await receipt(store, 1, 2, BOBS_DEVICE);
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([]);
      expect(await store.openings(BOB, BOBS_TABLET)).toEqual([{ incarnation: INCARNATION_A, from: 3 }]);
    });

    it('cannot receipt what was never meant for them: cumulative ranges begin where they began', async () => {
      await send(store, 3);
      await receipt(store, 1, 2, BOBS_DEVICE);
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      const read = await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 3 }], BOBS_TABLET);
      expect(read.map((m) => [m.sequence, m.state])).toEqual([[3, 'read']]);
      const states = (await store.messages({ chat: BOB, limit: 9 })).map((m) => m.state);
      expect(states).toEqual(['delivered', 'delivered', 'read']);
    });

    it('are believed only about numbers that were given', async () => {
      await send(store, 2);
      await receipt(store, 1, 2 ** 53 - 1, BOBS_DEVICE);
      await store.commitOutgoing(textTo(BOB, 7), wall(1));
      expect(await lacked(store, BOBS_DEVICE)).toEqual([3]);
    });

    it('are forgotten when they leave the list, and begin anew when they come back', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(store, 2);
      await receipt(store, 1, 2, BOBS_DEVICE);
      await store.meetDevices(BOB, [BOBS_DEVICE]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([]);
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      expect(await lacked(store, BOBS_TABLET)).toEqual([]);
      expect(await store.openings(BOB, BOBS_TABLET)).toEqual([{ incarnation: INCARNATION_A, from: 3 }]);
    });

    it('[R17] keep what they lack of an old numbering, and get all of a new one', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(store, 3);
      await receipt(store, 1, 2, BOBS_DEVICE);
      await store.updateProfile({ incarnation: INCARNATION_B });
      const numbers = async (device: typeof BOBS_DEVICE) =>
        (await store.undeliveredTo(BOB, device, 9)).map((m) => [m.incarnation, m.sequence, m.text]);
      expect(await numbers(BOBS_DEVICE)).toEqual([[INCARNATION_B, 1, 'text 3']]);
      expect(await numbers(BOBS_TABLET)).toEqual([
        [INCARNATION_A, 1, 'text 1'],
        [INCARNATION_A, 2, 'text 2'],
        [INCARNATION_B, 1, 'text 3'],
      ]);
      expect(await store.openings(BOB, BOBS_TABLET)).toEqual([]);
    });

    it('get a refused number as void, also after another device has filled it', async () => {
      await store.meetDevices(BOB, [BOBS_DEVICE, BOBS_TABLET]);
      await send(store, 2);
      await store.applyRefusal(BOB, INCARNATION_A, 1, 'too-large', BOBS_DEVICE);
      await receipt(store, 1, 2, BOBS_DEVICE);
      expect((await store.undeliveredTo(BOB, BOBS_TABLET, 9)).map((m) => [m.sequence, m.kind, m.text])).toEqual([
        [1, 'void', ''],
        [2, 'text', 'text 2'],
      ]);
    });

    it('are given at most as much as asked for, oldest first', async () => {
      await send(store, 5);
      expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 2)).map((m) => m.sequence)).toEqual([1, 2]);
    });
  });

  describe('[R19] a numbering that begins for us in its middle', () => {
    it('takes what follows, and counts what is below as committed', async () => {
      expect(await store.commitIncoming([incoming(6)], wall(1))).toEqual([{ kind: 'gap', next: 1 }]);
      await store.openNumbering(BOB, BOBS_DEVICE, THEIR_FIRST, 6);
      const [outcome] = await store.commitIncoming([incoming(6)], wall(1));
      expect(outcome?.kind).toBe('committed');
      expect(await store.receivedUpTo(BOB)).toEqual([
        { device: BOBS_DEVICE, incarnation: THEIR_FIRST, deliveredUpTo: 6, readUpTo: 5 },
      ]);
    });

    it('[DL19] is one of a bounded number for each device', async () => {
      const numbering = (n: number) => n.toString(16).padStart(16, '0') as Incarnation;
      const all = Array.from({ length: NUMBERINGS_PER_DEVICE_MAX }, (_, n) => numbering(n + 1));
      await Promise.all(all.map((incarnation) => store.openNumbering(BOB, BOBS_DEVICE, incarnation, 6)));
      expect(await store.openNumbering(BOB, BOBS_DEVICE, THEIR_FIRST, 6)).toBe(false);
      expect(await store.openNumbering(BOB, BOBS_DEVICE, numbering(1), 7)).toEqual([]);
      expect(await store.receivedUpTo(BOB)).toHaveLength(NUMBERINGS_PER_DEVICE_MAX);
      expect(await store.commitIncoming([incoming(1)], wall(1))).toMatchObject([{ kind: 'committed' }]);
    });

    it('never goes back', async () => {
      await store.commitIncoming([incoming(1), incoming(2)], wall(1));
      await store.openNumbering(BOB, BOBS_DEVICE, THEIR_FIRST, 2);
      expect(await store.commitIncoming([incoming(2), incoming(4)], wall(1))).toEqual([
        { kind: 'duplicate' },
        { kind: 'gap', next: 3 },
      ]);
    });
  });
}

async function send(store: PeerStore, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await store.commitOutgoing(textTo(BOB, n), wall(n));
}

function receipt(store: PeerStore, from: number, to: number, device: typeof BOBS_DEVICE) {
  return store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from, to }], device);
}

async function lacked(store: PeerStore, device: typeof BOBS_DEVICE): Promise<readonly number[]> {
  return (await store.undeliveredTo(BOB, device, 100)).map((m) => m.sequence);
}
