import type { AccountNumber } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { describe, expect, it } from 'vitest';
import { TestClock } from '../session/test-world.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { Audit } from './audit.ts';

const HOUR_MS = 3_600_000;
const ALICE = 10_001 as AccountNumber;

describe('failed logins in the audit log', () => {
  it('are all counted in the end: at once, and then in one entry an hour', async () => {
    const { audit, clock, details } = world();
    for (let i = 0; i < 10; i++) audit.loginFailed(ALICE, 'wrong', clock.now());
    for (let i = 0; i < 5_000; i++) audit.loginFailed(ALICE, 'turnedAway', clock.now());
    await clock.advance(HOUR_MS - 1);
    expect(await details()).toEqual(['5 wrong, 0 turned away']);
    await clock.advance(2_000);
    expect(await details()).toEqual(['5 wrong, 5000 turned away', '5 wrong, 0 turned away']);
    await clock.advance(24 * HOUR_MS);
    expect(await details()).toHaveLength(2);
  });

  it('are nobody to speak of while they are few', async () => {
    const { audit, clock, details } = world();
    for (let i = 0; i < 4; i++) audit.loginFailed(ALICE, 'wrong', clock.now());
    await clock.advance(24 * HOUR_MS);
    expect(await details()).toEqual([]);
  });

  it('of many accounts at once are written a bounded number at a time', async () => {
    const { audit, clock, details } = world();
    for (let i = 0; i < 600; i++) {
      for (let n = 0; n < 10; n++) audit.loginFailed((ALICE + i) as AccountNumber, 'wrong', clock.now());
    }
    await clock.advance(HOUR_MS);
    const soon = (await details()).length;
    expect(soon).toBeLessThan(600 + 300);
    await clock.advance(60_000);
    expect(await details()).toHaveLength(1_000);
    expect((await details()).every((detail) => detail === '5 wrong, 0 turned away')).toBe(true);
  });

  it('are written early when too many accounts are counted', async () => {
    const { audit, clock, details } = world();
    for (let i = 0; i < 10; i++) audit.loginFailed(ALICE, 'wrong', clock.now());
    for (let i = 1; i <= 16_384; i++) audit.loginFailed((ALICE + i) as AccountNumber, 'wrong', clock.now());
    expect(await details()).toEqual(['5 wrong, 0 turned away', '5 wrong, 0 turned away']);
  });
});

function world() {
  const clock = new TestClock();
  const store = new MemoryStore({ sync: async () => {} });
  const audit = new Audit(store, clock, silentLog);
  const details = async () => (await store.audit(0, 1_000)).map(({ detail }) => detail);
  return { audit, clock, details };
}
