import { toHex } from '@magpie/common/bytes/hex.ts';
import {
  approvalProof,
  formatApprovalCode,
  newApprovalCode,
  openSeedFrom,
  parseApprovalCode,
  sealSeedFor,
} from '@magpie/common/channel/approval.ts';
import { deviceListHash, signDeviceList } from '@magpie/common/channel/device-list.ts';
import { blake2b, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import {
  formatRecoveryCode,
  newRecoveryCode,
  openSeed,
  parseRecoveryCode,
  recoveryKeyPair,
  sealSeed,
  signRecovery,
  verifyRecovery,
} from '@magpie/common/channel/recovery-code.ts';
import { invitationText, parseInvitation } from '@magpie/common/invitation.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { followChain, knownList, NO_PREVIOUS_HASH } from '@magpie/peer/engine/device-chain.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileBytes, mutate } from './mutate.ts';

const RUNS = { code: 6_000, link: 8_000, seal: 4_000, signature: 2_000, chain: 1_500 } as const;

const random = countingRandom();
const seed = new Uint8Array(32).fill(9);
const account = signingKeyPairOf(seed);
const device = exchangeKeyPairOf(new Uint8Array(32).fill(5));
const signKey = signingKeyPairOf(new Uint8Array(32).fill(6)).publicKey;
const recovery = newRecoveryCode(random);
const approval = newApprovalCode(random);

describe('codes and links that people type', () => {
  it('parseRecoveryCode and parseApprovalCode; what they accept can be written and read again', () => {
    const texts = [
      formatRecoveryCode(recovery),
      formatApprovalCode(approval),
      formatRecoveryCode(recovery).toUpperCase(),
    ];
    fc.assert(
      fc.property(typed(texts), (text) => {
        const asRecovery = parseRecoveryCode(text);
        if (asRecovery) expect(parseRecoveryCode(formatRecoveryCode(asRecovery))).toEqual(asRecovery);
        const asApproval = parseApprovalCode(text);
        if (asApproval) expect(parseApprovalCode(formatApprovalCode(asApproval))).toEqual(asApproval);
        expect(asRecovery && asApproval).toBeUndefined();
      }),
      { numRuns: RUNS.code },
    );
  });

  it('parseInvitation; what it accepts can be written and read again', () => {
    const pin = 'a'.repeat(26);
    const key = 'b'.repeat(52);
    const texts = [
      `magpie://chat.example.org:10000/friend?pin=${pin}&number=10001&name=alice&key=${key}`,
      `magpie://[2001:db8::1]:10000/friend?pin=${pin}&number=4294967295&name=bob&key=${key}&later=1`,
      `magpie://10.0.0.1:1/join?pin=${pin}&invite=k7mq-x2vn`,
    ];
    fc.assert(
      fc.property(typed(texts), (text) => {
        const invitation = parseInvitation(text);
        if (invitation) expect(parseInvitation(invitationText(invitation))).toEqual(invitation);
      }),
      { numRuns: RUNS.link },
    );
  });
});

