import type { Content } from '@magpie/common/content/content.ts';
import type { Incarnation } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { NumberingProgress } from '../store/store.ts';
import type { Mail, Posted } from './mail-post.ts';
import { ReceiptRoad } from './receipt-road.ts';
import { A, B, BOB, BOBS, messageId, TestTime } from './test-incoming.ts';

const RESEND = { type: 'resend', conversation: 0, incarnation: A, from: 3, to: 5 } as const;
const GIVE_BACK = { type: 'give-back', conversation: 0, incarnation: B, from: 1, to: 2 } as const;
const REFUSAL = { type: 'refused-content', conversation: 0, incarnation: A, sequence: 6, reason: 'clock' } as const;

describe('the slot toward a device without a session (DL)', () => {
  let time: TestTime;
  let slots: Content['type'][][];
  let deliveredUpTo: number;
  let told: number;
  let isFull: boolean;
  let posted: Posted;
  let lane: ((content: Content, onAcked?: () => void) => void) | undefined;
  let road: ReceiptRoad;
  beforeEach(() => {
    time = new TestTime();
    slots = [];
    deliveredUpTo = 2;
    told = 2;
    isFull = false;
    posted = { kind: 'stored', expiresAt: 9 as WallMs };
    lane = undefined;
    const progress = (): NumberingProgress => ({ incarnation: A, deliveredUpTo, readUpTo: 0 });
    const ofBob = () => ({ chat: BOB, device: BOBS.device, ...progress() });
    road = new ReceiptRoad({
      ...{ clock: time.clock, random: new SeededRandom(1, 'road'), log: silentLog, lane: () => lane && { send: lane } },
      ...{ linkUp: () => true, mayAnswer: () => BOBS, sendsReadReceipts: () => true },
      post: {
        put: async ({ contents }: Mail) => {
          slots.push(contents.map(({ type }) => type).filter((type) => type !== 'receipt'));
          return posted;
        },
      },
      store: {
        receiptsOwed: async () => (told < deliveredUpTo ? [ofBob()] : []),
        receivedUpTo: async () => [ofBob()],
        noteReceiptsTold: async () => {
          if (isFull) throw new Error('no space left');
          told = deliveredUpTo;
        },
        tails: async () => [],
      },
    });
  });

  it('[DL26] repeats a question until its answer comes, and not longer', async () => {
    road.say(BOBS, RESEND);
    await time.pass(1_000);
    road.say(BOBS, REFUSAL);
    await time.pass(1_000);
    await commit(3);
    await commit(6);
    // Doubles, of which each has the receipts told again.
    for (let double = 0; double < 3; double++) await commit(6);
    expect(slots.slice(0, 3)).toEqual([['resend'], ['resend', 'refused-content'], ['refused-content']]);
    expect(slots.slice(3).flat()).toEqual([]);
    expect(slots.length).toBeGreaterThan(4);
  });

  it('[DL25] [DL26] is put ever more seldom while the store cannot note that it was', async () => {
    isFull = true;
    await commit(3);
    await time.pass(600_000);
    expect(slots.length).toBeLessThan(20);
    isFull = false;
    await time.pass(75_000);
    expect(told).toBe(3);
  });

  it('[DL56] tells who said it when the mailbox has it, or the device, and not before', async () => {
    const told: string[] = [];
    posted = { kind: 'refused', reason: 'mailbox-full' };
    road.say(BOBS, { type: 'cannot-open', ids: [messageId(1)] }, () => told.push('first'));
    road.say(BOBS, RESEND, () => told.push('question'));
    await time.pass(10_000);
    expect([slots.length, told]).toEqual([1, []]);
    posted = { kind: 'stored', expiresAt: 9 as WallMs };
    await time.pass(80_000);
    expect(told).toEqual(['first', 'question']);
    const acks: (() => void)[] = [];
    lane = (_content, onAcked) => void (onAcked && acks.push(onAcked));
    road.say(BOBS, { type: 'cannot-open', ids: [messageId(2)] }, () => told.push('second'));
    expect([acks.length, told.length]).toEqual([1, 2]);
    acks[0]?.();
    expect(told.at(-1)).toBe('second');
    road.stop();
  });

  it('[DL26] [DL56] keeps what could not be opened in the slot, however much is asked behind it', async () => {
    road.say(BOBS, { type: 'cannot-open', ids: [messageId(1)] });
    for (let n = 1; n <= 20; n++) road.say(BOBS, { ...GIVE_BACK, incarnation: numbering(n) });
    await time.pass(1_000);
    expect(slots[0]?.filter((type) => type === 'give-back')).toHaveLength(15);
    expect(slots[0]).toContain('cannot-open');
    road.stop();
  });

  it('[DL26] [DL52] says no more what is withdrawn', async () => {
    road.say(BOBS, GIVE_BACK);
    await time.pass(1_000);
    await commit(3);
    road.withdraw(BOBS, GIVE_BACK);
    await commit(4);
    expect(slots).toEqual([['give-back'], ['give-back'], []]);
  });

  async function commit(upTo: number): Promise<void> {
    deliveredUpTo = upTo;
    road.oweReceipts(BOBS, [{ incarnation: A, to: upTo }]);
    await time.pass(1_500);
  }
});

function numbering(n: number): Incarnation {
  return n.toString(16).padStart(16, '0') as Incarnation;
}
