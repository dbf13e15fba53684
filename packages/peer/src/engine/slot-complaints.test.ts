import type { DeviceId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import { after, type WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { MailCipher } from './delivery-ports.ts';
import { MailOpener } from './mail-opener.ts';
import { slotId } from './message-content.ts';
import { ReceiptRoad } from './receipt-road.ts';
import { A, BOBS, mail, RecordedAnswers, settled, TestTime } from './test-incoming.ts';

const cannotOpen: MailCipher['open'] = () => err({ kind: 'cannot-open', id: slotId() });
const complaint = { type: 'cannot-open', ids: [slotId()] };

describe('complaints of slots (DL)', () => {
  let time: TestTime;
  let answers: RecordedAnswers;
  let open: MailCipher['open'];
  let opener: MailOpener;
  beforeEach(() => {
    time = new TestTime();
    answers = new RecordedAnswers();
    open = cannotOpen;
    opener = makeOpener(time, { answers, open: (entry) => open(entry) });
  });

  it('[DL56] tells at once of a slot that cannot be opened, and of the next ever later', async () => {
    const told: number[] = [];
    for (let second = 0; second < 100; second++) {
      const before = answers.said.length;
      await opener.take(mail(second + 1));
      if (answers.said.length > before) told.push(second);
      await time.pass(999);
      if (answers.said.length > before + 1) throw new Error('told twice within a second');
      await time.pass(1);
      if (answers.said.length > before && told.at(-1) !== second) told.push(second + 1);
    }
    expect(told).toEqual([0, 2, 6, 14, 30, 62]);
    expect(answers.said.at(-1)).toEqual(complaint);
  });

  it('[DL56] waits no longer once something of the device could be opened', async () => {
    for (let n = 1; n <= 20; n++) {
      await opener.take(mail(n));
      await time.pass(1_000);
    }
    await opener.take(mail(21));
    const before = answers.said.length;
    open = () => ok({ from: BOBS, own: false, id: 'cd'.repeat(16) as never, contents: [] });
    await opener.take(mail(22));
    expect(answers.said.slice(before)).toEqual([complaint]);
    open = cannotOpen;
    await opener.take(mail(23));
    expect(answers.said.length).toBe(before + 2);
  });

  it('[DL56] says nothing late of a slot when another one has come that could be opened', async () => {
    await opener.take(mail(1));
    await opener.take(mail(2));
    open = () => ok({ from: BOBS, own: false, id: slotId(), contents: [] });
    await opener.take(mail(3));
    await time.pass(60_000);
    expect(answers.said).toEqual([complaint]);
  });

  it('[DL56] lets each device wait for itself, and nothing is said after the end', async () => {
    await opener.take(mail(1));
    await opener.take(mail(2, { from: 'b1'.repeat(16) as DeviceId }));
    expect(answers.said).toHaveLength(2);
    await opener.take(mail(3));
    opener.stop();
    await time.pass(60_000);
    expect(answers.said).toHaveLength(2);
  });

  it('[DL56] ends what two say to each other that can open nothing of each other', async () => {
    const slots = { alice: 0, bob: 0 };
    let position = 0;
    const openers = { alice: opener, bob: opener };
    const join = (name: 'alice' | 'bob', other: 'alice' | 'bob') => {
      const { clock } = time;
      const receipts = new ReceiptRoad({
        ...{ clock, random: new SeededRandom(1, name), log: silentLog, lane: () => undefined, linkUp: () => true },
        mayAnswer: () => BOBS,
        sendsReadReceipts: () => true,
        post: {
          put: async () => {
            slots[name]++;
            clock.setTimer(after(clock.now(), 50), () => void openers[other].take(mail(++position)));
            return { kind: 'stored', expiresAt: 9 as WallMs };
          },
        },
        store: {
          receiptsOwed: async () => [],
          receivedUpTo: async () => [],
          noteReceiptsTold: async () => {},
          tails: async () => [],
        },
      });
      openers[name] = makeOpener(time, { answers: receipts, open: cannotOpen });
      return receipts;
    };
    const roads = [join('alice', 'bob'), join('bob', 'alice')];
    roads[0]?.say(BOBS, { type: 'resend', conversation: 0, incarnation: A, from: 1, to: 2 });
    await time.pass(3_600_000);
    const { alice, bob } = slots;
    expect(alice).toBeLessThan(20);
    expect(bob).toBeGreaterThan(2);
    await time.pass(86_400_000);
    expect(slots.alice + slots.bob - alice - bob).toBeLessThan(60);
    for (const road of roads) road.stop();
    await settled();
  });
});

function makeOpener(
  { clock }: TestTime,
  { answers, open }: { readonly answers: RecordedAnswers | ReceiptRoad; readonly open: MailCipher['open'] },
): MailOpener {
  return new MailOpener({
    clock,
    log: silentLog,
    cipher: { open },
    incoming: { accept: async () => {} },
    control: { handleControl: async () => {} },
    copies: { handleCopy: async () => {} },
    answers,
    mayKnow: () => true,
    learnDevices: async () => true,
    mayTell: () => true,
    onSlot: () => {},
  });
}
