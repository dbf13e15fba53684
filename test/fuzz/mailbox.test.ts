import { bytesMax, encode, listMax } from '@magpie/common/bytes/codec.ts';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { sealInto } from '@magpie/common/channel/aead.ts';
import {
  ENVELOPE_HEAD_BYTES,
  type EnvelopeSelf,
  openEnvelope,
  readEnvelopeHeader,
  sealEnvelopeWith,
} from '@magpie/common/channel/envelope.ts';
import { encapsulateFor } from '@magpie/common/channel/envelope-kem.ts';
import {
  blake2b,
  deviceIdOf,
  exchange,
  exchangeKeyPairOf,
  hkdf,
  signingKeyPairOf,
} from '@magpie/common/channel/keys.ts';
import { mailboxKeyPairOf, signMailboxKey, verifyMailboxKey } from '@magpie/common/channel/mailbox-key.ts';
import { type Content, decodeContent } from '@magpie/common/content/content.ts';
import type { MailId } from '@magpie/common/ids.ts';
import { ENVELOPE_CONTENTS_MAX } from '@magpie/common/limits.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadGolden } from '../vectors/golden.ts';
import { hostileBytes } from './mutate.ts';

/** Inputs; an opening is a decapsulation and two exchanges, some 0.2 ms. A failure prints its seed. */
const RUNS = { key: 2_000, envelope: 2_000, payload: 2_000 } as const;

const signing = signingKeyPairOf(new Uint8Array(32).fill(5));
const alice = person(1);
const bob = person(2);
const pair = mailboxKeyPairOf(new Uint8Array(32).fill(3));
const keyId = { generation: 1, step: 2 };
const key = { ...keyId, exchangeKey: pair.exchange.publicKey, kemKey: pair.kem.publicKey };
const id = '01992f3a5b007abc8def0123456789ab' as MailId;
const encapsulated = encapsulateFor(key.kemKey)!;
const ephemeralSecret = new Uint8Array(32).fill(4);
const encoded = loadGolden('content').map((golden) => fromHex(golden.hex));

describe('no bytes make the mailbox throw', () => {
  it('[MB2] verifyMailboxKey; nothing but what was signed is accepted', () => {
    const valid = [0, 1, 2].map((step) => signMailboxKey({ generation: 1, step }, pair, bob.device, signing.secretKey));
    check(RUNS.key, hostileBytes(valid, 1_400), (blob) => {
      const verified = verifyMailboxKey(blob, bob.device, signing.publicKey);
      expect(verified !== undefined).toBe(valid.some((one) => toHex(one) === toHex(blob)));
    });
  });

  it('[MB11] openEnvelope; nothing but what was sealed is opened', () => {
    const contents = encoded.flatMap((bytes) => {
      const content = decodeContent(bytes);
      return content.ok ? [content.value as Content] : [];
    });
    const chance = { ephemeralSecret, encapsulated };
    const valid = [[], contents.slice(0, 1), contents].map(
      (some) => sealEnvelopeWith(chance, alice, bob, key, id, some)!,
    );
    check(RUNS.envelope, hostileBytes(valid, 2_000), (envelope) => {
      readEnvelopeHeader(envelope);
      const opened = openEnvelope(envelope, bob, alice, pair);
      expect(opened !== undefined).toBe(valid.some((one) => toHex(one) === toHex(envelope)));
    });
  });

  it('[MB13] openEnvelope, with hostile contents under the right key: all that can be decoded is handed on, in order', () => {
    const list = listMax(bytesMax(4_096), ENVELOPE_CONTENTS_MAX);
    const payloads = [encode(list, encoded), ...encoded.map((one) => encode(list, [one])), new Uint8Array(64)];
    const sealed = hostileSealer(alice);
    check(RUNS.payload, hostileBytes(payloads, 600), (payload) => {
      for (const content of openEnvelope(sealed(payload), bob, alice, pair) ?? []) {
        expect(content.type === 'unsupported' ? content.code : 0).toBeLessThan(0x10);
      }
    });
    expect(openEnvelope(sealed(payloads[0]!), bob, alice, pair)).toHaveLength(encoded.length);
  });
});

/** What a friend's device can seal that follows no rule of the contents (MB10, MB11). */
function hostileSealer(sender: EnvelopeSelf): (payload: Uint8Array) => Uint8Array {
  const empty = sealEnvelopeWith({ ephemeralSecret, encapsulated }, sender, bob, key, id, [])!;
  const head = empty.subarray(0, ENVELOPE_HEAD_BYTES);
  const secrets = [
    exchange(ephemeralSecret, key.exchangeKey)!,
    exchange(sender.exchangeSecret, bob.exchangeKey)!,
    encapsulated.secret,
  ];
  const info = Buffer.concat([
    new TextEncoder().encode('magpie envelope 1'),
    sender.accountKey,
    fromHex(sender.device),
    bob.accountKey,
    fromHex(bob.device),
    head.subarray(49, 57),
    blake2b(32, encapsulated.ciphertext, key.kemKey),
  ]);
  const sealKey = hkdf(Buffer.concat(secrets), info, 32);
  const data = Buffer.concat([head, sender.accountKey, bob.accountKey]);
  return (payload) => {
    const envelope = new Uint8Array(head.length + payload.length + 16);
    envelope.set(head);
    sealInto(envelope.subarray(head.length), sealKey, 0, data, payload);
    return envelope;
  };
}

function person(seed: number): EnvelopeSelf {
  const { publicKey, secretKey } = exchangeKeyPairOf(new Uint8Array(32).fill(seed));
  return {
    accountKey: signingKeyPairOf(new Uint8Array(32).fill(seed + 10)).publicKey,
    device: deviceIdOf(publicKey, signing.publicKey),
    exchangeKey: publicKey,
    exchangeSecret: secretKey,
  };
}

function check<T>(runs: number, input: fc.Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(fc.property(input, holds), { numRuns: runs });
}
