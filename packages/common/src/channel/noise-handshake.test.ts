import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/hex.ts';
import type { RandomSource } from '../random.ts';
import { openInto, sealInto } from './aead.ts';
import { exchangeKeyPairOf, type KeyPair } from './keys.ts';
import { NoiseHandshake } from './noise-handshake.ts';
import type { NoisePatternName } from './noise-pattern.ts';

const vectorsFile = new URL('../../../../../shared/vectors/noise-cacophony.json', import.meta.url);

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly resp_prologue: string;
  readonly init_psks?: readonly string[];
  readonly resp_psks?: readonly string[];
  readonly init_static?: string;
  readonly resp_static?: string;
  readonly init_ephemeral?: string;
  readonly resp_ephemeral?: string;
  readonly init_remote_static?: string;
  readonly resp_remote_static?: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

describe('Noise handshake', () => {
  it.skipIf(!existsSync(vectorsFile))('gives the bytes of every public vector of its cipher suite', (context) => {
    if (!existsSync(vectorsFile)) context.skip('the public vectors are not here');
    const { vectors } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as { vectors: readonly Vector[] };
    const ours = vectors.filter((vector) => vector.protocol_name.endsWith('_25519_ChaChaPoly_BLAKE2b'));
    expect(ours.length).toBe(59);
    for (const vector of ours) runVector(vector);
  });

  it('carries payloads and agrees on keys and hash in IKpsk2', () => {
    const [alice, bob] = pair('IKpsk2');
    const psk = new Uint8Array(32).fill(9);
    bob.setPsk(psk);
    alice.setPsk(psk);
    expect(bob.readMessage(alice.writeMessage(Uint8Array.of(1)))).toEqual({ ok: true, value: Uint8Array.of(1) });
    expect(toHex(bob.remoteStatic!)).toBe(toHex(keyOf(1).publicKey));
    expect(alice.readMessage(bob.writeMessage(Uint8Array.of(2)))).toEqual({ ok: true, value: Uint8Array.of(2) });
    expect(alice.complete && bob.complete).toBe(true);
    expect(alice.split().sendKey).toEqual(bob.split().receiveKey);
    expect(alice.split().receiveKey).toEqual(bob.split().sendKey);
    expect(alice.handshakeHash).toEqual(bob.handshakeHash);
  });

  it('refuses an answer under another psk, and still takes the right one afterwards', () => {
    const [alice, bob] = pair('IKpsk2');
    const [, stranger] = pair('IKpsk2');
    alice.setPsk(new Uint8Array(32).fill(9));
    bob.setPsk(new Uint8Array(32).fill(9));
    stranger.setPsk(new Uint8Array(32).fill(8));
    const first = alice.writeMessage(new Uint8Array(0));
    bob.readMessage(first);
    stranger.readMessage(first);
    expect(alice.readMessage(stranger.writeMessage(new Uint8Array(0)))).toEqual({ ok: false, error: 'bad-handshake' });
    expect(alice.readMessage(bob.writeMessage(Uint8Array.of(7)))).toEqual({ ok: true, value: Uint8Array.of(7) });
  });

  it('refuses every single flipped bit and every cut of message 1 of IK', () => {
    const [alice] = pair('IK');
    const first = alice.writeMessage(Uint8Array.of(1, 2, 3));
    for (let bit = 0; bit < first.length * 8; bit++) {
      const [, bob] = pair('IK');
      const changed = first.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      // X25519 ignores the top bit of a public key, but the hash of the transcript does not.
      expect(bob.readMessage(changed).ok, `bit ${bit}`).toBe(false);
    }
    for (let length = 0; length < first.length; length++) {
      const [, bob] = pair('IK');
      expect(bob.readMessage(first.subarray(0, length)).ok, `length ${length}`).toBe(false);
    }
  });

  it('refuses another prologue', () => {
    const [alice] = pair('XX', 'a');
    const [, bob] = pair('XX', 'b');
    bob.readMessage(alice.writeMessage(new Uint8Array(0)));
    expect(alice.readMessage(bob.writeMessage(new Uint8Array(0))).ok).toBe(false);
  });

  it('refuses an ephemeral key of small order at once, before it has to answer', () => {
    const [, bob] = pair('XX');
    expect(bob.readMessage(new Uint8Array(32)).ok).toBe(false);
    const order8 = fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800');
    expect(bob.readMessage(order8).ok).toBe(false);
    const [alice] = pair('XX');
    expect(bob.readMessage(alice.writeMessage(new Uint8Array(0))).ok).toBe(true);
    expect(bob.writeMessage(new Uint8Array(0)).length).toBe(96);
  });

  it('answers a message out of turn with an error', () => {
    const [alice, bob] = pair('XX');
    const first = alice.writeMessage(new Uint8Array(0));
    expect(alice.readMessage(first).ok).toBe(false);
    expect(bob.readMessage(first).ok).toBe(true);
    expect(bob.readMessage(first).ok).toBe(false);
  });
});

