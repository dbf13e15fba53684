import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { MessageQuery, StoredMessage } from '../store/store.ts';
import { Greetings } from './greetings.ts';
import { TestTime } from './test-incoming.ts';

describe('sessions that begin by themselves (DL)', () => {
  let time: TestTime;
  let there: readonly AccountNumber[];
  let begun: { readonly friend: number; readonly at: number }[];
  let greetings: Greetings;
  beforeEach(() => {
    time = new TestTime();
    there = Array.from({ length: 40 }, (_, n) => (n + 1) as AccountNumber);
    begun = [];
    greetings = new Greetings({
      ...{ clock: time.clock, random: new SeededRandom(1, 'greetings'), log: silentLog },
      // The higher its number, the later its conversation was used; that of 40 never was.
      store: { messages: async ({ chat }: MessageQuery) => [line(chat === 40 ? 'system' : 'text', chat!)] },
      friendsThere: () => there,
      devicesOf: (friend) => [friend.toString(16).padStart(32, '0') as DeviceId],
      ensureSession: (device) => begun.push({ friend: Number.parseInt(device, 16), at: time.clock.now() }),
    });
  });

  it('[DL59] are with the friends of the 16 conversations used last, one after the other', async () => {
    greetings.handleLinkUp();
    const startedAt = time.clock.now();
    await time.pass(1_900);
    expect(begun).toEqual([]);
    await time.pass(60_000);
    const friends = begun.map(({ friend }) => friend).sort((a, b) => a - b);
    expect(friends).toEqual(Array.from({ length: 16 }, (_, n) => 24 + n));
    const times = begun.map(({ at }) => at - startedAt);
    expect(Math.max(...times)).toBeLessThan(6_100);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1_000);
  });

  it('[DL59] are with nobody who has gone meanwhile, and with nobody without a link', async () => {
    greetings.handleLinkUp();
    await time.pass(2_000);
    there = [];
    await time.pass(60_000);
    expect(begun).toEqual([]);
    there = [1 as AccountNumber];
    greetings.handleLinkUp();
    await time.pass(1_000);
    greetings.handleLinkDown();
    await time.pass(60_000);
    expect(begun).toEqual([]);
  });
});

function line(kind: 'text' | 'system', wallMs: number): StoredMessage {
  return { kind, stamp: { wallMs, counter: 0 } } as StoredMessage;
}
