import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import type { Content, ContentOf } from '../content/content.ts';
import type { DeviceId, Incarnation, MailId, MessageId } from '../ids.ts';
import { ENVELOPE_BYTES_MAX, ENVELOPE_CONTENTS_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import type { WallMs } from '../time.ts';
import {
  ENVELOPE_HEAD_BYTES,
  type EnvelopeSelf,
  openEnvelope,
  readEnvelopeHeader,
  sealEnvelope,
  sealEnvelopeWith,
} from './envelope.ts';
import { encapsulateFor } from './envelope-kem.ts';
import { blake2b, deviceIdOf, exchangeKeyPairOf, signingKeyPairOf } from './keys.ts';
import { type MailboxKey, mailboxKeyPairOf } from './mailbox-key.ts';

const alice = person(1);
const bob = person(2);
const carol = person(3);
const bobLink = new Uint8Array(32).fill(0x21);
const bobPair = mailboxKeyPairOf(bobLink);
const bobKey = keyOf(bobLink, 4, 2);
const id = '01992f3a5b007abc8def0123456789ab' as MailId;
let count = 0;
const random = { bytes: (length: number) => blake2b(length, new Uint8Array(Uint32Array.of(++count).buffer)) };

const chance = { random, encapsulate: encapsulateFor };

describe('envelope', () => {
  it('[MB10] opens at the device it was sealed for, with all its contents in order', () => {
    const contents = [text('one'), { ...text('two'), sequence: 2 }, receipt()];
    expect(openEnvelope(sealed(contents), bob, alice, bobPair)).toEqual(contents);
  });

  it('[MB10] names in its head its sender, its recipient, its id and the key it is sealed for', () => {
    const header = { sender: alice.device, recipient: bob.device, id, generation: 4, step: 2 };
    expect(readEnvelopeHeader(sealed([text('hello')]))).toEqual(header);
  });

  it('[MB11] opens for no other sender, recipient, account or key, and not with the sender changed to another', () => {
    const envelope = sealed([text('hello')]);
    const changedSender = envelope.slice();
    changedSender.set(Buffer.from(carol.device, 'hex'), 1);
    const tries = {
      'another sender': openEnvelope(envelope, bob, carol, bobPair),
      'a sender with her id and another key': openEnvelope(
        envelope,
        bob,
        { ...alice, exchangeKey: carol.exchangeKey },
        bobPair,
      ),
      'a sender of another account': openEnvelope(envelope, bob, { ...alice, accountKey: carol.accountKey }, bobPair),
      'another device': openEnvelope(envelope, carol, alice, bobPair),
      'the device with another secret': openEnvelope(
        envelope,
        { ...bob, exchangeSecret: carol.exchangeSecret },
        alice,
        bobPair,
      ),
      'another account': openEnvelope(envelope, { ...bob, accountKey: carol.accountKey }, alice, bobPair),
      'another link': openEnvelope(envelope, bob, alice, mailboxKeyPairOf(new Uint8Array(32))),
      'a changed sender': openEnvelope(changedSender, bob, carol, bobPair),
    };
    for (const [what, opened] of Object.entries(tries)) expect(opened, what).toBeUndefined();
  });

  it('[MB11] needs both halves of the mailbox key: with either one of another link it does not open', () => {
    const envelope = sealed([text('hello')]);
    const other = mailboxKeyPairOf(new Uint8Array(32).fill(5));
    expect(openEnvelope(envelope, bob, alice, { ...bobPair, kem: other.kem })).toBeUndefined();
    expect(openEnvelope(envelope, bob, alice, { ...bobPair, exchange: other.exchange })).toBeUndefined();
  });

  it('[MB11] does not open with any byte changed, and cut nowhere', () => {
    const envelope = sealed([text('hello')]);
    for (let at = 0; at < envelope.length; at += 7) {
      const changed = envelope.slice();
      changed[at]! ^= 0x01;
      expect(openEnvelope(changed, bob, alice, bobPair), `byte ${at}`).toBeUndefined();
      expect(openEnvelope(envelope.subarray(0, at), bob, alice, bobPair), `${at} bytes`).toBeUndefined();
    }
    expect(openEnvelope(new Uint8Array(ENVELOPE_BYTES_MAX + 1).fill(1), bob, alice, bobPair)).toBeUndefined();
  });

  it('[MB11] does not open under another generation or step, though the keys be the same', () => {
    const envelope = sealed([text('hello')]);
    for (const at of [52, 56]) {
      const changed = envelope.slice();
      changed[at]! ^= 0x01;
      expect(readEnvelopeHeader(changed)).not.toMatchObject({ generation: 4, step: 2 });
      expect(openEnvelope(changed, bob, alice, bobPair)).toBeUndefined();
    }
  });

  it('[MB12] refuses an ephemeral key of small order, when sealing and when opening', () => {
    const envelope = sealed([text('hello')]);
    envelope.fill(0, ENVELOPE_HEAD_BYTES - 1_088 - 32, ENVELOPE_HEAD_BYTES - 1_088);
    expect(openEnvelope(envelope, bob, alice, bobPair)).toBeUndefined();
    const zero = { ...bobKey, exchangeKey: new Uint8Array(32) };
    expect(sealEnvelope(alice, bob, zero, id, [text('hello')], chance)).toBeUndefined();
    const device = { ...bob, exchangeKey: new Uint8Array(32) };
    expect(sealEnvelope(alice, device, bobKey, id, [text('hello')], chance)).toBeUndefined();
  });

  it('[MB13] shows by its length no more than how many times 64 bytes its contents have', () => {
    const lengths = ['', 'x', 'hello', 'hi there'].map((words) => sealed([text(words)]).length);
    expect(new Set(lengths)).toEqual(new Set([ENVELOPE_HEAD_BYTES + 64 + 16]));
    expect((sealed([text('x'.repeat(1_000))]).length - ENVELOPE_HEAD_BYTES - 16) % 64).toBe(0);
  });

  it('[MB13] takes the longest text with an opening before it, and as many short contents as are allowed', () => {
    const opening: Content = { type: 'opening', conversation: 0, incarnation, from: 2 ** 40 };
    const longest = [opening, { ...text('x'.repeat(TEXT_BYTES_MAX)), replyTo: id as string as MessageId }];
    const envelope = sealed(longest);
    expect(envelope.length).toBeLessThanOrEqual(ENVELOPE_BYTES_MAX);
    expect(openEnvelope(envelope, bob, alice, bobPair)).toEqual(longest);
    const many = Array.from({ length: ENVELOPE_CONTENTS_MAX }, receipt);
    expect(openEnvelope(sealed(many), bob, alice, bobPair)).toEqual(many);
  });

  it('[MB10] is made of fresh keys each time, so that the same contents never look the same', () => {
    const one = sealed([text('hello')]);
    const two = sealed([text('hello')]);
    expect(toHex(one.subarray(60))).not.toBe(toHex(two.subarray(60)));
  });

  it('[MB10] with the same chance is the same bytes', () => {
    const fixed = { ephemeralSecret: random.bytes(32), encapsulated: encapsulateFor(bobKey.kemKey)! };
    const seal = () => sealEnvelopeWith(fixed, alice, bob, bobKey, id, [text('hello')])!;
    expect(toHex(seal())).toBe(toHex(seal()));
  });
});

const incarnation = '0011223344556677' as Incarnation;

function sealed(contents: readonly Content[]): Uint8Array {
  return sealEnvelope(alice, bob, bobKey, id, contents, chance)!;
}

function text(words: string): ContentOf<'text'> {
  const stamp = { wallMs: 1_790_000_000_000 as WallMs, counter: 0 };
  const numbered = { messageId: id as string as MessageId, conversation: 0, incarnation, sequence: 1, stamp };
  return { type: 'text', ...numbered, text: words, replyTo: undefined };
}

function receipt(): ContentOf<'receipt'> {
  return { type: 'receipt', conversation: 0, incarnation, kind: 'delivered', ranges: [{ from: 1, to: 9 }] };
}

function keyOf(link: Uint8Array, generation: number, step: number): MailboxKey {
  const { exchange, kem } = mailboxKeyPairOf(link);
  return { generation, step, exchangeKey: exchange.publicKey, kemKey: kem.publicKey };
}

function person(seed: number): EnvelopeSelf {
  const exchange = exchangeKeyPairOf(new Uint8Array(32).fill(seed));
  const signKey = signingKeyPairOf(new Uint8Array(32).fill(seed + 100)).publicKey;
  return {
    accountKey: signingKeyPairOf(new Uint8Array(32).fill(seed + 200)).publicKey,
    device: deviceIdOf(exchange.publicKey, signKey) satisfies DeviceId,
    exchangeKey: exchange.publicKey,
    exchangeSecret: exchange.secretKey,
  };
}
