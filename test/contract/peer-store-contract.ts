import { existsSync, readFileSync } from 'node:fs';
import type { HybridStamp } from '@magpie/common/content/content.ts';
import { compareMessages } from '@magpie/peer/messaging/conversation-order.ts';
import type { PeerStore, StoredMessage } from '@magpie/peer/store/store.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peerStoreChangesContract } from './peer-store-changes-contract.ts';
import { peerStoreChatsContract } from './peer-store-chats-contract.ts';
import { peerStoreContactsContract } from './peer-store-contacts-contract.ts';
import { peerStoreCopiesContract } from './peer-store-copies-contract.ts';
import { peerStoreDevicesContract } from './peer-store-devices-contract.ts';
import { peerStoreHistoryContract } from './peer-store-history.ts';
import { peerStoreMailContract } from './peer-store-mail-contract.ts';
import { peerStoreOwnContract } from './peer-store-own-contract.ts';
import {
  BOB,
  BOBS_DEVICE,
  BOBS_TABLET,
  CAROL,
  CAROLS_DEVICE,
  DIRECT,
  INCARNATION_A,
  INCARNATION_B,
  incoming,
  messageId,
  OWN_DEVICE,
  PROFILE,
  RELAY,
  stamp,
  THEIR_FIRST,
  THEIR_SECOND,
  textTo,
  theirId,
  wall,
} from './peer-store-samples.ts';
import { peerStoreStampsContract } from './peer-store-stamps-contract.ts';

/** One implementation of the port under test. */
export interface StoreUnderTest {
  readonly store: PeerStore;
  dispose(): Promise<void>;
}

const BLNS = '../shared/vectors/blns.json';

