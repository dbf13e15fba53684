import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Instant } from '@magpie/common/time.ts';
import { expect, it } from 'vitest';
import { ASKED_PAIRS_MAX } from '../limits.ts';
import { AskedPairs } from './asked-pairs.ts';

const alice = 10_001 as AccountNumber;
const bob = 10_002 as AccountNumber;
const carol = 10_003 as AccountNumber;
const DAY_MS = 86_400_000;

it('[SV37] lets one ask the other so often in the week of the first request, and then again', () => {
  const asked = new AskedPairs(3);
  for (let day = 0; day < 3; day++) {
    expect(asked.waitMs(alice, bob, at(day))).toBe(0);
    asked.asked(alice, bob, at(day));
  }
  expect(asked.waitMs(alice, bob, at(3))).toBe(4 * DAY_MS);
  expect([asked.waitMs(alice, carol, at(3)), asked.waitMs(bob, alice, at(3))]).toEqual([0, 0]);
  expect(asked.waitMs(alice, bob, at(7))).toBe(0);
  asked.asked(alice, bob, at(7));
  expect(asked.waitMs(alice, bob, at(7))).toBe(0);
});

it('[SV37] forgets a pair that made friends, and one whose other side asks', () => {
  const asked = new AskedPairs(1);
  asked.asked(alice, bob, at(0));
  asked.agreed(bob, alice);
  expect(asked.waitMs(alice, bob, at(0))).toBe(0);
  asked.asked(alice, bob, at(0));
  asked.asked(bob, alice, at(0));
  expect(asked.waitMs(alice, bob, at(0))).toBe(0);
});

it('holds a bounded number of pairs; the one longest untouched goes first', () => {
  const asked = new AskedPairs(1);
  asked.asked(alice, bob, at(0));
  asked.asked(alice, carol, at(0));
  for (let i = 0; i < ASKED_PAIRS_MAX - 1; i++) asked.asked(bob, (20_000 + i) as AccountNumber, at(0));
  expect(asked.waitMs(alice, bob, at(0))).toBe(0);
  expect(asked.waitMs(alice, carol, at(0))).toBeGreaterThan(0);
});

function at(day: number): Instant {
  return (day * DAY_MS) as Instant;
}
