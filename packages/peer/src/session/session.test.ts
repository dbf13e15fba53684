import { exchangeKeyPairOf } from '@magpie/common/channel/keys.ts';
import { PacketCipher } from '@magpie/common/channel/packet-cipher.ts';
import type { Endpoint } from '@magpie/common/net.ts';
import { endpointText } from '@magpie/common/net.ts';
import { decodeHeader } from '@magpie/common/packets/header.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InitiatorHandshake, receiveInit } from './handshake.ts';
import { type Hop, Session, type SessionEvent } from './session.ts';

const hello = { version: 1, features: 0, stamp: 1, deviceListVersion: 1 };
const alice = exchangeKeyPairOf(new Uint8Array(32).fill(1));
const bob = exchangeKeyPairOf(new Uint8Array(32).fill(2));
const psk = new Uint8Array(32).fill(9);
const endpoints = {
  a: { address: '192.168.1.10', port: 40_000 },
  b: { address: '192.168.1.20', port: 40_000 },
} as const satisfies Record<string, Endpoint>;

afterEach(() => void vi.restoreAllMocks());

describe('handshake of a session (PK)', () => {
  it('[R3] makes the same keys on both sides with the psk of the introduction', () => {
    const { initiator, responder } = secrets();
    expect(initiator.sendKey).toEqual(responder.receiveKey);
    expect(initiator.receiveKey).toEqual(responder.sendKey);
    expect(initiator.handshakeHash).toEqual(responder.handshakeHash);
    expect(initiator.remoteIndex).toBe(responder.localIndex);
  });

  it('[R12] tries every psk of its retransmissions, for the responder answers with the first that reached it', () => {
    const handshake = startHandshake();
    const answer = answerOf(handshake.init, psk);
    handshake.addPsk(psk);
    for (let i = 0; i < 7; i++) handshake.addPsk(new Uint8Array(32).fill(20 + i));
    expect(handshake.handleResponse(answer.response).ok).toBe(true);
  });

  it('[R3] refuses a response made with a psk that the server did not give', () => {
    const handshake = startHandshake();
    handshake.addPsk(psk);
    expect(handshake.handleResponse(answerOf(handshake.init, new Uint8Array(32)).response).ok).toBe(false);
  });

  it('refuses an init from another device than the one introduced', () => {
    const handshake = startHandshake();
    const received = receiveInit({
      packet: handshake.init,
      psk,
      staticKey: bob,
      expectedStatic: bob.publicKey,
      random: seeded(5),
    });
    expect(received.ok).toBe(false);
  });

  it('refuses a response whose index was changed on the way, though it stands outside the ciphertext', () => {
    const handshake = startHandshake();
    handshake.addPsk(psk);
    const { response } = answerOf(handshake.init, psk);
    response[8]! ^= 1;
    expect(handshake.handleResponse(response).ok).toBe(false);
  });
});

