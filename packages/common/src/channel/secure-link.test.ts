import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import { decodeFrame, encodeFrame } from '../frames/frame.ts';
import {
  FRAME_BYTES_MAX,
  FRAME_BYTES_MAX_BEFORE_LOGIN,
  HANDSHAKE_MS_MAX,
  LINK_RECORD_BYTES_MAX,
  PARTIAL_FRAME_MS_MAX,
} from '../limits.ts';
import type { RandomSource } from '../random.ts';
import type { Instant } from '../time.ts';
import { blake2b, newExchangeKeyPair } from './keys.ts';
import { type Pin, pinOf } from './pin.ts';
import { type InitiatorOptions, type LinkEvent, type LinkRekeyLimits, SecureLink } from './secure-link.ts';

const start = 1_000 as Instant;
const random = countingRandom();
const serverKeys = newExchangeKeyPair(random);
const clientKeys = newExchangeKeyPair(random);

describe('handshake of the link', () => {
  it('[R10] shows an unpinned server key and sends message 3 only when it is accepted', () => {
    const { client, server } = newPair();
    pump(client, server);
    expect(events(client)).toEqual([
      { type: 'server-key', key: serverKeys.publicKey, pin: pinOf(serverKeys.publicKey) },
    ]);
    expect(output(client)).toEqual([]);
    expect(events(server)).toEqual([]);
    client.acceptServerKey(start);
    pump(client, server);
    expectEstablished(client, server);
  });

  it('[R10] goes through at once with the right pin', () => {
    const { client, server } = newPair({ pin: pinOf(serverKeys.publicKey) });
    pump(client, server);
    expectEstablished(client, server);
  });

  it('[R10] stops before message 3 at the wrong pin, so that the server never learns who asked', () => {
    const { client, server } = newPair({ pin: pinOf(clientKeys.publicKey) });
    pump(client, server);
    expect(events(client)).toEqual([{ type: 'failed', code: 'wrong-pin' }]);
    expect(events(server)).toEqual([]);
    expect(output(client)).toEqual([]);
  });

  it('[R10] falls back to XX when the known key is not the pinned one', () => {
    const pin = pinOf(serverKeys.publicKey);
    const { client, server } = newPair({ remoteStatic: clientKeys.publicKey, pin });
    pump(client, server);
    expectEstablished(client, server);
  });

  it('uses IK with a known key, and both sides agree', () => {
    const { client, server } = newPair({ remoteStatic: serverKeys.publicKey });
    pump(client, server);
    expectEstablished(client, server);
  });

  it('[R4] does not take a replayed message 1 for a client: nothing is established, and the half-open slot expires', () => {
    const { client, server } = newPair({ remoteStatic: serverKeys.publicKey });
    const recorded = output(client);
    for (const bytes of recorded) server.handleBytes(bytes, start);
    for (const bytes of output(server)) client.handleBytes(bytes, start);
    const confirmation = output(client);
    const victim = newServer();
    for (const bytes of [...recorded, ...confirmation]) victim.handleBytes(bytes, start);
    expect(output(victim)).toEqual([]);
    expect(events(victim)).toEqual([{ type: 'failed', code: 'bad-handshake' }]);
    const waiting = newServer();
    for (const bytes of recorded) waiting.handleBytes(bytes, start);
    expect(events(waiting)).toEqual([]);
    waiting.handleTimeout(at(HANDSHAKE_MS_MAX));
    expect(events(waiting)).toEqual([{ type: 'failed', code: 'timeout' }]);
  });

  it('fails when the server has another key than the known one, without an answer', () => {
    const { client, server } = newPair({ remoteStatic: clientKeys.publicKey });
    pump(client, server);
    expect(events(server)).toEqual([{ type: 'failed', code: 'bad-handshake' }]);
    expect(events(client)).toEqual([]);
  });

  it('stays silent after a bad preamble, and names what it cannot speak', () => {
    for (const [preamble, code] of [
      ['GET / HT', 'bad-handshake'],
      ['MGP\u0002\u0000\u0001\u0000\u0000', 'unsupported-version'],
      ['MGP\u0001\u0000\u0002\u0000\u0000', 'unsupported-version'],
      ['MGP\u0001\u0007\u0001\u0000\u0000', 'unsupported-version'],
      ['MGP\u0001\u0000\u0001\u0000\u0001', 'unsupported-version'],
    ]) {
      const server = newServer();
      server.handleBytes(new TextEncoder().encode(preamble), start);
      expect(events(server)).toEqual([{ type: 'failed', code }]);
      expect(output(server)).toEqual([]);
      expect(server.open).toBe(false);
    }
  });

  it('refuses a handshake message over 512 bytes by its length prefix alone', () => {
    const { client, server } = newPair();
    server.handleBytes(output(client)[0]!, start);
    server.handleBytes(Uint8Array.of(0x02, 0x01), start);
    expect(events(server)).toEqual([{ type: 'failed', code: 'too-large' }]);
  });

  it('fails on every single flipped bit of every handshake message', () => {
    for (const options of [{ remoteStatic: serverKeys.publicKey }, { pin: pinOf(serverKeys.publicKey) }]) {
      const stream = recordHandshake(options);
      for (let bit = 0; bit < stream.length * 8; bit += 3) {
        const { server } = newPair(options);
        const changed = stream.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        server.handleBytes(changed, start);
        server.handleTimeout(at(HANDSHAKE_MS_MAX));
        expect(
          events(server).map((event) => event.type),
          `bit ${bit}`,
        ).toEqual(['failed']);
      }
    }
  });

  it('establishes when every byte arrives alone', () => {
    const { client, server } = newPair({ pin: pinOf(serverKeys.publicKey) });
    pump(client, server, 1);
    expectEstablished(client, server);
  });

  it('times out as a whole, however the bytes are spread', () => {
    const server = newServer();
    expect(server.pollTimeout()).toEqual({ at: at(HANDSHAKE_MS_MAX), reason: 'handshake' });
    server.handleBytes(Uint8Array.of(0x4d), at(HANDSHAKE_MS_MAX - 1));
    expect(server.pollTimeout()).toEqual({ at: at(HANDSHAKE_MS_MAX), reason: 'handshake' });
    server.handleTimeout(at(HANDSHAKE_MS_MAX - 1));
    expect(events(server)).toEqual([]);
    server.handleTimeout(at(HANDSHAKE_MS_MAX));
    expect(events(server)).toEqual([{ type: 'failed', code: 'timeout' }]);
    expect(server.pollTimeout()).toBeUndefined();
  });

  it('gives the user time to look at a fingerprint', () => {
    const { client, server } = newPair();
    pump(client, server);
    expect(client.pollTimeout()).toBeUndefined();
    expect(server.pollTimeout()?.reason).toBe('handshake');
  });

  it('sends frames that were queued during the handshake right after it', () => {
    const { client, server } = newPair({ remoteStatic: serverKeys.publicKey });
    client.sendFrame(ping(7), start);
    pump(client, server);
    expect(frames(server)).toEqual([toHex(ping(7))]);
  });
});

