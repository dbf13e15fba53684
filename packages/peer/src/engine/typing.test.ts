import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { after, type Clock, type Instant, type Timer, type WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { Typing } from './typing.ts';

const BOB = 10_002 as AccountNumber;
const DEVICE = '0b'.repeat(16) as DeviceId;

describe('typing (DL)', () => {
  it('[DL30] is told every three seconds at most, and once when it ends', () => {
    const { typing, clock, sent } = setUp();
    typing.set(BOB, true);
    clock.pass(2_900);
    typing.set(BOB, true);
    clock.pass(100);
    typing.set(BOB, true);
    typing.set(BOB, false);
    typing.set(BOB, false);
    expect(sent).toEqual([true, true, false]);
  });

  it('[DL30] needs no word of its end when a message went', () => {
    const { typing, sent } = setUp();
    typing.set(BOB, true);
    typing.handleSent(BOB);
    typing.set(BOB, false);
    expect(sent).toEqual([true]);
  });

  it('[DL30] is told to nobody when it is switched off', () => {
    const { typing, sent } = setUp({ tells: false });
    typing.set(BOB, true);
    typing.set(BOB, false);
    expect(sent).toEqual([]);
  });

  it('[DL30] of a friend ends by itself after six seconds, and is told once', () => {
    const { typing, clock, heard } = setUp();
    typing.handleContent(BOB, true);
    clock.pass(4_000);
    typing.handleContent(BOB, true);
    clock.pass(5_999);
    expect(typing.isTyping(BOB)).toBe(true);
    clock.pass(1);
    expect(typing.isTyping(BOB)).toBe(false);
    expect(heard).toEqual([true, false]);
  });
});

function setUp({ tells = true } = {}) {
  const clock = new FakeClock();
  const sent: boolean[] = [];
  const heard: boolean[] = [];
  const typing = new Typing({
    clock,
    tells: () => tells,
    devicesOf: () => [DEVICE],
    send: (_device, active) => sent.push(active),
    onTyping: (_account, active) => heard.push(active),
  });
  return { typing, clock, sent, heard };
}

class FakeClock implements Clock {
  #now = 0 as Instant;
  readonly #timers = new Set<{ readonly at: Instant; readonly fire: () => void }>();

  now(): Instant {
    return this.#now;
  }

  wallNow(): WallMs {
    return 0 as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    const timer = { at, fire };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  pass(ms: number): void {
    this.#now = after(this.#now, ms);
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.fire();
    }
  }
}