describe('session over relay and direct paths (PA, PK)', () => {
  it('carries a stream each way over the relay before any direct path is proven', () => {
    const pair = new SessionPair({ udp: false });
    pair.send('a', 'hello');
    pair.send('b', 'welcome');
    pair.run(2_000);
    expect(pair.received('b')).toEqual(['hello relay']);
    expect(pair.received('a')).toEqual(['welcome relay']);
  });

  it('[R26] goes direct once both have echoed, and keeps the relay out of it', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_500);
    expect(pair.a.route.kind).toBe('direct');
    expect(pair.b.route.kind).toBe('direct');
    const relayed = pair.relayedPackets;
    pair.send('a', 'hello');
    pair.run(500);
    expect(pair.received('b')).toEqual(['hello direct']);
    expect(pair.relayedPackets).toBe(relayed);
  });

  it('[PA5] challenges the source of data that comes from an unknown endpoint', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_500);
    pair.send('a', 'moved');
    pair.divert = { address: '192.168.1.77', port: 40_001 };
    pair.run(50);
    expect(pair.sentTo('b')).toContain('192.168.1.77:40001');
  });

  it('[PA7] keeps the direct path through a stall that is long for its round trip and short for people', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_500);
    const relayed = pair.relayedPackets;
    pair.udp = false;
    pair.send('a', 'held up');
    pair.run(80);
    pair.udp = true;
    pair.run(1_000);
    expect(pair.received('b')).toEqual(['held up direct']);
    expect(pair.relayedPackets).toBe(relayed);
  });

  it('loses and doubles nothing when UDP dies and comes back under traffic', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_500);
    for (let i = 0; i < 60; i++) {
      if (i === 20) pair.udp = false;
      if (i === 40) pair.udp = true;
      pair.send('a', `m${i}`);
      pair.run(100);
    }
    pair.run(15_000);
    const texts = pair.received('b').map((text) => text.split(' ')[0]);
    expect([...texts].sort()).toEqual([...new Set(texts)].sort());
    expect(new Set(texts).size).toBe(60);
    expect(pair.a.route.kind).toBe('direct');
  });

  it('[R2] rekeys inside the session after 120 s of traffic and goes on past 180 s', () => {
    const pair = new SessionPair({ udp: true });
    const firstIndex = pair.a.indices[0]!;
    for (let i = 0; i < 45; i++) {
      pair.send('a', `m${i}`);
      pair.send('b', `n${i}`);
      pair.run(10_000);
    }
    expect(pair.received('b')).toHaveLength(45);
    expect(pair.received('a')).toHaveLength(45);
    expect(pair.a.indices).not.toContain(firstIndex);
    expect(pair.ended).toEqual([]);
  });

  it('[R2] never uses a packet number twice, on any path and under any key', () => {
    const pair = new SessionPair({ udp: true });
    for (let i = 0; i < 30; i++) {
      pair.udp = i % 3 !== 1;
      pair.send('a', `m${i}`);
      pair.run(7_000);
    }
    const seen = new Map<string, string>();
    for (const bytes of pair.sentBy.a) {
      const header = decodeHeader(bytes)!;
      const packet = Buffer.from(bytes).toString('hex');
      const key = String(header.packetNumber);
      // The same packet may go over two paths at once; another packet may not bear its number.
      expect(seen.get(key) ?? packet).toBe(packet);
      seen.set(key, packet);
    }
    expect(seen.size).toBeGreaterThan(30);
  });

  it('[R2] ends silently after 180 s without a rekey', () => {
    const pair = new SessionPair({ udp: false });
    pair.run(1_000);
    pair.cut = true;
    pair.run(181_000);
    expect(pair.ended.sort()).toEqual(['a expired', 'b expired']);
  });

  it('[R2] drops a replayed packet and one with a flipped bit without a trace', () => {
    const pair = new SessionPair({ udp: false });
    pair.send('a', 'once');
    pair.run(1_000);
    for (const bytes of [...pair.sentBy.a]) {
      pair.b.handlePacket(bytes, 'relay', pair.now);
      const flipped = bytes.slice();
      flipped[flipped.length - 1]! ^= 1;
      pair.b.handlePacket(flipped, 'relay', pair.now);
    }
    pair.run(1_000);
    expect(pair.received('b')).toEqual(['once relay']);
    expect(pair.ended).toEqual([]);
  });

  it('[PA19] leaves the direct path at once when direct is forbidden, loses nothing, and finds it again', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_000);
    const texts = Array.from({ length: 60 }, (_, i) => `m${i}`);
    for (const [i, text] of texts.entries()) {
      if (i === 20) pair.allowDirect('a', false);
      if (i === 40) pair.allowDirect('a', true);
      pair.send('a', text);
      pair.send('b', text);
      pair.run(100);
    }
    pair.run(3_000);
    for (const side of ['a', 'b'] as const) {
      expect(pair.received(side).map((line) => line.split(' ')[0])).toEqual(texts);
      expect(pair[side].route.kind).toBe('direct');
    }
    const sent = pair.datagrams.filter(({ side, at }) => side === 'a' && at > 3_000 && at < 5_000);
    expect(sent).toEqual([]);
  });

  it('[PA19] neither sends nor takes a datagram from the moment it is forbidden', () => {
    const pair = new SessionPair({ udp: true });
    pair.run(1_000);
    expect(pair.a.route.kind).toBe('direct');
    // Still on its way over the direct path when the switch is thrown.
    pair.send('b', 'late');
    const before = pair.datagrams.length;
    pair.allowDirect('a', false);
    pair.run(10);
    expect(pair.received('a')).toEqual([]);
    pair.run(30_000);
    expect(pair.received('a')).toEqual(['late relay']);
    expect(pair.datagrams.slice(before).filter(({ side }) => side === 'a')).toEqual([]);
    // The other side has heard within a moment, and sends nothing there either.
    expect(pair.datagrams.filter(({ side, at }) => side === 'b' && at > 1_100)).toEqual([]);
    expect(pair.a.describe().pathState).toBe('blocked');
  });

  it('[PA19] tells no address where direct was never allowed', () => {
    const pair = new SessionPair({ udp: true, direct: false });
    const sealed = watchSealed();
    pair.send('a', 'hello');
    pair.run(5_000);
    pair.allowDirect('a', false);
    pair.a.setLocalCandidates([{ id: 1, kind: 'host', endpoint: { ...endpoints.a, port: 41_000 } }], pair.now);
    pair.a.networkChanged(pair.now);
    pair.send('a', 'again');
    pair.run(5_000);
    expect(pair.received('b')).toEqual(['hello relay', 'again relay']);
    expect(sealed().length).toBeGreaterThan(3);
    expect(sealed().filter((plaintext) => plaintext.includes(Buffer.from([192, 168, 1, 10])))).toEqual([]);
    expect(pair.datagrams.filter(({ side }) => side === 'a')).toEqual([]);
  });

  it('[PA19] repeats no list of addresses that was lost before', () => {
    const pair = new SessionPair({ udp: true });
    const sealed = watchSealed();
    // The list goes out and is lost; then the switch is thrown, and the road comes back.
    pair.cut = true;
    pair.send('a', 'hello');
    pair.run(50);
    const before = sealed().length;
    pair.allowDirect('a', false);
    pair.cut = false;
    pair.run(10_000);
    expect(pair.received('b')).toEqual(['hello relay']);
    const after = sealed().slice(before);
    expect(after.length).toBeGreaterThan(2);
    expect(after.filter((plaintext) => plaintext.includes(Buffer.from([192, 168, 1, 10])))).toEqual([]);
  });

  it('tells the other side when it closes', () => {
    const pair = new SessionPair({ udp: false });
    pair.run(500);
    pair.close('a');
    pair.run(500);
    expect(pair.ended.sort()).toEqual(['a closed', 'b closed']);
  });
});

