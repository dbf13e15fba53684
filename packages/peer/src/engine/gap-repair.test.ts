import type { Content, ContentOf } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { after } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Gap, ReceivedNumbering } from '../store/store.ts';
import { GapRepair } from './gap-repair.ts';
import { A, B, BOB, BOBS, RecordedAnswers, TestTime } from './test-incoming.ts';

describe('gap repair (DL)', () => {
  let time: TestTime;
  let answers: RecordedAnswers;
  let received: ReceivedNumbering[];
  let gaps: Gap[];
  let shown: number[];
  let isFriend: boolean;
  let repair: GapRepair;
  beforeEach(() => {
    time = new TestTime();
    answers = new RecordedAnswers();
    received = [];
    gaps = [];
    shown = [];
    isFriend = true;
    repair = new GapRepair({
      clock: time.clock,
      log: silentLog,
      store: { receivedUpTo: async () => received, gaps: async () => gaps },
      isFriend: () => isFriend,
      answers,
      onMissing: (_chat, count) => shown.push(count),
    });
  });

  it('[DL50] asks for what is below a tail and has not come in 2 s', async () => {
    have(A, 3);
    repair.handleTail(BOBS, A, 5);
    await time.pass(1_900);
    expect(answers.said).toEqual([]);
    await time.pass(200);
    expect(answers.said).toEqual([resend(A, 4, 5)]);
  });

  it('[DL50] asks for nothing that has come, or comes all the time', async () => {
    have(A, 5);
    repair.handleTail(BOBS, A, 5);
    repair.handleTail(BOBS, B, 10);
    for (let upTo = 1; upTo <= 10; upTo++) {
      await time.pass(1_500);
      commit(B, upTo);
    }
    await time.pass(60_000);
    expect(answers.said).toEqual([]);
  });

  it('[DL50] asks for the numbers before the first that is held, and for what is missing within reach behind it', async () => {
    have(A, 1);
    gaps = [gap(A, 2, 4), gap(A, 10, 12), gap(A, 100, 300)];
    repair.handleAhead(BOBS, A, 301);
    await time.pass(2_100);
    expect(answers.said).toEqual([resend(A, 2, 12)]);
  });

  it('[DL50] reads of a friend the numberings that wait, and no others, however many there are', async () => {
    const read: unknown[] = [];
    repair = new GapRepair({
      clock: time.clock,
      log: silentLog,
      store: {
        receivedUpTo: async (_chat, of) => {
          read.push(of);
          return received;
        },
        gaps: async () => gaps,
      },
      isFriend: () => true,
      answers,
      onMissing: () => {},
    });
    repair.handleTail(BOBS, A, 5);
    repair.handleTail(BOBS, B, 6);
    await time.pass(2_100);
    expect(read[0]).toEqual([
      { device: BOBS.device, incarnation: A },
      { device: BOBS.device, incarnation: B },
    ]);
  });

  it('[DL50] asks for what an earlier run has left behind', async () => {
    gaps = [gap(A, 1, 1)];
    await repair.start();
    await time.pass(2_100);
    expect(answers.said).toEqual([resend(A, 1, 1)]);
  });

  it('[DL50] asks for at most 64 at a time, and for the next as soon as these have come', async () => {
    repair.handleTail(BOBS, A, 150);
    await time.pass(2_100);
    commit(A, 64);
    await time.pass(1);
    commit(A, 128);
    await time.pass(1);
    commit(A, 150);
    await time.pass(60_000);
    expect(answers.said).toEqual([resend(A, 1, 64), resend(A, 65, 128), resend(A, 129, 150)]);
  });

  it('[DL50] asks ever more seldom while nothing comes, and soon again when a tail shows that somebody is there', async () => {
    repair.handleTail(BOBS, A, 1);
    await time.pass(2_100);
    await time.pass(30_000);
    const early = answers.said.length;
    expect(early).toBeGreaterThan(2);
    expect(early).toBeLessThan(7);
    await time.pass(24 * 3_600_000);
    const late = answers.said.length;
    expect(late).toBeLessThan(early + 40);
    repair.handleTail(BOBS, A, 1);
    await time.pass(2_100);
    expect(answers.said.length).toBe(late + 1);
  });

  it('[DL59] of two that cannot answer and speak by slots, both ask ever more seldom', async () => {
    const asked: number[] = [];
    const pair: GapRepair[] = [0, 1].map(
      (own) =>
        new GapRepair({
          clock: time.clock,
          log: silentLog,
          store: { receivedUpTo: async () => received, gaps: async () => [] },
          isFriend: () => true,
          answers: {
            say: () => {
              asked.push(own);
              // The slot that holds the question is pushed and read, and the tails in it.
              time.clock.setTimer(after(time.clock.now(), 300), () => {
                pair[1 - own]!.handleTail(BOBS, A, 1);
                pair[1 - own]!.handleTail(BOBS, B, 9);
                pair[1 - own]!.handleReachable(BOBS.device, 'slot');
              });
            },
          },
          onMissing: () => {},
        }),
    );
    have(A, 1);
    have(B, 7);
    for (const one of pair) {
      one.handleAhead(BOBS, A, 6);
      one.handleTail(BOBS, B, 9);
    }
    await time.pass(4 * 3_600_000);
    asked.length = 0;
    await time.pass(3_600_000);
    expect(asked.length).toBeLessThan(100);
    for (const one of pair) one.stop();
  });

  it('[DL59] asks at once, and often again, who can be reached after long, but for all news only once in 10 s', async () => {
    have(A, 1);
    repair.handleTail(BOBS, A, 3);
    await time.pass(24 * 3_600_000);
    const before = answers.said.length;
    repair.handleReachable(BOBS.device);
    await time.pass(10);
    expect(answers.said.length).toBe(before + 1);
    await time.pass(5_000);
    expect(answers.said.length).toBe(before + 2);
    for (let news = 0; news < 50; news++) {
      repair.handleReachable(BOBS.device);
      await time.pass(100);
    }
    expect(answers.said.length).toBeLessThan(before + 6);
  });

  it('[DL50] asks although tails come all the time', async () => {
    for (let turn = 0; turn < 20; turn++) {
      repair.handleTail(BOBS, A, 3);
      await time.pass(1_000);
    }
    expect(answers.said.length).toBeGreaterThan(0);
  });

  it('[DL51] shows what has been missing for 10 s, and no longer once it has come', async () => {
    have(A, 1);
    repair.handleTail(BOBS, A, 4);
    await time.pass(9_000);
    expect(shown).toEqual([]);
    await time.pass(20_000);
    expect(shown).toEqual([3]);
    expect(repair.missing(BOB)).toBe(3);
    commit(A, 2);
    await time.pass(1_100);
    expect(shown).toEqual([3, 2]);
    commit(A, 4);
    expect(shown).toEqual([3, 2, 0]);
    expect(repair.missing(BOB)).toBe(0);
  });

  it('[DL51] takes a busy conversation for no gap', async () => {
    for (let upTo = 1; upTo <= 60; upTo++) {
      repair.handleAhead(BOBS, A, upTo + 3);
      await time.pass(500);
      commit(A, upTo);
    }
    expect(shown).toEqual([]);
    expect(answers.said).toEqual([]);
  });

  it('asks nobody who is no friend any more', async () => {
    repair.handleTail(BOBS, A, 4);
    isFriend = false;
    await time.pass(60_000);
    expect(answers.said).toEqual([]);
    expect(shown).toEqual([]);
  });

  it('watches at most 256 numberings of a device, the newest, and asks about one after the other', async () => {
    for (let n = 0; n < 1_000; n++) {
      repair.handleTail(BOBS, n.toString(16).padStart(16, '0') as Incarnation, 1);
    }
    await time.pass(2_100);
    expect(answers.said).toHaveLength(1);
    await time.pass(256 * 700);
    const asked = answers.said.map((content) => (content as ContentOf<'resend'>).incarnation);
    expect(new Set(asked).size).toBe(256);
    expect(asked).toContain(`${'0'.repeat(13)}3e7`);
  });

  it('goes on when the store could not tell, and stops when told to', async () => {
    let failing = true;
    repair = new GapRepair({
      clock: time.clock,
      log: silentLog,
      store: {
        receivedUpTo: async () => {
          if (failing) throw new Error('no disk');
          return received;
        },
        gaps: async () => gaps,
      },
      isFriend: () => true,
      answers,
      onMissing: () => {},
    });
    repair.handleTail(BOBS, A, 1);
    await time.pass(5_000);
    failing = false;
    await time.pass(5_000);
    expect(answers.said.length).toBeGreaterThan(0);
    repair.stop();
    const before = answers.said.length;
    await time.pass(600_000);
    expect(answers.said).toHaveLength(before);
  });

  it('[DL51] counts no more than can be shown, whatever number a friend names', async () => {
    repair.handleTail(BOBS, A, Number.MAX_SAFE_INTEGER);
    repair.handleTail(BOBS, B, Number.MAX_SAFE_INTEGER);
    await time.pass(60_000);
    expect(shown.at(-1)).toBe(2_000_000);
  });

  function have(incarnation: Incarnation, deliveredUpTo: number): void {
    received = received.filter((one) => one.incarnation !== incarnation);
    received.push({ device: BOBS.device, incarnation, deliveredUpTo, readUpTo: 0 });
  }

  function commit(incarnation: Incarnation, upTo: number): void {
    have(incarnation, upTo);
    repair.handleCommitted(BOBS, incarnation, upTo);
  }

  function gap(incarnation: Incarnation, from: number, to: number): Gap {
    return { chat: BOB as AccountNumber, device: BOBS.device as DeviceId, incarnation, from, to };
  }

  function resend(incarnation: Incarnation, from: number, to: number): Content {
    return { type: 'resend', conversation: 0, incarnation, from, to };
  }
});