describe('frames over the link', () => {
  it('carries frames both ways, in order, and many in one record', () => {
    const { client, server } = established();
    const sent = Array.from({ length: 500 }, (_, index) => ping(index));
    for (const frame of sent) client.sendFrame(frame, start);
    server.sendFrame(ping(77), start);
    const records = output(client);
    expect(records.length).toBe(1);
    for (const record of records) server.handleBytes(record, start);
    expect(frames(server)).toEqual(sent.map(toHex));
    pump(client, server);
    expect(frames(client)).toEqual([toHex(ping(77))]);
    expect(client.pendingBytes).toBe(0);
  });

  it('[R13] spreads a frame of 256 KiB over several records, with small ones around it', () => {
    const { client, server } = established();
    server.setFrameBytesMax(FRAME_BYTES_MAX);
    const large = new Uint8Array(FRAME_BYTES_MAX).fill(0x1b);
    const sent = [ping(1), large, ping(2), large.subarray(0, 70_000), large.subarray(0, 16_384), ping(3)];
    for (const frame of sent) client.sendFrame(frame, start);
    const records = output(client);
    expect(records.every((record) => record.length <= 2 + LINK_RECORD_BYTES_MAX)).toBe(true);
    for (const record of records) server.handleBytes(record, start);
    expect(frames(server).map(digest)).toEqual(sent.map(toHex).map(digest));
  });

  it('gives the same frames for every way of cutting the stream', () => {
    for (const pieceBytes of [1, 2, 3, 17, 63, 64, 65, 1_000, 5_000]) {
      const { client, server } = established();
      for (let index = 0; index < 40; index++) client.sendFrame(body(index * 50 + 1), start);
      const sent = Array.from({ length: 40 }, (_, index) => toHex(body(index * 50 + 1)));
      const stream = Buffer.concat(output(client));
      for (let from = 0; from < stream.length; from += pieceBytes) {
        server.handleBytes(stream.subarray(from, from + pieceBytes), start);
      }
      expect(frames(server)).toEqual(sent);
    }
  });

  it('opens a record only when every frame before it was taken, so that what is not asked for waits as sealed bytes', () => {
    const { client, server } = established();
    const sent = [1, 2].map((token) => {
      client.sendFrame(ping(token), start);
      return output(client)[0]!.slice();
    });
    sent[1]![5]! ^= 1;
    for (const record of sent) server.handleBytes(record, start);
    expect(server.pollEvent()).toEqual({ type: 'frame', bytes: ping(1) });
    expect([server.open, server.recordsReceived]).toEqual([true, 2]);
    expect(server.pollEvent()).toEqual({ type: 'failed', code: 'bad-record' });
    expect(server.open).toBe(false);
  });

  it('counts every record, also those without a frame', () => {
    const { client, server } = established({ messages: 2, ms: 600_000, messagesMaxWithout: 20 });
    const before = server.recordsReceived;
    for (let token = 0; token < 4; token++) {
      client.sendFrame(ping(token), start);
      pump(client, server);
    }
    expect(frames(server)).toHaveLength(4);
    // The first key had carried the empty record of the handshake already.
    expect(server.recordsReceived - before).toBe(4 + 2);
  });

  it('holds no object for a frame that nobody has taken', () => {
    const skipped = Uint8Array.of(0x7f);
    const links = Array.from({ length: 40 }, () => {
      const { client, server } = established();
      for (let index = 0; index < 32_000; index++) client.sendFrame(skipped, start);
      return { server, bytes: Buffer.concat(output(client)) };
    });
    const before = process.memoryUsage().heapUsed;
    for (const { server, bytes } of links) {
      server.handleBytes(bytes, start);
      server.pollEvent();
    }
    // An event and a view for each of these 1.28 million frames take 200 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    expect(frames(links[7]!.server)).toHaveLength(32_000 - 1);
  });

  it('fails on a tampered record, tells the other side, and delivers nothing of it', () => {
    for (const position of [0, 1, 2, 20, -1]) {
      const { client, server } = established();
      client.sendFrame(ping(1), start);
      const record = Uint8Array.from(output(client)[0]!);
      record[position < 0 ? record.length - 1 : position]! ^= 0x01;
      server.handleBytes(record, start);
      server.handleBytes(new Uint8Array(400), start);
      expect(events(server)).toEqual([{ type: 'failed', code: 'bad-record' }]);
      pump(server, client);
      expect(closeOf(client)).toEqual({ code: 'malformed', reason: 'bad-record' });
    }
  });

  it('fails on a replayed, a reordered and a dropped record', () => {
    for (const order of [[0, 0], [1], [1, 0]]) {
      const { client, server } = established();
      const records = [1, 2].map((token) => {
        client.sendFrame(ping(token), start);
        return output(client)[0]!;
      });
      for (const index of order) server.handleBytes(records[index]!, start);
      expect(events(server).at(-1)).toEqual({ type: 'failed', code: 'bad-record' });
    }
  });

  it('does not take its own records back', () => {
    const { client } = established();
    client.sendFrame(ping(1), start);
    for (const record of output(client)) client.handleBytes(record, start);
    expect(events(client)).toEqual([{ type: 'failed', code: 'bad-record' }]);
  });

  it('refuses frames over the limit by their claimed length, before login and after', () => {
    const before = established();
    before.client.sendFrame(body(FRAME_BYTES_MAX_BEFORE_LOGIN), start);
    before.client.sendFrame(body(FRAME_BYTES_MAX_BEFORE_LOGIN + 1), start);
    pump(before.client, before.server);
    expect(events(before.server).map((event) => event.type)).toEqual(['frame', 'failed']);
    pump(before.server, before.client);
    expect(closeOf(before.client)).toEqual({ code: 'too-large', reason: 'too-large' });

    const after = established();
    after.server.setFrameBytesMax(20_000);
    after.client.sendFrame(body(20_000), start);
    after.client.sendFrame(body(20_001), start);
    pump(after.client, after.server);
    expect(events(after.server).map((event) => event.type)).toEqual(['frame', 'failed']);
  });

  it('refuses a record over 16 KiB by its length prefix alone', () => {
    const { server } = established();
    server.handleBytes(Uint8Array.of(0x40, 0x01), start);
    expect(events(server)).toEqual([{ type: 'failed', code: 'too-large' }]);
  });

  it('refuses an empty frame and a record shorter than a tag', () => {
    const { server } = established();
    server.handleBytes(Uint8Array.of(0, 3, 1, 2, 3), start);
    expect(events(server)).toEqual([{ type: 'failed', code: 'bad-record' }]);
  });

  it('closes a connection that does not finish a record or frame in time, and starts anew with each whole frame', () => {
    const { client, server } = established();
    client.sendFrame(ping(1), start);
    client.sendFrame(body(3_000), start);
    const stream = Buffer.concat(output(client));
    server.handleBytes(stream.subarray(0, 10), at(0));
    expect(events(server)).toEqual([]);
    expect(server.pollTimeout()).toEqual({ at: at(PARTIAL_FRAME_MS_MAX), reason: 'partial-frame' });
    server.handleBytes(stream.subarray(10, 20), at(PARTIAL_FRAME_MS_MAX - 1));
    expect(events(server)).toEqual([]);
    expect(server.pollTimeout()).toEqual({ at: at(PARTIAL_FRAME_MS_MAX), reason: 'partial-frame' });
    server.handleTimeout(at(PARTIAL_FRAME_MS_MAX));
    expect(events(server)).toEqual([{ type: 'failed', code: 'timeout' }]);
    for (const record of output(server)) client.handleBytes(record, at(PARTIAL_FRAME_MS_MAX));
    expect(closeOf(client)).toEqual({ code: 'idle-timeout', reason: 'timeout' });

    const again = established();
    again.client.sendFrame(ping(1), start);
    const [first] = output(again.client);
    again.client.sendFrame(ping(2), start);
    const [second] = output(again.client);
    again.server.handleBytes(first!.subarray(0, 5), at(0));
    expect(events(again.server)).toEqual([]);
    again.server.handleBytes(Buffer.concat([first!.subarray(5), second!.subarray(0, 5)]), at(9_000));
    expect(frames(again.server)).toHaveLength(1);
    expect(again.server.pollTimeout()).toEqual({ at: at(9_000 + PARTIAL_FRAME_MS_MAX), reason: 'partial-frame' });
    again.server.handleResume(at(20_000));
    expect(again.server.pollTimeout()).toEqual({ at: at(20_000 + PARTIAL_FRAME_MS_MAX), reason: 'partial-frame' });
    again.server.handleBytes(second!.subarray(5), at(21_000));
    expect(frames(again.server)).toHaveLength(1);
    expect(again.server.pollTimeout()?.reason).toBe('rekey');
  });

  it('ends in order: what was sent comes first, then the close frame, then nothing', () => {
    const { client, server } = established();
    server.sendFrame(ping(1), start);
    server.close('shutting-down', '再'.repeat(100), 5_000, start);
    server.close('internal', '', 0, start);
    server.sendFrame(ping(2), start);
    pump(server, client);
    const received = events(client).map((event) => (event.type === 'frame' ? event.bytes : new Uint8Array(0)));
    expect(toHex(received[0]!)).toBe(toHex(ping(1)));
    expect(decodeFrame(received[1]!, 'server', 'anonymous')).toEqual({
      ok: true,
      value: { type: 'close', code: 'shutting-down', reason: '再'.repeat(42), retryAfterMs: 5_000 },
    });
    expect(received.length).toBe(2);
  });

  it('says nothing when it is closed during the handshake', () => {
    const { client, server } = newPair();
    server.handleBytes(output(client)[0]!, start);
    server.close('busy', '', 0, start);
    expect(output(server)).toEqual([]);
    expect(events(server)).toEqual([]);
  });
});