function seeded(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    bytes: (length) =>
      Uint8Array.from({ length }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      }),
  };
}

function startHandshake(): InitiatorHandshake {
  return new InitiatorHandshake({
    staticKey: alice,
    remoteStatic: bob.publicKey,
    random: seeded(3),
    localIndex: 11,
    hello,
  });
}

function answerOf(init: Uint8Array, key: Uint8Array) {
  const random = seeded(4);
  const received = receiveInit({ packet: init, psk: key, staticKey: bob, expectedStatic: alice.publicKey, random });
  if (!received.ok) throw new Error('init refused');
  return received.value.answer(22, hello);
}

function secrets() {
  const handshake = startHandshake();
  handshake.addPsk(psk);
  const answer = answerOf(handshake.init, psk);
  const initiator = handshake.handleResponse(answer.response);
  if (!initiator.ok) throw new Error('response refused');
  return { initiator: initiator.value, responder: answer.secrets };
}

/** @returns everything that anybody has sealed since, before it was */
function watchSealed(): () => readonly Buffer[] {
  const sealed: Buffer[] = [];
  const seal = PacketCipher.prototype.seal;
  vi.spyOn(PacketCipher.prototype, 'seal').mockImplementation(function (this: PacketCipher, number, header, plaintext) {
    sealed.push(Buffer.from(plaintext));
    return seal.call(this, number, header, plaintext);
  });
  return () => sealed;
}

type Side = 'a' | 'b';

/** Two sessions, a relay of 20 ms each way and a network of 5 ms, in virtual time. */
class SessionPair {
  now = 0 as Instant;
  udp: boolean;
  /** Nothing at all passes. */
  cut = false;
  /** Set: what a sends over UDP seems to come from there. */
  divert: Endpoint | undefined;
  readonly #sentTo: Record<Side, string[]> = { a: [], b: [] };
  /** Sent, whatever became of them. */
  readonly datagrams: { readonly side: Side; readonly at: Instant }[] = [];
  relayedPackets = 0;
  readonly a: Session;
  readonly b: Session;
  readonly ended: string[] = [];
  readonly sentBy: Record<Side, Uint8Array[]> = { a: [], b: [] };
  readonly #received: Record<Side, string[]> = { a: [], b: [] };
  #flying: { readonly at: Instant; readonly to: Side; readonly bytes: Uint8Array; readonly from: Hop }[] = [];
  #index = 100;

