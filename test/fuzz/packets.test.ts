import { fromHex } from '@magpie/common/bytes/hex.ts';
import { decodeSessionFrames } from '@magpie/common/packets/decode-packet.ts';
import { encodeSessionFrames } from '@magpie/common/packets/encode-packet.ts';
import { decodeInit, decodeResponse, encodeInit, encodeResponse } from '@magpie/common/packets/handshake-packet.ts';
import { decodeHeader, encodeHeader } from '@magpie/common/packets/header.ts';
import type { Instant } from '@magpie/common/time.ts';
import { Connection, pathId } from '@magpie/peer/transport/connection.ts';
import { CLOSE_PACKETS_MAX } from '@magpie/peer/transport/limits.ts';
import { TransportPair } from '@magpie/peer/transport/transport-pair.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadGolden } from '../vectors/golden.ts';
import { hostileBytes } from './mutate.ts';

/** Inputs per decoder; together 56,000, half of them mutated from valid ones. A failure prints its seed. */
const RUNS = { frames: 24_000, header: 6_000, handshake: 6_000, connection: 2_000 } as const;
/** Payloads that each connection of the last test is given. */
const PAYLOADS_PER_CONNECTION = 10;

const outerTypes = new Set(['header', 'init', 'response']);
const goldens = loadGolden('packets');
const outer = goldens.filter((golden) => outerTypes.has(golden.type)).map((golden) => fromHex(golden.hex));
const frames = goldens.filter((golden) => !outerTypes.has(golden.type)).map((golden) => fromHex(golden.hex));

/** Payloads as two connections really exchange them. */
const payloads = ((): readonly Uint8Array[] => {
  const pair = new TransportPair(1, { 1: { lossRatio: 0.2, jitterMs: 30 } });
  for (let i = 0; i < 40; i++) pair.a.connection.openStream(i % 3 === 0 ? 3 : 1, new Uint8Array(i * 60), pair.now);
  pair.b.connection.openStream(1, Buffer.from('hello'), pair.now);
  pair.a.connection.sendControl({ type: 'candidates', generation: 1, candidates: [] }, pair.now);
  pair.run();
  return [...pair.a.sent, ...pair.b.sent].map((transmit) => transmit.payload);
})();

describe('no packet makes a decoder or the transport throw', () => {
  it('decodeSessionFrames; what it accepts can be written and read again', () => {
    check(RUNS.frames, hostileBytes([...frames, new Uint8Array(Buffer.concat(frames)), ...payloads]), (bytes) => {
      const decoded = decodeSessionFrames(bytes);
      if (!decoded.ok) return;
      // Padding merges when a skipped frame between two runs of it is gone.
      const kept = decoded.value.filter((frame) => frame.type !== 'padding');
      expect(decodeSessionFrames(encodeSessionFrames(kept))).toEqual({ ok: true, value: kept });
    });
  });

  it('decodeHeader; what it accepts is the header of these very bytes', () => {
    check(RUNS.header, hostileBytes(outer, 16), (bytes) => {
      const header = decodeHeader(bytes);
      if (header) expect(Buffer.compare(encodeHeader(header), bytes.subarray(0, 11))).toBe(0);
    });
  });

  it('decodeInit and decodeResponse; what they accept is written as the same bytes', () => {
    check(RUNS.handshake, hostileBytes(outer, 1_300), (bytes) => {
      const init = decodeInit(bytes);
      if (init) expect(Buffer.compare(encodeInit(init), bytes)).toBe(0);
      const response = decodeResponse(bytes);
      if (response) expect(Buffer.compare(encodeResponse(response), bytes)).toBe(0);
    });
  });

  it('a connection under way takes any payloads: it answers within bounds, and its timers always end', () => {
    const input = fc.array(hostileBytes([...payloads, ...frames]), {
      minLength: 1,
      maxLength: 2 * PAYLOADS_PER_CONNECTION,
    });
    check(RUNS.connection, input, (hostile) => {
      const connection = new Connection({ initiator: false });
      let now = 0 as Instant;
      connection.addPath(pathId(0), { payloadBytesMax: 1_173, ordered: false, initialRttMs: 50 });
      connection.setRoute([pathId(0)], now);
      for (let i = 0; i < 20; i++) connection.openStream(1, new Uint8Array(i * 100), now);
      let sent = 0;
      for (const [number, payload] of hostile.entries()) {
        connection.handlePacket(number, payload, { ackNow: false }, pathId(0), now);
        now = (now + 7) as Instant;
        connection.handleTimeout(now);
        while (connection.pollTransmit(now)) sent++;
        while (connection.pollEvent()) expect(sent).toBeLessThan(1_000);
      }
      expect(sent).toBeLessThan(100 + hostile.length * (CLOSE_PACKETS_MAX + 3));
      const timeout = connection.pollTimeout();
      if (timeout) expect(timeout.at).toBeGreaterThanOrEqual(now - 7);
    });
  });
});

function check<T>(runs: number, input: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(input, property), { numRuns: runs });
}