describe('rekeying of the link', () => {
  it('[R2] sends a rekey frame after the set number of messages and goes on under the new key', () => {
    const { client, server } = established({ messages: 10, ms: 600_000, messagesMaxWithout: 20 });
    const plain = established({ messages: 1_000, ms: 600_000, messagesMaxWithout: 2_000 });
    for (let index = 0; index < 95; index++) {
      client.sendFrame(ping(index), start);
      pump(client, server);
      plain.client.sendFrame(ping(index), start);
      pump(plain.client, plain.server);
    }
    expect(frames(server)).toEqual(frames(plain.server));
    expect(server.open).toBe(true);
  });

  it('[R2] never cuts a frame in two to rekey', () => {
    const { client, server } = established({ messages: 2, ms: 600_000, messagesMaxWithout: 30 });
    server.setFrameBytesMax(FRAME_BYTES_MAX);
    const large = new Uint8Array(FRAME_BYTES_MAX).fill(0x1b);
    for (let index = 0; index < 4; index++) client.sendFrame(large, start);
    pump(client, server);
    expect(frames(server).length).toBe(4);
  });

  it('[R2] rekeys by time, and the old key opens nothing any more', () => {
    const { client, server } = established();
    const due = client.pollTimeout()!;
    expect(due.reason).toBe('rekey');
    client.handleTimeout(due.at);
    expect(client.pollTimeout()!.at).toBeGreaterThan(due.at);
    const [rekeyRecord] = output(client);
    expect(rekeyRecord!.length).toBe(2 + 2 + 16);
    server.handleBytes(rekeyRecord!, due.at);
    client.sendFrame(ping(5), due.at);
    const records = output(client);
    for (const record of records) server.handleBytes(record, due.at);
    expect(frames(server)).toEqual([toHex(ping(5))]);

    const stale = established();
    stale.client.handleTimeout(due.at);
    const [lost] = output(stale.client);
    expect(lost).toBeDefined();
    stale.client.sendFrame(ping(5), due.at);
    for (const record of output(stale.client)) stale.server.handleBytes(record, due.at);
    expect(events(stale.server)).toEqual([{ type: 'failed', code: 'bad-record' }]);
  });

  it('[R2] ends the link when the other side does not rekey', () => {
    const lazy: LinkRekeyLimits = { messages: 1_000, ms: 600_000, messagesMaxWithout: 1_000 };
    const strict: LinkRekeyLimits = { messages: 1_000, ms: 600_000, messagesMaxWithout: 20 };
    const { client, server } = established(lazy, strict);
    for (let index = 0; index < 30; index++) {
      client.sendFrame(ping(index), start);
      pump(client, server);
    }
    const seen = events(server);
    expect(seen.length).toBe(20);
    expect(seen.at(-1)).toEqual({ type: 'failed', code: 'no-rekey' });
  });

  it('[R2] refuses anything behind a rekey frame in its record, and a rekey frame with a body', () => {
    for (const sent of [[Uint8Array.of(3), ping(1)], [Uint8Array.of(3, 0)]]) {
      const { client, server } = established();
      for (const frame of sent) client.sendFrame(frame, start);
      pump(client, server);
      expect(events(server)).toEqual([{ type: 'failed', code: 'bad-record' }]);
    }
  });
});