  constructor(options: { readonly udp: boolean; readonly direct?: boolean }) {
    this.udp = options.udp;
    const { initiator, responder } = secrets();
    const common = {
      now: this.now,
      direct: options.direct ?? true,
      initialRttMs: 40,
      newIndex: () => this.#index++,
    };
    this.a = new Session({
      ...common,
      role: 'initiator',
      secrets: initiator,
      staticKey: alice,
      remoteStatic: bob.publicKey,
      random: seeded(1),
      controlling: true,
    });
    this.b = new Session({
      ...common,
      role: 'responder',
      secrets: responder,
      staticKey: bob,
      remoteStatic: alice.publicKey,
      random: seeded(2),
      controlling: false,
    });
    this.a.setLocalCandidates([{ id: 1, kind: 'host', endpoint: endpoints.a }], this.now);
    this.b.setLocalCandidates([{ id: 1, kind: 'host', endpoint: endpoints.b }], this.now);
    this.#drain('a');
    this.#drain('b');
  }

  send(from: Side, text: string): void {
    this[from].openStream(Buffer.from(text), this.now);
    this.#drain(from);
  }

  allowDirect(side: Side, allowed: boolean): void {
    this[side].setDirectAllowed(allowed, this.now);
    this.#drain(side);
  }

  close(side: Side): void {
    this[side].close(0, this.now);
    this.#drain(side);
  }

  received(side: Side): readonly string[] {
    return this.#received[side];
  }

  /** Endpoints that the side has sent datagrams to. */
  sentTo(side: Side): readonly string[] {
    return this.#sentTo[side];
  }

  run(ms: number): void {
    const until = after(this.now, ms);
    for (;;) {
      const next = Math.min(
        ...this.#flying.map(({ at }) => at),
        this.a.pollTimeout() ?? Number.POSITIVE_INFINITY,
        this.b.pollTimeout() ?? Number.POSITIVE_INFINITY,
      );
      if (next > until) break;
      this.now = Math.max(this.now, next) as Instant;
      const due = this.#flying.filter(({ at }) => at <= this.now);
      this.#flying = this.#flying.filter(({ at }) => at > this.now);
      for (const { to, bytes, from } of due) {
        this[to].handlePacket(bytes, from !== 'relay' && to === 'b' && this.divert ? this.divert : from, this.now);
        this.#drain(to);
      }
      for (const side of ['a', 'b'] as const) {
        const at = this[side].pollTimeout();
        if (at !== undefined && at <= this.now) {
          this[side].handleTimeout(this.now);
          this.#drain(side);
        }
      }
    }
    this.now = until;
  }

  #drain(side: Side): void {
    const session = this[side];
    const other = side === 'a' ? 'b' : 'a';
    for (let busy = true; busy; ) {
      busy = false;
      for (let event = session.pollEvent(); event; event = session.pollEvent()) {
        busy = true;
        this.#note(side, event);
      }
      for (let out = session.pollTransmit(this.now); out; out = session.pollTransmit(this.now)) {
        busy = true;
        this.sentBy[side].push(out.bytes);
        if (out.to !== 'relay') {
          this.#sentTo[side].push(endpointText(out.to));
          this.datagrams.push({ side, at: this.now });
        }
        if (this.cut) continue;
        if (out.to === 'relay') {
          this.relayedPackets++;
          this.#flying.push({ at: after(this.now, 40), to: other, bytes: out.bytes, from: 'relay' });
        } else if (this.udp && endpointText(out.to) === endpointText(endpoints[other])) {
          this.#flying.push({ at: after(this.now, 5), to: other, bytes: out.bytes, from: endpoints[side] });
        }
      }
    }
  }

  #note(side: Side, event: SessionEvent): void {
    if (event.type === 'stream') {
      this.#received[side].push(`${Buffer.from(event.bytes).toString()} ${event.road.kind}`);
    }
    if (event.type === 'ended') this.ended.push(`${side} ${event.reason}`);
  }
}
