import type { Content } from '@magpie/common/content/content.ts';
import type { DeviceId, Incarnation } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { Instant, WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredMessage } from '../store/store.ts';
import type { Mail } from './mail-post.ts';
import { ResealLimit } from './reseal-limit.ts';
import { Resends } from './resends.ts';
import { A, B, BOB, BOBS, messageId, TestTime } from './test-incoming.ts';
import { Unsent } from './unsent.ts';

describe('answers to who has lost contents (DL)', () => {
  let time: TestTime;
  let answered: Content[][];
  let put: Mail[];
  let hasSession: boolean;
  let words: string;
  let mayAnswer: boolean;
  let unsent: Unsent;
  let onPut: () => void;
  let resends: Resends;
  beforeEach(() => {
    time = new TestTime();
    answered = [];
    put = [];
    hasSession = true;
    words = 'lost';
    mayAnswer = true;
    unsent = new Unsent();
    onPut = () => {};
    resends = new Resends({
      ...{ clock: time.clock, log: silentLog, unsent, reseals: new ResealLimit(time.clock) },
      mayAnswer: () => (mayAnswer ? BOBS : undefined),
      lane: () => (hasSession ? { resend: (contents) => answered.push([...contents]) } : undefined),
      post: {
        put: async (mail: Mail) => {
          await Promise.resolve();
          if (mail.mayLeave?.() === false) return { kind: 'not-now' } as const;
          put.push(mail);
          onPut();
          return { kind: 'stored', expiresAt: 9 as WallMs } as const;
        },
      },
      store: {
        sentWithin: async (_chat, incarnation, from, to) =>
          Array.from({ length: to - from + 1 }, (_, index) => message(incarnation, from + index)),
        receivedWithin: async () => [],
        openings: async () => [{ incarnation: A, from: 5 }],
      },
    });
  });

  it('[DL19] [DL28] begin with the opening, for each takes the place of a mail that began with it', async () => {
    hasSession = false;
    ask(A, 5, 6);
    await time.pass(10);
    expect(put.map(({ contents }) => contents.map(({ type }) => type))).toEqual([
      ['opening', 'text'],
      ['opening', 'text'],
    ]);
    ask(B, 5, 5);
    await time.pass(10_000);
    expect(put.at(-1)?.contents.map(({ type }) => type)).toEqual(['text']);
  });

  it('[DL32] end in the middle where the friend may not learn any more that somebody is here', async () => {
    hasSession = false;
    onPut = () => {
      mayAnswer = put.length < 2;
    };
    ask(A, 5, 20);
    await time.pass(10);
    expect(put).toHaveLength(2);
  });

  it('[DL33] hold nothing that was cancelled meanwhile, and what is behind it comes all the same', async () => {
    hasSession = false;
    unsent.add(messageId(7));
    onPut = () => {
      if (unsent.hold(messageId(7))) unsent.release(messageId(7), true);
    };
    ask(A, 5, 8);
    await time.pass(10);
    expect(put.map(({ id }) => id)).toEqual([5, 6, 8].map(messageId));
  });

  it('[DL28] are of 256 KiB at most, and of one content at least', async () => {
    words = 'x'.repeat(60_000);
    ask(B, 1, 64);
    await time.pass(10);
    expect(answered.map((contents) => contents.length)).toEqual([4]);
  });

  it('[DL28] come ever more seldom while the same is asked for, and at once when it is more', async () => {
    for (let turn = 0; turn < 600; turn++) {
      ask(B, 1, 64);
      await time.pass(100);
    }
    expect(answered.length).toBeLessThan(9);
    const before = answered.length;
    await time.pass(60_000);
    ask(B, 65, 70);
    await time.pass(10);
    ask(B, 71, 80);
    await time.pass(600);
    expect(answered.length).toBeGreaterThanOrEqual(before + 2);
  });

  it('[DL28] come by a real clock, too, which goes on between two looks at it', async () => {
    const now = time.clock.now.bind(time.clock);
    let looks = 0;
    time.clock.now = () => (now() + ++looks / 1_000) as Instant;
    ask(B, 1, 3);
    await time.pass(0);
    expect(answered).toHaveLength(1);
  });

  function ask(incarnation: Incarnation, from: number, to: number): void {
    resends.handle(BOBS, { type: 'resend', conversation: 0, incarnation, from, to });
  }

  function message(incarnation: Incarnation, n: number): StoredMessage {
    const numbered = { id: messageId(n), chat: BOB, device: 'a0'.repeat(16) as DeviceId, incarnation, sequence: n };
    const nothing = { replyTo: undefined, target: undefined, road: undefined, editedAt: undefined };
    return {
      ...{ ...numbered, ...nothing, direction: 'out', kind: 'text', text: words, on: false, state: 'delivered' },
      ...{ stamp: { wallMs: n as WallMs, counter: 0 }, reason: '', recalled: false, reactions: [], pendingChanges: 0 },
      ...{ returned: false, change: n, born: n },
    };
  }
});