describe('seals and signatures open for nobody but those they were made for', () => {
  it('openSeed and openSeedFrom; nothing but the sealed bytes themselves is opened', () => {
    const sealed = sealSeed(recovery, seed);
    const answer = sealSeedFor(approval, device.publicKey, seed, random)!;
    fc.assert(
      fc.property(hostileBytes([sealed, answer], 100), (bytes) => {
        const opened = openSeed(recovery, account.publicKey, bytes);
        expect(opened !== undefined).toBe(toHex(bytes) === toHex(sealed));
        const answered = openSeedFrom(approval, device, account.publicKey, bytes);
        expect(answered !== undefined).toBe(toHex(bytes) === toHex(answer));
      }),
      { numRuns: RUNS.seal },
    );
  });

  it('verifyRecovery and approvalProof; another server, device, account, password or code is another claim', () => {
    const claim = { serverKey: key(1), exchangeKey: key(2), account: 'alice', newPassword: 'seven quiet magpies' };
    const signature = signRecovery(recovery, claim);
    const { publicKey } = recoveryKeyPair(recovery);
    expect(verifyRecovery(publicKey, claim, signature)).toBe(true);
    const changes = fc.record(
      {
        serverKey: mutate([claim.serverKey]).map(padded),
        exchangeKey: mutate([claim.exchangeKey]).map(padded),
        account: fc.string({ maxLength: 20 }),
        newPassword: fc.string({ maxLength: 20 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(changes, hostileBytes([signature], 64), (change, other) => {
        const changed = { ...claim, ...change };
        const isSame =
          toHex(changed.serverKey) === toHex(claim.serverKey) &&
          toHex(changed.exchangeKey) === toHex(claim.exchangeKey) &&
          changed.account.trim().toLowerCase() === claim.account &&
          changed.newPassword === claim.newPassword;
        expect(verifyRecovery(publicKey, changed, signature)).toBe(isSame);
        expect(verifyRecovery(publicKey, claim, other)).toBe(toHex(other) === toHex(signature));
      }),
      { numRuns: RUNS.signature },
    );
    const proof = approvalProof(approval, { exchangeKey: key(2), signKey }, account.publicKey);
    expect(approvalProof(approval, { exchangeKey: key(3), signKey }, account.publicKey)).not.toEqual(proof);
    expect(approvalProof(newApprovalCode(random), { exchangeKey: key(2), signKey }, account.publicKey)).not.toEqual(
      proof,
    );
  });
});

describe('[ID18] a chain of device lists', () => {
  it('is followed only where each list is the next of the one before, whatever a server shows in its place', () => {
    const chain = honestChain(6);
    const fork = honestChain(6, 7);
    const all = [...chain, ...fork];
    const shown = fc.array(fc.oneof(fc.constantFrom(...all), mutate(all)), { maxLength: 8 });
    const from = fc.integer({ min: -1, max: chain.length - 1 });
    fc.assert(
      fc.property(fc.oneof(shown, tailsOf(chain)), from, (blobs, at) => {
        const held = at < 0 ? undefined : knownList(chain[at]!, account.publicKey);
        const walked = followChain(held, blobs, account.publicKey);
        const branch = [chain, fork].find((each) => blobs[0] !== undefined && each.some((one) => same(one, blobs[0]!)));
        const isHonest =
          blobs.length === 0 ||
          (branch !== undefined &&
            (at < 0 || branch === chain || same(fork[at]!, chain[at]!)) &&
            blobs.every((blob, index) => branch[at + 1 + index] !== undefined && same(blob, branch[at + 1 + index]!)));
        expect(walked.ok).toBe(isHonest);
      }),
      { numRuns: RUNS.chain },
    );
  });
});

/** Texts that were typed, mutated as bytes; and any others. */
function typed(valid: readonly string[]): fc.Arbitrary<string> {
  const bytes = mutate(valid.map((text) => new TextEncoder().encode(text)));
  return fc.oneof(
    fc.constantFrom(...valid),
    bytes.map((each) => Buffer.from(each).toString('utf8')),
    bytes.map((each) => Buffer.from(each).toString('latin1')),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('a', '7', '-', ' ', 'Z', '&', '=', '/', '?', '%'), maxLength: 60 }),
  );
}

/** @param salt another one gives a chain beside the first, from the very first list on */
function honestChain(length: number, salt = 0): readonly Uint8Array[] {
  const blobs: Uint8Array[] = [];
  for (let version = 1; version <= length; version++) {
    const previous = blobs.at(-1);
    const devices = Array.from({ length: 1 + ((version + salt) % 3) }, (_, i) => ({
      exchangeKey: exchangeKeyPairOf(new Uint8Array(32).fill(20 + salt + i)).publicKey,
      signKey,
    }));
    const previousHash = previous ? deviceListHash(previous) : NO_PREVIOUS_HASH;
    blobs.push(signDeviceList({ accountKey: account.publicKey, version, devices, previousHash }, account.secretKey));
  }
  return blobs;
}

function tailsOf(chain: readonly Uint8Array[]): fc.Arbitrary<Uint8Array[]> {
  return fc.tuple(fc.nat({ max: chain.length }), fc.nat({ max: chain.length })).map(([a, b]) => chain.slice(a, b));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return toHex(a) === toHex(b);
}

function padded(bytes: Uint8Array): Uint8Array {
  const key = new Uint8Array(32);
  key.set(bytes.subarray(0, 32));
  return key;
}

function key(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

function countingRandom(): RandomSource {
  let count = 0;
  return { bytes: (length) => blake2b(64, Uint8Array.of(++count, 77)).slice(0, length) };
}
