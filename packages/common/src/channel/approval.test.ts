import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import {
  type ApprovalCode,
  approvalProof,
  formatApprovalCode,
  isApprovalProof,
  newApprovalCode,
  openSeedFrom,
  parseApprovalCode,
  sealSeedFor,
} from './approval.ts';
import { exchangeKeyPairOf, signingKeyPairOf } from './keys.ts';

const code = Uint8Array.from({ length: 10 }, (_, index) => index) as ApprovalCode;
const otherCode = new Uint8Array(10).fill(7) as ApprovalCode;
const seed = new Uint8Array(32).fill(3);
const accountKey = signingKeyPairOf(seed).publicKey;
const device = exchangeKeyPairOf(new Uint8Array(32).fill(5));
const random = { bytes: (length: number) => new Uint8Array(length).fill(4) };

describe('approval of a new device', () => {
  it('[ID16] has a code of 16 base32 letters in groups of four, read as a recovery code is', () => {
    expect(formatApprovalCode(code)).toBe('aaaq-eaye-auda-ocaj');
    expect(formatApprovalCode(newApprovalCode(random))).toBe(
      formatApprovalCode(new Uint8Array(10).fill(4) as ApprovalCode),
    );
    expect(parseApprovalCode(' AAAQ eaye-AUDA ocaj ')).toEqual(code);
    for (const typed of ['', 'aaaq-eaye-auda-oca', 'aaaq-eaye-auda-ocaj-a', 'aaaq-eaye-auda-oca1']) {
      expect(parseApprovalCode(typed), typed).toBeUndefined();
    }
  });

  it('[ID16] proves the code for one device and one account', () => {
    const asking = { exchangeKey: new Uint8Array(32).fill(7), signKey: new Uint8Array(32).fill(8) };
    const account = new Uint8Array(32).fill(9);
    const proof = approvalProof(code, asking, account);
    expect(toHex(proof)).toBe('fc28e58a78836bd85f6e99f97a51658a7562614f0382c0553d7b57021af963dc');
    expect(isApprovalProof(proof, code, asking, account)).toBe(true);
    expect(isApprovalProof(proof, otherCode, asking, account)).toBe(false);
    expect(isApprovalProof(proof, code, { ...asking, signKey: account }, account)).toBe(false);
    expect(isApprovalProof(proof, code, { ...asking, exchangeKey: account }, account)).toBe(false);
    expect(isApprovalProof(proof, code, asking, accountKey)).toBe(false);
    expect(isApprovalProof(proof.subarray(1), code, asking, account)).toBe(false);
  });

  it('[ID17] seals the seed by the code and by an exchange with the new device', () => {
    const answer = sealSeedFor(code, device.publicKey, seed, random)!;
    expect(toHex(answer)).toBe(
      'ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b' +
        '973d58d69f42b022a03a0b6f1f008041b412ea7ecd6982bdcb299457ade72ec0648bc7ec365f92b347b6be4f2106ccfe',
    );
    expect(openSeedFrom(code, device, accountKey, answer)).toEqual(seed);
  });

  it('[ID17] opens nothing with another code or device, for another account, or when a byte differs', () => {
    const answer = sealSeedFor(code, device.publicKey, seed, random)!;
    expect(openSeedFrom(otherCode, device, accountKey, answer)).toBeUndefined();
    expect(openSeedFrom(code, exchangeKeyPairOf(new Uint8Array(32).fill(6)), accountKey, answer)).toBeUndefined();
    expect(openSeedFrom(code, device, device.publicKey, answer)).toBeUndefined();
    for (let at = 0; at < answer.length; at++) {
      const changed = answer.slice();
      changed[at]! ^= 1;
      expect(openSeedFrom(code, device, accountKey, changed)).toBeUndefined();
      expect(openSeedFrom(code, device, accountKey, answer.subarray(0, at))).toBeUndefined();
    }
  });

  it('[ID9] seals nothing for a key of small order, and opens nothing that came with one', () => {
    expect(sealSeedFor(code, new Uint8Array(32), seed, random)).toBeUndefined();
    expect(openSeedFrom(code, device, accountKey, new Uint8Array(80))).toBeUndefined();
  });
});
