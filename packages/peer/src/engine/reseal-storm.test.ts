import type { Content } from '@magpie/common/content/content.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';

import type { StoredMessage } from '../store/store.ts';
import { FriendControl } from './friend-control.ts';
import type { Mail } from './mail-post.ts';
import { ReceiptRoad } from './receipt-road.ts';
import { ResealLimit } from './reseal-limit.ts';
import { Resends } from './resends.ts';
import { A, BOB, BOBS, messageId, settled, TestTime } from './test-incoming.ts';
import { Unsent } from './unsent.ts';

const SLOT = messageId(0);

/** A friend's device without a session that says the same again and again. */
describe('a device that says always that it cannot open, or has lost, the same mails (DL)', () => {
  let time: TestTime;
  let put: Mail[];
  let forgotten: string[];
  let slotsLost: number;
  let sealed: number;
  let resends: Resends;
  let control: FriendControl;
  beforeEach(() => {
    time = new TestTime();
    put = [];
    forgotten = [];
    slotsLost = 0;
    sealed = 0;
    const nobody = (): undefined => undefined;
    const reseals = new ResealLimit(time.clock);
    const post = {
      put: async (mail: Mail) => {
        put.push(mail);
        return { kind: 'stored', expiresAt: 9 as WallMs } as const;
      },
    };
    const store = {
      forgetMailed: async (_device: unknown, ids: readonly string[]) => {
        forgotten.push(...ids);
        return [];
      },
      sentWithin: async () => [message(1)],
      openings: async () => [],
    } as never;
    const unsent = new Unsent();
    resends = new Resends({
      ...{ clock: time.clock, log: silentLog, store, post, unsent, reseals, lane: nobody },
      mayAnswer: () => BOBS,
    });
    control = new FriendControl({
      ...{ log: silentLog, store, resends, reseals, lane: nobody, isOwn: () => false, hidesFrom: () => false },
      ...{ onStaleKey: nobody, onReceipt: nobody, onMessages: nobody },
      mailSender: {
        handleReceipt: nobody,
        handleCannotOpen: () => sealed++,
        handleLost: nobody,
        handleChanged: nobody,
        pause: nobody,
        kick: nobody,
      },
      copies: { handleCannotOpen: async () => {} },
      receipts: { handleSlotLost: () => slotsLost++ },
    });
  });

  it('[DL24] gets each of them sealed anew three times an hour', async () => {
    const say = () => control.handleControl(BOBS, { type: 'cannot-open', ids: [messageId(1), messageId(2), SLOT] });
    for (let turn = 0; turn < 40; turn++) await say();
    expect(sealed).toBe(3);
    // The fourth time it is in no mailbox either, and waits.
    expect(forgotten.filter((id) => id === messageId(1))).toHaveLength(4);
    expect(slotsLost).toBe(3);
    await control.handleControl(BOBS, { type: 'cannot-open', ids: [messageId(1), messageId(3)] });
    expect(forgotten.at(-1)).toBe(messageId(3));
    await time.pass(3_600_001);
    await say();
    expect(forgotten.filter((id) => id === messageId(1))).toHaveLength(5);
    expect(sealed).toBe(5);
  });

  it('[DL24] [DL28] gets what it has lost by three mails an hour', async () => {
    for (let turn = 0; turn < 40; turn++) {
      await control.handleControl(BOBS, { type: 'resend', conversation: 0, incarnation: A, from: 1, to: 1 });
      await time.pass(1_000);
      await settled();
    }
    expect(put).toHaveLength(3);
  });

  it('[DL26] [DL56] is not told again in every slot what has come anew', async () => {
    const road = new ReceiptRoad({
      ...{ clock: time.clock, random: new SeededRandom(1, 'road'), log: silentLog, lane: () => undefined },
      ...{ linkUp: () => true, mayAnswer: () => BOBS, sendsReadReceipts: () => true },
      post: {
        put: async (mail: Mail) => {
          put.push(mail);
          return { kind: 'stored', expiresAt: 9 as WallMs } as const;
        },
      },
      store: {
        receiptsOwed: async () => [],
        receivedUpTo: async () => [],
        noteReceiptsTold: async () => {},
        tails: async () => [],
      },
    });
    const named = (): readonly string[] =>
      (put.at(-1)?.contents ?? []).flatMap((content: Content): readonly string[] =>
        content.type === 'cannot-open' ? content.ids : [content.type],
      );
    road.say(BOBS, { type: 'cannot-open', ids: [messageId(1), messageId(2)] });
    await time.pass(300);
    expect(named()).toEqual([messageId(1), messageId(2)]);
    road.amend(BOBS, { type: 'cannot-open', ids: [messageId(2)] });
    road.say(BOBS, { type: 'resend', conversation: 0, incarnation: A, from: 1, to: 1 });
    await time.pass(300);
    expect(named()).toEqual([messageId(2), 'resend']);
    road.amend(BOBS, { type: 'cannot-open', ids: [] });
    road.say(BOBS, { type: 'resend', conversation: 0, incarnation: A, from: 1, to: 2 });
    await time.pass(300);
    expect([put.length, ...named()]).toEqual([3, 'resend']);
    road.stop();
  });
});

function message(n: number): StoredMessage {
  const numbered = { id: messageId(n), chat: BOB, device: BOBS.device, incarnation: A, sequence: n };
  const nothing = { replyTo: undefined, target: undefined, road: undefined, editedAt: undefined };
  return {
    ...{ ...numbered, ...nothing, direction: 'out', kind: 'text', text: 'lost', on: false, state: 'delivered' },
    ...{ stamp: { wallMs: n as WallMs, counter: 0 }, reason: '', recalled: false, reactions: [], pendingChanges: 0 },
    ...{ returned: false, change: n, born: n },
  };
}