/** The same behaviour of every PeerStore. */
export function peerStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`peer store: ${name}`, () => {
    let under: StoreUnderTest;
    let store: PeerStore;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      await store.saveProfile(PROFILE);
      await store.meetDevices(BOB, [BOBS_DEVICE]);
      await store.meetDevices(CAROL, [CAROLS_DEVICE]);
    });
    afterEach(() => under.dispose());

    describe('profile', () => {
      it('has none at first and then returns what was saved', async () => {
        const fresh = await open();
        expect(await fresh.store.profile()).toBeUndefined();
        await fresh.dispose();
        expect(await store.profile()).toEqual(PROFILE);
      });

      it('changes single fields', async () => {
        await store.updateProfile({ signedIn: false, loginCount: 9 });
        expect(await store.profile()).toEqual({ ...PROFILE, signedIn: false, loginCount: 9 });
      });

      it('rejects what needs a profile while there is none, and goes on', async () => {
        const fresh = await open();
        await expect(fresh.store.updateProfile({ loginCount: 2 })).rejects.toMatchObject({ code: 'no-profile' });
        await expect(fresh.store.applyRoster([], 1)).rejects.toMatchObject({ code: 'no-profile' });
        await expect(fresh.store.commitOutgoing(textTo(BOB, 1), wall(1))).rejects.toMatchObject({ code: 'no-profile' });
        await fresh.store.saveProfile(PROFILE);
        expect((await fresh.store.commitOutgoing(textTo(BOB, 1), wall(1))).message.sequence).toBe(1);
        await fresh.dispose();
      });

      it('remembers the newest handshake stamp of each device (R5)', async () => {
        expect(await store.peerStamp(BOBS_DEVICE)).toBe(0);
        await store.savePeerStamp(BOBS_DEVICE, 1_700_000_000_000_001);
        await store.savePeerStamp(BOBS_TABLET, 5);
        expect(await store.peerStamp(BOBS_DEVICE)).toBe(1_700_000_000_000_001);
        expect(await store.peerStamp(BOBS_TABLET)).toBe(5);
      });
    });

    peerStoreOwnContract(() => store);
    peerStoreStampsContract(() => store);
    peerStoreContactsContract(() => store);
    peerStoreDevicesContract(() => store);
    peerStoreChangesContract(() => store);
    peerStoreMailContract(() => store);
    peerStoreCopiesContract(() => store);
    peerStoreHistoryContract(() => store);
    peerStoreChatsContract(() => store);

    describe('own messages', () => {
      it('[R17] numbers messages from 1 without gaps, for each chat by itself', async () => {
        const committed = await Promise.all([
          store.commitOutgoing(textTo(BOB, 1), wall(100)),
          store.commitOutgoing(textTo(CAROL, 2), wall(100)),
          store.commitOutgoing(textTo(BOB, 3), wall(100)),
        ]);
        expect(committed.map(({ message }) => message.sequence)).toEqual([1, 1, 2]);
        expect(committed[0]?.message).toEqual({
          id: messageId(1),
          chat: BOB,
          direction: 'out',
          device: OWN_DEVICE,
          incarnation: INCARNATION_A,
          sequence: 1,
          stamp: { wallMs: 100, counter: 0 },
          kind: 'text',
          text: 'text 1',
          state: 'queued',
          reason: '',
          road: undefined,
          replyTo: undefined,
          target: undefined,
          on: false,
          editedAt: undefined,
          recalled: false,
          reactions: [],
          pendingChanges: 0,
          returned: false,
          change: 1,
          born: 1,
        });
      });

      it('returns the existing message for an id it has, and changes nothing', async () => {
        const first = await store.commitOutgoing(textTo(BOB, 1), wall(100));
        const again = await store.commitOutgoing({ ...textTo(BOB, 1), text: 'other' }, wall(200));
        expect(again).toEqual(first);
        expect((await store.commitOutgoing(textTo(BOB, 2), wall(200))).message.sequence).toBe(2);
        expect(await store.lastChange()).toBe(2);
      });

      it('gives one message to two commits of the same id that wait together', async () => {
        const [a, b] = await Promise.all([
          store.commitOutgoing(textTo(BOB, 1), wall(1)),
          store.commitOutgoing(textTo(BOB, 1), wall(1)),
        ]);
        expect(a).toEqual(b);
        expect(await store.undelivered(BOB, 10)).toEqual([a.message]);
      });

      it('[R16] stamps rise although the wall clock stands still or steps back', async () => {
        const stamps: HybridStamp[] = [];
        for (const [index, at] of [500, 500, 200, 501].entries()) {
          stamps.push((await store.commitOutgoing(textTo(BOB, index), wall(at))).message.stamp);
        }
        expect(stamps).toEqual([
          { wallMs: 500, counter: 0 },
          { wallMs: 500, counter: 1 },
          { wallMs: 500, counter: 2 },
          { wallMs: 501, counter: 0 },
        ]);
      });

      it('[R16] an own message comes after all that was seen, even of a friend whose clock is ahead', async () => {
        await store.commitIncoming([incoming(1, { stamp: stamp(9_000, 4) })], wall(100));
        const { message: own } = await store.commitOutgoing(textTo(BOB, 1), wall(100));
        expect(own.stamp).toEqual({ wallMs: 9_000, counter: 5 });
        expect((await store.commitOutgoing(textTo(CAROL, 2), wall(100))).message.stamp).toEqual({
          wallMs: 100,
          counter: 0,
        });
      });

      it('[R16] a used-up counter carries into the milliseconds', async () => {
        await store.commitIncoming([incoming(1, { stamp: stamp(9_000, 0xffff_ffff) })], wall(100));
        const { message: own } = await store.commitOutgoing(textTo(BOB, 1), wall(100));
        expect(own.stamp).toEqual({ wallMs: 9_001, counter: 0 });
      });

      it('lists undelivered messages by sequence, at most as many as asked for', async () => {
        for (const n of [1, 2, 3, 4]) await store.commitOutgoing(textTo(BOB, n), wall(1));
        await store.commitOutgoing(textTo(CAROL, 5), wall(1));
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
        expect((await store.undelivered(BOB, 2)).map((m) => m.sequence)).toEqual([2, 3]);
        expect(await store.chatsWithUndelivered()).toEqual([BOB, CAROL]);
        await store.applyReceipt(CAROL, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], CAROLS_DEVICE);
        expect(await store.chatsWithUndelivered()).toEqual([BOB]);
      });

      it('notes the road, and counts it as a change only when it is another one', async () => {
        await store.commitOutgoing(textTo(BOB, 1), wall(1));
        await store.noteRoad(messageId(1), RELAY);
        expect(await store.message(messageId(1))).toMatchObject({ road: RELAY, state: 'queued', change: 2 });
        await store.noteRoad(messageId(1), RELAY);
        await store.noteRoad(messageId(99), RELAY);
        expect(await store.lastChange()).toBe(2);
        await store.noteRoad(messageId(1), DIRECT);
        expect(await store.message(messageId(1))).toMatchObject({ road: DIRECT, change: 3 });
      });

      it('[R14] keeps the road by which a message was delivered: a later copy to another device changes nothing', async () => {
        await store.commitOutgoing(textTo(BOB, 1), wall(1));
        await store.noteRoad(messageId(1), RELAY);
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
        await store.noteRoad(messageId(1), DIRECT);
        expect(await store.message(messageId(1))).toMatchObject({ road: RELAY, state: 'delivered' });
      });
    });

    describe('receipts and refusals', () => {
      beforeEach(async () => {
        for (const n of [1, 2, 3]) await store.commitOutgoing(textTo(BOB, n), wall(n));
      });

      it('[R14] a receipt delivers what it names, and returns only what changed', async () => {
        const first = await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 2 }], BOBS_DEVICE);
        expect(first.map((m) => [m.sequence, m.state])).toEqual([
          [1, 'delivered'],
          [2, 'delivered'],
        ]);
        const second = await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
        expect(second.map((m) => m.sequence)).toEqual([3]);
        expect(second[0]?.change).toBe(await store.lastChange());
      });

      it('[R14] states never go backwards', async () => {
        await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 2 }], BOBS_DEVICE);
        expect(await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 2 }], BOBS_DEVICE)).toEqual(
          [],
        );
        expect(await store.applyRefusal(BOB, INCARNATION_A, 1, 'not-friends', BOBS_DEVICE)).toEqual([]);
        expect(await states(store)).toEqual(['read', 'read', 'queued']);
        const rest = await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 3 }], BOBS_DEVICE);
        expect(rest.map((m) => m.sequence)).toEqual([3]);
        expect(await store.undelivered(BOB, 10)).toEqual([]);
      });

      it('takes delivered messages to read', async () => {
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
        await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 2 }], BOBS_DEVICE);
        expect(await states(store)).toEqual(['read', 'read', 'delivered']);
      });

      it('ignores receipts for another chat, another incarnation and numbers never given', async () => {
        expect(await store.applyReceipt(CAROL, INCARNATION_A, 'read', [{ from: 1, to: 3 }], CAROLS_DEVICE)).toEqual([]);
        expect(await store.applyReceipt(BOB, INCARNATION_B, 'read', [{ from: 1, to: 3 }], BOBS_DEVICE)).toEqual([]);
        expect(
          await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 4, to: 2 ** 53 - 1 }], BOBS_DEVICE),
        ).toEqual([]);
        expect(await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 3, to: 1 }], BOBS_DEVICE)).toEqual([]);
        expect(await states(store)).toEqual(['queued', 'queued', 'queued']);
      });

      it('takes several ranges', async () => {
        const ranges = [
          { from: 1, to: 1 },
          { from: 3, to: 3 },
        ];
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', ranges, BOBS_DEVICE);
        expect(await states(store)).toEqual(['delivered', 'queued', 'delivered']);
      });

      it('[R16] a refused stamp keeps the message queued, with the reason, until it is delivered', async () => {
        const [refused] = await store.applyRefusal(BOB, INCARNATION_A, 1, 'clock', BOBS_DEVICE);
        expect(refused).toMatchObject({ state: 'queued', reason: 'clock' });
        expect(await store.applyRefusal(BOB, INCARNATION_A, 1, 'clock', BOBS_DEVICE)).toEqual([]);
        expect((await store.undelivered(BOB, 10)).map((m) => [m.sequence, m.kind])).toEqual([
          [1, 'text'],
          [2, 'text'],
          [3, 'text'],
        ]);
        const [delivered] = await store.applyReceipt(
          BOB,
          INCARNATION_A,
          'delivered',
          [{ from: 1, to: 1 }],
          BOBS_DEVICE,
        );
        expect(delivered).toMatchObject({ state: 'delivered', reason: '' });
      });

      it('[R15][R17] a final refusal stays, and its number goes out as void until it is receipted', async () => {
        const [refused] = await store.applyRefusal(BOB, INCARNATION_A, 2, 'too-large', BOBS_DEVICE);
        expect(refused).toMatchObject({ state: 'refused', reason: 'too-large', kind: 'text', text: 'text 2' });
        expect((await store.undelivered(BOB, 10)).map((m) => [m.sequence, m.kind, m.text])).toEqual([
          [1, 'text', 'text 1'],
          [2, 'void', ''],
          [3, 'text', 'text 3'],
        ]);
        const changed = await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
        expect(changed.map((m) => m.sequence)).toEqual([1, 3]);
        expect(await store.undelivered(BOB, 10)).toEqual([]);
        expect(await store.message(messageId(2))).toMatchObject({ state: 'refused', text: 'text 2' });
      });
    });

    describe('the end of a friendship', () => {
      it('[R14][R15] refuses what never left, holds the rest of the chat, in one step, and nothing else', async () => {
        for (let n = 1; n <= 4; n++) await store.commitOutgoing(textTo(BOB, n), wall(n));
        await store.commitOutgoing(textTo(CAROL, 9), wall(1));
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
        await store.applyRefusal(BOB, INCARNATION_A, 2, 'clock', BOBS_DEVICE);
        const neverSent = [1, 3, 4, 9].map((n) => messageId(n));
        const changed = await store.refuseUndelivered(BOB, neverSent);
        expect(changed.map((m) => [m.sequence, m.state, m.reason])).toEqual([
          [2, 'queued', 'not-friends'],
          [3, 'refused', 'not-friends'],
          [4, 'refused', 'not-friends'],
        ]);
        expect(await store.refuseUndelivered(BOB, neverSent)).toEqual([]);
        expect(await states(store)).toEqual(['delivered', 'queued', 'refused', 'refused']);
        expect(await store.undelivered(CAROL, 10)).toHaveLength(1);
      });
    });

    describe('a new incarnation', () => {
      it('[R17] numbers what is undelivered anew, so that an old receipt cannot count for it', async () => {
        for (const n of [1, 2, 3]) await store.commitOutgoing(textTo(BOB, n), wall(n));
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
        await store.updateProfile({ incarnation: INCARNATION_B });
        expect(await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 9 }], BOBS_DEVICE)).toEqual(
          [],
        );
        const { message: next } = await store.commitOutgoing(textTo(BOB, 4), wall(4));
        expect(next).toMatchObject({ incarnation: INCARNATION_B, sequence: 3 });
        expect((await store.undelivered(BOB, 10)).map((m) => [m.id, m.incarnation, m.sequence])).toEqual([
          [messageId(2), INCARNATION_B, 1],
          [messageId(3), INCARNATION_B, 2],
          [messageId(4), INCARNATION_B, 3],
        ]);
        expect(await store.message(messageId(1))).toMatchObject({ incarnation: INCARNATION_A, sequence: 1 });
        const done = await store.applyReceipt(BOB, INCARNATION_B, 'delivered', [{ from: 1, to: 3 }], BOBS_DEVICE);
        expect(done.map((m) => m.id)).toEqual([messageId(2), messageId(3), messageId(4)]);
      });

      it('counts from where it was when an incarnation is saved again', async () => {
        await store.commitOutgoing(textTo(BOB, 1), wall(1));
        await store.saveProfile({ ...PROFILE, loginCount: 2 });
        expect((await store.commitOutgoing(textTo(BOB, 2), wall(1))).message.sequence).toBe(2);
      });
    });

    describe('messages of friends', () => {
      it('commits in order, returns the rows, and names the missing number', async () => {
        const outcomes = await store.commitIncoming([incoming(1), incoming(3), incoming(2)], wall(50));
        expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'gap', 'committed']);
        expect(outcomes[1]).toEqual({ kind: 'gap', next: 2 });
        expect(outcomes[0]).toMatchObject({
          message: { id: theirId(1), direction: 'in', state: 'delivered', road: DIRECT, sequence: 1, chat: BOB },
        });
        expect((await store.messages({ chat: BOB, limit: 10 })).map((m) => m.sequence)).toEqual([1, 2]);
      });

      it('writes nothing for a double by number', async () => {
        await store.commitIncoming([incoming(1)], wall(50));
        const change = await store.lastChange();
        const again = await store.commitIncoming([incoming(1), incoming(1, { messageId: theirId(77) })], wall(60));
        expect(again).toEqual([{ kind: 'duplicate' }, { kind: 'duplicate' }]);
        expect(await store.lastChange()).toBe(change);
      });

      it('finds a double within one batch', async () => {
        const outcomes = await store.commitIncoming([incoming(1), incoming(1)], wall(50));
        expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'duplicate']);
      });

      it('[R17] the same sequence under two incarnations, or of two devices, is two messages', async () => {
        const outcomes = await store.commitIncoming(
          [
            incoming(1, { messageId: theirId(1) }),
            incoming(1, { messageId: theirId(2), incarnation: THEIR_SECOND }),
            { ...incoming(1, { messageId: theirId(3) }), device: BOBS_TABLET },
          ],
          wall(50),
        );
        expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'committed', 'committed']);
      });

      it('[R17] a message that comes again under a new number is a double, and its number counts as committed', async () => {
        await store.commitIncoming([incoming(1), incoming(2)], wall(50));
        const renumbered = [
          incoming(1, { messageId: theirId(2), incarnation: THEIR_SECOND }),
          incoming(2, { messageId: theirId(3), incarnation: THEIR_SECOND }),
        ];
        const outcomes = await store.commitIncoming(renumbered, wall(60));
        expect(outcomes.map((o) => o.kind)).toEqual(['duplicate', 'committed']);
        expect((await store.receivedUpTo(BOB)).map((n) => [n.incarnation, n.deliveredUpTo])).toEqual([
          [THEIR_FIRST, 2],
          [THEIR_SECOND, 2],
        ]);
      });

      it('[R17] an older number that comes last, by mail, moves no row back: nobody read it', async () => {
        await store.commitIncoming(
          [incoming(1), incoming(1, { messageId: theirId(8), incarnation: THEIR_SECOND })],
          wall(50),
        );
        const late = await store.commitIncoming([incoming(2, { messageId: theirId(8) })], wall(60));
        expect(late.map((o) => o.kind)).toEqual(['duplicate']);
        expect((await store.receivedUpTo(BOB)).map((n) => [n.incarnation, n.deliveredUpTo, n.readUpTo])).toEqual([
          [THEIR_FIRST, 2, 0],
          [THEIR_SECOND, 1, 0],
        ]);
      });

      it('[R17] a renumbered message that nobody read is not receipted as read, under whichever number', async () => {
        await store.commitIncoming([incoming(1)], wall(50));
        await store.markRead(BOB);
        await store.commitIncoming([incoming(2)], wall(51));
        const anew = [
          incoming(1, { messageId: theirId(2), incarnation: THEIR_SECOND }),
          incoming(2, { messageId: theirId(3), incarnation: THEIR_SECOND }),
        ];
        await store.commitIncoming(anew, wall(60));
        const readUpTo = async () => (await store.receivedUpTo(BOB)).at(-1)?.readUpTo;
        expect(await readUpTo()).toBe(0);
        await store.markRead(BOB, theirId(2));
        expect(await readUpTo()).toBe(1);
        await store.markRead(BOB);
        expect(await readUpTo()).toBe(2);
      });

      it('one friend cannot shut out a message of another, or of the user, by taking its id', async () => {
        await store.commitOutgoing(textTo(BOB, 5), wall(1));
        const outcomes = await store.commitIncoming(
          [
            { ...incoming(1, { messageId: theirId(1), text: 'of carol' }), chat: CAROL },
            incoming(1, { messageId: theirId(1), text: 'of bob' }),
            incoming(2, { messageId: messageId(5), text: 'echo' }),
          ],
          wall(50),
        );
        expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'committed', 'committed']);
        expect(await store.message(messageId(5))).toMatchObject({ direction: 'out' });
      });

      it('a void takes its number and is shown nowhere', async () => {
        await store.commitIncoming([incoming(1, { type: 'void' }), incoming(2)], wall(50));
        expect((await store.messages({ chat: BOB, limit: 10 })).map((m) => m.sequence)).toEqual([2]);
        expect(await store.message(theirId(1))).toMatchObject({ kind: 'void', text: '' });
        expect(await store.markRead(BOB)).toHaveLength(1);
      });

      it('tells for each numbering how far it is delivered and read', async () => {
        await store.commitIncoming([incoming(1), incoming(2), incoming(3, { type: 'void' }), incoming(4)], wall(50));
        await store.commitIncoming([incoming(1, { messageId: theirId(9), incarnation: THEIR_SECOND })], wall(50));
        const read = await store.markRead(BOB, theirId(2));
        expect(read.map((m) => [m.sequence, m.incarnation, m.state])).toContainEqual([1, THEIR_FIRST, 'read']);
        expect(await store.receivedUpTo(BOB)).toEqual([
          { device: BOBS_DEVICE, incarnation: THEIR_FIRST, deliveredUpTo: 4, readUpTo: 3 },
          { device: BOBS_DEVICE, incarnation: THEIR_SECOND, deliveredUpTo: 1, readUpTo: 1 },
        ]);
        await store.markRead(BOB);
        expect((await store.receivedUpTo(BOB)).map((n) => n.readUpTo)).toEqual([4, 1]);
        expect(await store.receivedUpTo(CAROL)).toEqual([]);
      });

      it('marks as read once, up to and including the message, in this chat only', async () => {
        await store.commitIncoming([incoming(1), incoming(2), incoming(3)], wall(50));
        await store.commitIncoming([{ ...incoming(1, { messageId: theirId(50) }), chat: CAROL }], wall(50));
        expect((await store.markRead(BOB, theirId(2))).map((m) => m.id)).toEqual([theirId(1), theirId(2)]);
        expect(await store.markRead(BOB, theirId(2))).toEqual([]);
        expect(await store.markRead(BOB, theirId(99))).toEqual([]);
        expect(await store.markRead(BOB, theirId(50))).toEqual([]);
        expect((await store.markRead(BOB)).map((m) => m.id)).toEqual([theirId(3)]);
        expect(await store.message(theirId(50))).toMatchObject({ state: 'delivered' });
      });
    });

    describe('reading', () => {
      it('[R16] orders a conversation by stamp, then device, whatever the order of arrival', async () => {
        await store.commitIncoming(
          [incoming(1, { stamp: stamp(500, 0) }), incoming(2, { stamp: stamp(500, 1) })],
          wall(1),
        );
        const tablet = { ...incoming(1, { messageId: theirId(7), stamp: stamp(500, 0) }), device: BOBS_TABLET };
        const early = { ...incoming(2, { messageId: theirId(8), stamp: stamp(400, 9) }), device: BOBS_TABLET };
        await store.commitIncoming([tablet, early], wall(1));
        const shown = await store.messages({ chat: BOB, limit: 10 });
        expect(shown.map((m) => m.id)).toEqual([theirId(8), theirId(1), theirId(7), theirId(2)]);
        expect([...shown].sort(compareMessages)).toEqual(shown);
      });

      it('pages both ways without holes or repetitions', async () => {
        for (let n = 1; n <= 7; n++) {
          await store.commitOutgoing(textTo(BOB, n), wall(100));
          await store.commitOutgoing(textTo(CAROL, 100 + n), wall(100));
          await store.commitIncoming([incoming(n, { stamp: stamp(100, n) })], wall(100));
        }
        const all = await store.messages({ chat: BOB, limit: 100 });
        expect(all).toHaveLength(14);
        expect(await store.messages({ chat: BOB, limit: 3 })).toEqual(all.slice(-3));
        expect(await pages(store, 'before', all.at(-1)!)).toEqual(all.slice(0, -1));
        expect(await pages(store, 'after', all[0]!)).toEqual(all.slice(1));
        const between = { chat: BOB, limit: 100, after: all[2]!.id, before: all[6]!.id };
        expect(await store.messages(between)).toEqual(all.slice(3, 6));
        expect(await store.messages({ chat: BOB, limit: 5, before: messageId(999) })).toEqual([]);
        expect(await store.messages({ chat: BOB, limit: 5, before: messageId(101) })).toEqual([]);
      });

      it('[R29] the cursor finds every row at its newest change, once', async () => {
        await store.commitOutgoing(textTo(BOB, 1), wall(1));
        await store.commitOutgoing(textTo(BOB, 2), wall(1));
        const cursor = await store.lastChange();
        await store.commitIncoming([incoming(1)], wall(2));
        await store.applyReceipt(BOB, INCARNATION_A, 'delivered', [{ from: 1, to: 1 }], BOBS_DEVICE);
        await store.applyReceipt(BOB, INCARNATION_A, 'read', [{ from: 1, to: 1 }], BOBS_DEVICE);
        const changed = await store.changesSince(cursor, 10);
        expect(changed.map((m) => [m.id, m.state])).toEqual([
          [theirId(1), 'delivered'],
          [messageId(1), 'read'],
        ]);
        expect(changed.at(-1)?.change).toBe(await store.lastChange());
        expect(await store.changesSince(changed[0]!.change, 10)).toEqual(changed.slice(1));
        expect((await store.changesSince(0, 2)).map((m) => m.id)).toEqual([messageId(2), theirId(1)]);
        expect(await store.changesSince(await store.lastChange(), 10)).toEqual([]);
      });

      it('knows no message by an unknown id', async () => {
        expect(await store.message(messageId(1))).toBeUndefined();
        expect(await store.messages({ chat: BOB, limit: 10 })).toEqual([]);
        expect(await store.lastChange()).toBe(0);
      });

      it('gives back any Unicode unchanged, NUL and the largest text included', async () => {
        const texts = [
          '\0',
          'a\0b',
          '\u{10ffff}',
          '\ufeffbom',
          'e\u0301',
          '👩‍👩‍👧‍👦',
          '\u202ertl',
          "'; DROP TABLE message; --",
          '好'.repeat(21_845),
        ];
        await roundTrip(store, texts);
      });

      it.skipIf(!existsSync(BLNS))(`gives back every naughty string unchanged (${BLNS})`, async () => {
        const texts = JSON.parse(readFileSync(BLNS, 'utf8')) as string[];
        await roundTrip(
          store,
          texts.filter((text) => text.isWellFormed()),
        );
      });
    });

    describe('lifetime', () => {
      it('answers calls that were made together in the order they were made', async () => {
        const calls = Array.from({ length: 600 }, (_, n) => store.commitOutgoing(textTo(BOB, n), wall(1)));
        const seen = store.lastChange();
        const sequences = (await Promise.all(calls)).map(({ message }) => message.sequence);
        expect(sequences).toEqual(Array.from({ length: 600 }, (_, n) => n + 1));
        expect(await seen).toBe(600);
      });

      it('finishes what was called before close, then refuses, and closes twice', async () => {
        const before = store.commitOutgoing(textTo(BOB, 1), wall(1));
        await Promise.all([store.close(), store.close()]);
        expect((await before).message.sequence).toBe(1);
        await expect(store.profile()).rejects.toMatchObject({ code: 'closed' });
        await store.close();
      });
    });
  });
}