function runVector(vector: Vector): void {
  const pattern = vector.protocol_name.split('_')[1] as NoisePatternName;
  const initiator = sideOf(pattern, 'initiator', vector);
  const responder = sideOf(pattern, 'responder', vector);
  const oneWay = /^[NKX](psk|$)/.test(pattern);
  const counts = { initiator: 0, responder: 0 };
  for (const [index, { payload, ciphertext }] of vector.messages.entries()) {
    const name = `${pattern}, message ${index}`;
    const fromInitiator = oneWay || index % 2 === 0;
    const [from, to] = fromInitiator ? [initiator, responder] : [responder, initiator];
    if (!from.complete) {
      const message = from.writeMessage(fromHex(payload));
      expect(toHex(message), name).toBe(ciphertext);
      const read = to.readMessage(message);
      expect(read.ok && toHex(read.value), name).toBe(payload);
      if (from.complete) expect(toHex(to.handshakeHash), name).toBe(vector.handshake_hash);
      continue;
    }
    const number = counts[fromInitiator ? 'initiator' : 'responder']++;
    const sealed = new Uint8Array(payload.length / 2 + 16);
    sealInto(sealed, from.split().sendKey, number, null, fromHex(payload));
    expect(toHex(sealed), name).toBe(ciphertext);
    const opened = new Uint8Array(payload.length / 2);
    expect(openInto(opened, to.split().receiveKey, number, null, sealed), name).toBe(true);
    expect(toHex(opened), name).toBe(payload);
  }
  expect(counts.initiator, pattern).toBeGreaterThan(0);
}

function sideOf(pattern: NoisePatternName, role: 'initiator' | 'responder', vector: Vector): NoiseHandshake {
  const at = role === 'initiator' ? 'init' : 'resp';
  const remoteStatic = vector[`${at}_remote_static`];
  const handshake = new NoiseHandshake({
    pattern,
    role,
    staticKey: exchangeKeyPairOf(fromHex(vector[`${at}_static`] ?? '00'.repeat(32))),
    ...(remoteStatic === undefined ? {} : { remoteStatic: fromHex(remoteStatic) }),
    prologue: fromHex(vector[`${at}_prologue`]),
    random: always(vector[`${at}_ephemeral`] ?? '00'.repeat(32)),
  });
  const psk = vector[`${at}_psks`]?.[0];
  if (psk !== undefined) handshake.setPsk(fromHex(psk));
  return handshake;
}

function pair(pattern: 'XX' | 'IK' | 'IKpsk2', prologue = 'p'): [NoiseHandshake, NoiseHandshake] {
  const common = { pattern, prologue: new TextEncoder().encode(prologue) };
  const remoteStatic = keyOf(2).publicKey;
  return [
    new NoiseHandshake({
      ...common,
      role: 'initiator',
      staticKey: keyOf(1),
      remoteStatic,
      random: always('33'.repeat(32)),
    }),
    new NoiseHandshake({ ...common, role: 'responder', staticKey: keyOf(2), random: always('44'.repeat(32)) }),
  ];
}

function keyOf(byte: number): KeyPair {
  return exchangeKeyPairOf(new Uint8Array(32).fill(byte));
}

function always(hex: string): RandomSource {
  return { bytes: (length) => fromHex(hex).subarray(0, length) };
}