function newPair(options: Partial<Pick<InitiatorOptions, 'remoteStatic' | 'pin'>> = {}): {
  client: SecureLink;
  server: SecureLink;
} {
  const client = SecureLink.initiator({ staticKey: clientKeys, random, features: 5, now: start, ...options });
  return { client, server: newServer() };
}

function newServer(): SecureLink {
  return SecureLink.responder({ staticKey: serverKeys, random, features: 3, now: start });
}

/** A pair that has shaken hands, its events drained. */
function established(
  clientLimits?: LinkRekeyLimits,
  serverLimits = clientLimits,
): { client: SecureLink; server: SecureLink } {
  const remoteStatic = serverKeys.publicKey;
  const common = { random, features: 0, now: start };
  const client = SecureLink.initiator({
    ...common,
    staticKey: clientKeys,
    remoteStatic,
    ...(clientLimits && { rekeyLimits: clientLimits }),
  });
  const server = SecureLink.responder({
    ...common,
    staticKey: serverKeys,
    ...(serverLimits && { rekeyLimits: serverLimits }),
  });
  pump(client, server);
  events(client);
  events(server);
  return { client, server };
}

/** The bytes that a client sends up to `established`, as one stream, of a handshake that a new server would accept. */
function recordHandshake(options: { remoteStatic?: Uint8Array; pin?: Pin }): Uint8Array {
  const { client, server } = newPair(options);
  const sent: Uint8Array[] = [];
  for (let round = 0; round < 3; round++) {
    for (const bytes of output(client)) {
      sent.push(bytes);
      server.handleBytes(bytes, start);
    }
    for (const bytes of output(server)) client.handleBytes(bytes, start);
  }
  expect(events(server).map((event) => event.type)).toEqual(['established']);
  return new Uint8Array(Buffer.concat(sent));
}