async function states(store: PeerStore): Promise<readonly string[]> {
  return (await store.messages({ chat: BOB, limit: 10 })).map((m) => m.state);
}

/** Walks from one message to the end, three at a time, and returns all in the order of the conversation. */
async function pages(
  store: PeerStore,
  way: 'before' | 'after',
  from: StoredMessage,
): Promise<readonly StoredMessage[]> {
  let found: readonly StoredMessage[] = [];
  let cursor = from;
  for (;;) {
    const page = await store.messages({ chat: BOB, limit: 3, [way]: cursor.id });
    if (page.length === 0) return found;
    found = way === 'before' ? [...page, ...found] : [...found, ...page];
    cursor = way === 'before' ? page[0]! : page.at(-1)!;
  }
}

async function roundTrip(store: PeerStore, texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((text, n) => store.commitOutgoing(textTo(BOB, n, { text }), wall(1))));
  await store.commitIncoming(
    texts.map((text, n) => ({ ...incoming(n + 1, { text }), chat: CAROL })),
    wall(1),
  );
  const own = await store.undelivered(BOB, texts.length);
  expect(own.map((m) => m.text)).toEqual(texts);
  const theirs = await store.messages({ chat: CAROL, limit: texts.length });
  expect(theirs.map((m) => m.text)).toEqual(texts);
}
