import { type Clock, type Instant, after as later, type Timer, type WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { listLocalAddresses, type SystemAddress, SystemInterfaces } from './network-interfaces.ts';
import { SystemClock } from './system-clock.ts';
import { SystemRandom } from './system-random.ts';

describe('system clock', () => {
  it('fires a timer once its instant has come, not before and not at once', async () => {
    const clock = new SystemClock();
    const { promise, resolve } = Promise.withResolvers<Instant>();
    const at = later(clock.now(), 12.5);
    let fired = 0;

    clock.setTimer(at, () => {
      fired++;
      resolve(clock.now());
    });
    expect(fired).toBe(0);

    expect(await promise).toBeGreaterThanOrEqual(at);
    expect(fired).toBe(1);
  });

  it('does not fire a cancelled timer, and takes a time that has passed', async () => {
    const clock = new SystemClock();
    let cancelledFired = false;
    const cancelled = clock.setTimer(later(clock.now(), 1), () => {
      cancelledFired = true;
    });
    cancelled.cancel();
    cancelled.cancel();
    await new Promise<void>((resolve) => clock.setTimer(later(clock.now(), -1_000), resolve));
    await new Promise<void>((resolve) => clock.setTimer(later(clock.now(), 10), resolve));
    expect(cancelledFired).toBe(false);
  });
});

describe('system random', () => {
  it('gives as many bytes as asked, and never the same ones twice', () => {
    const random = new SystemRandom();
    const seen = new Set<string>();
    for (let i = 0; i < 2_000; i++) seen.add(Buffer.from(random.bytes(8)).toString('hex'));
    expect(seen.size).toBe(2_000);
    for (const length of [0, 1, 256, 257, 5_000]) expect(random.bytes(length)).toHaveLength(length);
  });

  it('leaves bytes alone that were handed out before', () => {
    const random = new SystemRandom();
    const first = random.bytes(16);
    const copy = first.slice();
    for (let i = 0; i < 1_000; i++) random.bytes(16).fill(0);
    expect(first).toEqual(copy);
  });
});

describe('network interfaces', () => {
  it('lists loopback among the addresses, without zones', () => {
    const addresses = listLocalAddresses().map((one) => one.address);
    expect(addresses).toContain('127.0.0.1');
    expect(addresses.filter((address) => address.includes('%'))).toEqual([]);
  });

  it('tells a change once it has settled, and no mere change of order, until the watch ends', () => {
    const clock = new SteppedClock();
    const one = { interfaceName: 'eth0', address: '10.0.0.1', internal: false };
    const two = { interfaceName: 'eth0', address: '10.0.0.2', internal: false };
    let current: readonly SystemAddress[] = [one, two];
    let told = 0;
    const end = new SystemInterfaces(clock, () => current).watch(() => told++);

    clock.step(2_000);
    current = [two, one];
    clock.step(2_000);
    expect(told).toBe(0);

    current = [];
    clock.step(2_000);
    current = [two];
    clock.step(250);
    expect(told).toBe(0);
    clock.step(250);
    expect(told).toBe(1);
    clock.step(2_000);
    expect(told).toBe(1);

    end();
    current = [];
    for (let i = 0; i < 10; i++) clock.step(2_000);
    expect(told).toBe(1);
  });
});

/** A clock that is moved by hand. */
class SteppedClock implements Clock {
  #now = 0;
  #timers: { at: Instant; fire: () => void }[] = [];

  now(): Instant {
    return this.#now as Instant;
  }

  wallNow(): WallMs {
    return this.#now as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    const timer = { at, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  }

  step(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((one) => one.at <= this.#now);
    this.#timers = this.#timers.filter((one) => one.at > this.#now);
    for (const { fire } of due) fire();
  }
}
