import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/hex.ts';
import { signingKeyPairOf } from './keys.ts';
import {
  formatRecoveryCode,
  newRecoveryCode,
  openSeed,
  parseRecoveryCode,
  type RecoveryClaim,
  type RecoveryCode,
  recoveryKeyPair,
  recoveryMessage,
  sealSeed,
  signRecovery,
  verifyRecovery,
} from './recovery-code.ts';

const code = Uint8Array.from({ length: 16 }, (_, index) => index) as RecoveryCode;
const text = 'aaaq-eaye-auda-ocaj-bifq-ydio-b4';
const seed = new Uint8Array(32).fill(3);
const accountKey = signingKeyPairOf(seed).publicKey;

describe('recovery code', () => {
  it('[ID13] is written as 26 base32 letters in groups of four', () => {
    expect(formatRecoveryCode(code)).toBe(text);
    expect(formatRecoveryCode(newRecoveryCode({ bytes: (length) => code.slice(0, length) }))).toBe(text);
  });

  it('[ID13] is read in either case, with spaces and dashes anywhere', () => {
    for (const typed of [text, text.toUpperCase(), ` ${text.replaceAll('-', ' ')}\n`, text.replaceAll('-', '–')]) {
      expect(parseRecoveryCode(typed), typed).toEqual(code);
    }
  });

  it('[ID13] refuses what is no code', () => {
    for (const typed of [
      '',
      text.slice(1),
      `${text}a`,
      text.replace('b4', 'b5'),
      text.replace('a', '1'),
      '-'.repeat(1e6),
    ]) {
      expect(parseRecoveryCode(typed), typed.slice(0, 40)).toBeUndefined();
    }
  });

  it('[ID14] seals the seed under a key of its own, bound to the account key', () => {
    const sealed = sealSeed(code, seed);
    expect(toHex(sealed)).toBe(
      '67ee29cd86bb2bde4fefa661ddc14e373a61356e8c816c38654e63146fd8899f7f75a214b3a6eb2846d2c7eb61efbb73',
    );
    expect(openSeed(code, accountKey, sealed)).toEqual(seed);
  });

  it('[ID14] opens nothing with another code, another account key, or a changed or cut seal', () => {
    const sealed = sealSeed(code, seed);
    const other = signingKeyPairOf(new Uint8Array(32).fill(4)).publicKey;
    expect(openSeed(new Uint8Array(16) as RecoveryCode, accountKey, sealed)).toBeUndefined();
    expect(openSeed(code, other, sealed)).toBeUndefined();
    for (let length = 0; length < sealed.length; length++) {
      expect(openSeed(code, accountKey, sealed.subarray(0, length))).toBeUndefined();
      const changed = sealed.slice();
      changed[length]! ^= 1;
      expect(openSeed(code, accountKey, changed)).toBeUndefined();
    }
  });

  it('[ID15] has a signing pair that says nothing about the seal', () => {
    expect(toHex(recoveryKeyPair(code).publicKey)).toBe(
      '9ac8bfc3abd3a22d5917b21b13841f829c74ab31dcc6432d63fc14e2c78c4450',
    );
  });

  it('[ID15] signs server, device, account as folded, and the hash of the new password', () => {
    const claim = { ...anyClaim(), account: '  Alice ', newPassword: 'new words' };
    expect(Uint8Array.from(recoveryMessage(claim))).toEqual(
      fromHex(
        `6d6167706965207265636f766572203100${'01'.repeat(32)}${'02'.repeat(32)}05616c696365` +
          'abfd33c01f35c4dfe71cfebf0db91fc2abc3e97d3c7777cf044e79bcec73436b',
      ),
    );
  });

  it('[ID15] verifies for exactly what was signed', () => {
    const claim = anyClaim();
    const { publicKey } = recoveryKeyPair(code);
    const signature = signRecovery(code, claim);
    expect(verifyRecovery(publicKey, claim, signature)).toBe(true);
    const others: Partial<RecoveryClaim>[] = [
      { serverKey: new Uint8Array(32).fill(9) },
      { exchangeKey: new Uint8Array(32).fill(9) },
      { account: 'bob' },
      { newPassword: 'another' },
    ];
    for (const other of others) expect(verifyRecovery(publicKey, { ...claim, ...other }, signature)).toBe(false);
    expect(verifyRecovery(new Uint8Array(32), claim, signature)).toBe(false);
  });
});

function anyClaim(): RecoveryClaim {
  return {
    serverKey: new Uint8Array(32).fill(1),
    exchangeKey: new Uint8Array(32).fill(2),
    account: 'alice',
    newPassword: '',
  };
}
