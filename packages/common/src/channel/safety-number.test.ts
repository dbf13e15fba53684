import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AccountNumber } from '../ids.ts';
import { type SafetySide, safetyNumber } from './safety-number.ts';

const ALICE = side(
  10_001,
  Uint8Array.from({ length: 32 }, (_, i) => i),
);
const BOB = side(10_002, new Uint8Array(32).fill(0xff));
const CAROL = side(0xffff_ffff, new Uint8Array(32).fill(7));

describe('safety numbers (ID12)', () => {
  it('[ID12] are what another program makes of the same keys', () => {
    // Computed with Python's hashlib.
    expect(safetyNumber(ALICE, BOB)).toBe('70020 25978 11942 79877 34002 73677 76542 52662 00206 57661 29044 86103');
    expect(safetyNumber(ALICE, CAROL)).toBe('38071 61315 12579 46530 63434 85609 70020 25978 11942 79877 34002 73677');
  });

  it('[ID12] are what the rule says, step by step', () => {
    expect(safetyNumber(BOB, CAROL).replaceAll(' ', '')).toBe([byTheRule(BOB), byTheRule(CAROL)].sort().join(''));
  });

  it('[ID12] are the same on both sides', () => {
    expect(safetyNumber(ALICE, BOB)).toBe(safetyNumber(BOB, ALICE));
    expect(safetyNumber(ALICE, BOB)).toMatch(/^\d{5}( \d{5}){11}$/);
  });

  it('[ID12] differ with the key and with the account', () => {
    const otherKey = { ...BOB, accountKey: BOB.accountKey.map((byte, i) => (i === 31 ? byte ^ 1 : byte)) };
    const otherAccount = { ...BOB, account: 10_003 as AccountNumber };
    const numbers = [BOB, otherKey, otherAccount].map((bob) => safetyNumber(ALICE, bob));
    expect(new Set(numbers).size).toBe(3);
  });
});

function side(account: number, accountKey: Uint8Array): SafetySide {
  return { account: account as AccountNumber, accountKey };
}

function byTheRule({ account, accountKey }: SafetySide): string {
  const id = [24, 16, 8, 0].map((shift) => (account >>> shift) & 0xff);
  let digest: Uint8Array = Uint8Array.of(0, 1, ...accountKey, ...id);
  for (let round = 1; round <= 5_200; round++) digest = createHash('sha512').update(digest).update(accountKey).digest();
  return [0, 5, 10, 15, 20, 25]
    .map((at) => digest.slice(at, at + 5).reduce<bigint>((value, byte) => value * 256n + BigInt(byte), 0n) % 100_000n)
    .map((value) => value.toString().padStart(5, '0'))
    .join('');
}