function pump(a: SecureLink, b: SecureLink, pieceBytes = Number.POSITIVE_INFINITY): void {
  for (let quiet = false; !quiet; ) {
    quiet = true;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const bytes of output(from)) {
        quiet = false;
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          to.handleBytes(bytes.subarray(at, Math.min(at + pieceBytes, bytes.length)), start);
        }
      }
    }
  }
}

function output(link: SecureLink): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let bytes = link.pollOutput(); bytes; bytes = link.pollOutput()) all.push(bytes);
  return all;
}

function events(link: SecureLink): LinkEvent[] {
  const all: LinkEvent[] = [];
  for (let event = link.pollEvent(); event; event = link.pollEvent()) all.push(event);
  return all;
}

function frames(link: SecureLink): string[] {
  return events(link).flatMap((event) => (event.type === 'frame' ? [toHex(event.bytes)] : []));
}

function expectEstablished(client: SecureLink, server: SecureLink): void {
  const [atClient] = events(client);
  const [atServer] = events(server);
  expect(atClient).toMatchObject({ type: 'established', remoteVersion: 1, remoteFeatures: 3 });
  expect(atServer).toMatchObject({ type: 'established', remoteVersion: 1, remoteFeatures: 5 });
  if (atClient?.type !== 'established' || atServer?.type !== 'established') return;
  expect(toHex(atClient.remoteStatic)).toBe(toHex(serverKeys.publicKey));
  expect(toHex(atServer.remoteStatic)).toBe(toHex(clientKeys.publicKey));
  expect(toHex(atClient.handshakeHash)).toBe(toHex(atServer.handshakeHash));
}

function closeOf(link: SecureLink): { code: string; reason: string } | undefined {
  const last = events(link).at(-1);
  if (last?.type !== 'frame') return undefined;
  const frame = decodeFrame(last.bytes, 'server', 'anonymous');
  if (!frame.ok || frame.value?.type !== 'close') return undefined;
  return { code: frame.value.code, reason: frame.value.reason };
}

function ping(token: number): Uint8Array {
  return encodeFrame({ type: 'ping', token });
}

function body(length: number): Uint8Array {
  return new Uint8Array(length).fill(0x41);
}

function digest(hex: string): string {
  return `${hex.length}:${toHex(blake2b(16, new TextEncoder().encode(hex)))}`;
}

function at(ms: number): Instant {
  return (start + ms) as Instant;
}

function countingRandom(): RandomSource {
  let count = 0;
  return { bytes: (length) => blake2b(64, Uint8Array.of(++count & 0xff, count >> 8)).slice(0, length) };
}
