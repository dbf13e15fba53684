import { describe, expect, it } from 'vitest';
import { CREDIT_WINDOW_BYTES, STREAM_BYTES_MAX } from './limits.ts';
import { type SideName, TransportPair, unitHash } from './transport-pair.ts';

/** Opens streams of mixed sizes on a side; returns what must arrive. */
function openMany(pair: TransportPair, from: SideName, count: number, seed: number): Map<number, Uint8Array> {
  const expected = new Map<number, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const kind = unitHash(seed, i, 7);
    const size = kind < 0.05 ? 0 : kind < 0.9 ? Math.floor(kind * 900) : Math.floor(unitHash(seed, i, 8) * 20_000);
    const bytes = new Uint8Array(size).fill(i % 251);
    const opened = pair[from].connection.openStream(i % 5 === 0 ? 3 : 1, bytes, pair.now);
    if (!opened.ok) throw new Error(opened.error);
    expected.set(opened.value, bytes);
  }
  return expected;
}

function expectExactlyOnce(pair: TransportPair, at: SideName, expected: ReadonlyMap<number, Uint8Array>): void {
  const side = pair[at];
  expect(side.arrivals.size).toBe(expected.size);
  for (const [stream, bytes] of expected) {
    expect(side.arrivals.get(stream)?.length, `stream ${stream}`).toBe(1);
    expect(Buffer.compare(side.streams.get(stream)!, bytes), `bytes of ${stream}`).toBe(0);
  }
}

describe('a connection over one path (TR)', () => {
  it('[TR20] delivers a stream whole after one transit and reports it acked after one round trip', () => {
    const pair = new TransportPair(1, { 1: { delayMs: 20 } });
    const opened = pair.a.connection.openStream(1, Buffer.from('hello'), pair.now);
    const start = pair.now;
    expect(pair.run(() => pair.b.arrivals.size === 1)).toBe(true);
    expect(pair.now - start).toBe(20);
    expect(pair.run(() => pair.a.eventsOf('stream-acked').length === 1)).toBe(true);
    expect(pair.now - start).toBe(40);
    expect(opened).toEqual({ ok: true, value: 0 });
    expect(pair.a.connection.hasUnacked).toBe(false);
    expect(pair.a.connection.bytesInFlight).toBe(0);
  });

  for (let seed = 1; seed <= 24; seed++) {
    const lossRatio = (seed % 7) * 0.05;
    it(`[TR20] delivers 200 streams each way exactly once at ${Math.round(lossRatio * 100)} % loss (seed ${seed})`, () => {
      const link = { delayMs: 5 + (seed % 5) * 20, jitterMs: (seed % 3) * 15, lossRatio, duplicateRatio: 0.05 };
      const pair = new TransportPair(seed, { 1: link });
      pair.replayChecked = seed % 4 !== 0;
      const toB = openMany(pair, 'a', 200, seed);
      const toA = openMany(pair, 'b', 200, seed + 1_000);
      const done = pair.run(() => !pair.a.connection.hasUnacked && !pair.b.connection.hasUnacked);
      expect(done).toBe(true);
      expectExactlyOnce(pair, 'b', toB);
      expectExactlyOnce(pair, 'a', toA);
      pair.run();
      expect([pair.a.connection.bytesInFlight, pair.b.connection.bytesInFlight]).toEqual([0, 0]);
    });
  }

  it('[TR21] falls silent when all is acked: no timer is left and nothing is sent', () => {
    const pair = new TransportPair(2, { 1: { lossRatio: 0.2 } });
    openMany(pair, 'a', 50, 2);
    pair.run();
    const sent = pair.a.sent.length + pair.b.sent.length;
    expect(pair.a.connection.pollTimeout()).toBeUndefined();
    expect(pair.b.connection.pollTimeout()).toBeUndefined();
    pair.run(undefined, 60_000);
    expect(pair.a.sent.length + pair.b.sent.length).toBe(sent);
  });

  it('[TR22] uses each packet number once, over all routes and with the numbers given out for probes', () => {
    const pair = new TransportPair(3, { 1: { lossRatio: 0.1 }, 2: {} });
    openMany(pair, 'a', 100, 3);
    const probes: number[] = [];
    for (let i = 0; i < 20; i++) {
      pair.run(undefined, 15);
      probes.push(pair.a.connection.nextPacketNumber());
      pair.route([(i % 2) + 1]);
    }
    pair.run();
    const numbers = [...pair.a.sent.map((transmit) => transmit.packetNumber), ...probes];
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBe(numbers.length - 1);
  });

  it('[TR13] sends chat before the bulk that was opened earlier', () => {
    const pair = new TransportPair(4, { 1: { delayMs: 20 } });
    for (let i = 0; i < 10; i++) pair.a.connection.openStream(3, new Uint8Array(60_000), pair.now);
    pair.run(undefined, 100);
    const chat = pair.a.connection.openStream(1, Buffer.from('chat'), pair.now);
    const start = pair.now;
    pair.run(() => pair.b.arrivals.has(chat.ok ? chat.value : -1));
    expect(pair.now - start).toBeLessThanOrEqual(21);
    expect(pair.b.arrivals.size).toBeLessThan(10);
  });

  it('[TR16] moves many times its credit window and never has more than the window under way', () => {
    const pair = new TransportPair(5, { 1: { delayMs: 10, lossRatio: 0.02 } });
    const size = 60_000;
    const count = Math.ceil((4 * CREDIT_WINDOW_BYTES) / size);
    for (let i = 0; i < count; i++) pair.a.connection.openStream(3, new Uint8Array(size).fill(i), pair.now);
    let inFlightMax = 0;
    const done = pair.run(() => {
      inFlightMax = Math.max(inFlightMax, pair.a.connection.bytesInFlight);
      return pair.b.arrivals.size === count;
    });
    expect(done).toBe(true);
    expect(inFlightMax).toBeLessThanOrEqual(128 * 1024 + 3 * 1_200);
  });

  it('[TR18] answers STOP with RESET, and the stream is over on both sides', () => {
    const pair = new TransportPair(6, { 1: { delayMs: 20, lossRatio: 0 } });
    pair.link(1).deadFrom = 'a';
    const opened = pair.a.connection.openStream(3, new Uint8Array(50_000), pair.now);
    pair.drain('a');
    pair.link(1).deadFrom = undefined;
    expect(pair.inject('a', Uint8Array.of(0x11, 0x00, 0x07)).ok).toBe(true);
    pair.run(() => pair.b.eventsOf('stream-reset').length === 1, 5_000);
    expect(pair.a.eventsOf('stream-reset')).toEqual([{ type: 'stream-reset', stream: 0, code: 7 }]);
    expect(pair.b.eventsOf('stream-reset')).toEqual([{ type: 'stream-reset', stream: 0, code: 7 }]);
    expect(opened.ok && pair.b.arrivals.has(opened.value)).toBe(false);
  });

  it('[TR19] delivers the newest control frame of a type, also when the older one was lost', () => {
    const pair = new TransportPair(7, { 1: { deadFrom: 'a' } });
    pair.a.connection.sendControl({ type: 'candidates', generation: 1, candidates: [] }, pair.now);
    pair.run(undefined, 5);
    pair.a.connection.sendControl({ type: 'candidates', generation: 2, candidates: [] }, pair.now);
    pair.a.connection.sendControl({ type: 'rekey', step: 1, index: 9, noise: new Uint8Array(96) }, pair.now);
    pair.run(undefined, 5);
    pair.link(1).deadFrom = undefined;
    pair.run(() => !pair.a.connection.hasUnacked, 5_000);
    const frames = pair.b.eventsOf('control').map((event) => event.frame);
    expect(frames.some((frame) => frame.type === 'candidates' && frame.generation === 2)).toBe(true);
    expect(frames.some((frame) => frame.type === 'candidates' && frame.generation === 1)).toBe(false);
    expect(frames.some((frame) => frame.type === 'rekey')).toBe(true);
  });

  it('[TR23] close reaches the peer although the first CLOSE is lost, and ends both', () => {
    const pair = new TransportPair(8, { 1: { deadFrom: 'a' } });
    pair.a.connection.close(5, 'bye', pair.now);
    pair.drain('a');
    pair.link(1).deadFrom = undefined;
    pair.b.connection.openStream(1, Buffer.from('x'), pair.now);
    pair.run(() => pair.b.eventsOf('closed').length > 0, 5_000);
    expect(pair.b.eventsOf('closed')).toEqual([{ type: 'closed', code: 5, reason: 'bye' }]);
    expect(pair.a.connection.openStream(1, Buffer.from('x'), pair.now)).toEqual({ ok: false, error: 'closed' });
    expect(pair.b.connection.openStream(1, Buffer.from('x'), pair.now)).toEqual({ ok: false, error: 'closed' });
    expect(pair.run(undefined, 60_000)).toBe(false);
    expect(pair.b.connection.pollTimeout()).toBeUndefined();
  });

  it('opens at most so many streams as the receiver remembers gaps for, and refuses the next', () => {
    const pair = new TransportPair(9, { 1: { deadFrom: 'a' } });
    for (let i = 0; i < 1_024; i++) expect(pair.a.connection.openStream(1, new Uint8Array(1), pair.now).ok).toBe(true);
    expect(pair.a.connection.openStream(1, new Uint8Array(1), pair.now)).toEqual({
      ok: false,
      error: 'too-many-streams',
    });
  });

  it('delivers the longest stream, one byte over the short limit, and an empty one', () => {
    const pair = new TransportPair(10, { 1: { lossRatio: 0.1, jitterMs: 30 } });
    const sizes = [STREAM_BYTES_MAX, 1_024, 1_025, 0];
    for (const size of sizes) pair.a.connection.openStream(1, new Uint8Array(size).fill(1), pair.now);
    pair.run(() => pair.b.arrivals.size === 4);
    expect([...pair.b.streams].sort(([x], [y]) => x - y).map(([, bytes]) => bytes.length)).toEqual(sizes);
  });
});

describe('a connection over several paths (TR)', () => {
  const relay = { delayMs: 40, ordered: true, payloadBytesMax: 16_000 };

  it('[TR9] delivers over a path that replaces another under way, each stream once, no loss declared', () => {
    const pair = new TransportPair(11, { 0: relay, 1: { delayMs: 5 } });
    const expected = openMany(pair, 'a', 100, 11);
    pair.drain('a');
    pair.route([1]);
    const more = openMany(pair, 'a', 100, 12);
    expect(pair.run(() => !pair.a.connection.hasUnacked)).toBe(true);
    expectExactlyOnce(pair, 'b', new Map([...expected, ...more]));
    expect(pair.a.connection.stats()).toMatchObject({ packetsLost: 0, ptoCount: 0 });
  });

  it('[TR10] mirrors the same packet on both paths, delivers at the faster and once', () => {
    const pair = new TransportPair(12, { 0: relay, 1: { delayMs: 5 } });
    pair.route([1, 0]);
    const start = pair.now;
    pair.a.connection.openStream(1, Buffer.from('twice'), pair.now);
    pair.drain('a');
    expect(pair.a.sent[0]?.paths).toEqual([1, 0]);
    pair.run();
    expect(pair.b.arrivals.get(0)).toEqual([start + 5]);
    expect(pair.a.connection.rttOf(pair.a.sent[0]!.paths[0]!)).toBeUndefined();
  });

  it('[TR10] goes on over the relay alone while the mirrored direct path is dead', () => {
    const pair = new TransportPair(13, { 0: relay, 1: { delayMs: 5, deadFrom: 'both' } });
    pair.route([1, 0]);
    const expected = openMany(pair, 'a', 200, 13);
    expect(pair.run(() => pair.b.arrivals.size === 200, 5_000)).toBe(true);
    expectExactlyOnce(pair, 'b', expected);
  });

  it('[TR11] reports doubt when a path dies; what was unacked then arrives by relay within two transits', () => {
    const pair = new TransportPair(14, { 1: { delayMs: 10 }, 0: relay });
    pair.route([1]);
    const first = openMany(pair, 'a', 20, 14);
    pair.run();
    pair.link(1).deadFrom = 'both';
    const second = openMany(pair, 'a', 20, 15);
    expect(pair.run(() => pair.a.eventsOf('path-doubt').length > 0, 1_000)).toBe(true);
    const [doubt] = pair.a.eventsOf('path-doubt');
    expect(doubt).toMatchObject({ path: 1, ptoCount: 1 });
    expect(doubt!.unackedMs).toBeLessThan(100);
    pair.route([0]);
    pair.a.connection.resendUnacked(pair.now);
    expect(pair.a.connection.bytesInFlight).toBe(0);
    const switchedAt = pair.now;
    expect(pair.run(() => pair.b.arrivals.size === 40, 5_000)).toBe(true);
    expect(pair.now - switchedAt).toBeLessThanOrEqual(80);
    expectExactlyOnce(pair, 'b', new Map([...first, ...second]));
  });

  it('[TR11] doubts a path that dies under a steady stream of short messages, not only after they stop', () => {
    const pair = new TransportPair(15, { 1: { delayMs: 10 }, 0: relay });
    pair.route([1]);
    openMany(pair, 'a', 5, 16);
    pair.run();
    pair.link(1).deadFrom = 'both';
    const start = pair.now;
    while (pair.a.eventsOf('path-doubt').length === 0 && pair.now - start < 2_000) {
      pair.a.connection.openStream(1, Buffer.from('typing on'), pair.now);
      pair.run(() => false, 10);
    }
    expect(pair.now - start).toBeLessThan(150);
  });

  it('[TR9] sends again by itself what an abandoned route never acked, and stops asking that route', () => {
    const pair = new TransportPair(16, { 1: { delayMs: 10 }, 0: relay });
    pair.route([1]);
    openMany(pair, 'a', 5, 17);
    pair.run();
    pair.link(1).deadFrom = 'both';
    const expected = openMany(pair, 'a', 10, 18);
    pair.drain('a');
    pair.route([0]);
    expect(pair.run(() => !pair.a.connection.hasUnacked, 5_000)).toBe(true);
    for (const [stream] of expected) expect(pair.b.arrivals.get(stream)?.length).toBe(1);
    pair.run();
    expect(pair.a.connection.pollTimeout()).toBeUndefined();
  });

  it('[TR9] asks an abandoned route one plain timeout long, however far its backoff had gone', () => {
    const pair = new TransportPair(20, { 1: { delayMs: 10 }, 0: relay });
    pair.route([1]);
    openMany(pair, 'a', 5, 23);
    pair.run();
    pair.link(1).deadFrom = 'both';
    pair.a.connection.openStream(1, Buffer.from('stuck'), pair.now);
    pair.run(() => pair.a.eventsOf('path-doubt').length === 6, 10_000);
    pair.route([0]);
    const switchedAt = pair.now;
    expect(pair.run(() => pair.b.arrivals.size === 6, 5_000)).toBe(true);
    expect(pair.now - switchedAt).toBeLessThan(150);
  });

  it('[TR9] slows its judgement when a path reorders: no more losses are declared wrongly', () => {
    const pair = new TransportPair(21, { 1: { delayMs: 20, jitterMs: 12 } });
    const wrongPerRound: number[] = [];
    for (let round = 0; round < 5; round++) {
      const before = pair.a.connection.stats().spuriousLosses;
      for (let i = 0; i < 4; i++) {
        pair.a.connection.openStream(3, new Uint8Array(12_000), pair.now);
        pair.run(() => !pair.a.connection.hasUnacked);
      }
      wrongPerRound.push(pair.a.connection.stats().spuriousLosses - before);
    }
    expect(wrongPerRound[0]).toBeGreaterThan(0);
    expect(wrongPerRound.slice(1)).toEqual([0, 0, 0, 0]);
  });

  it('[TR12] acks by relay too what came by relay, while its own direct route is dead', () => {
    const pair = new TransportPair(17, { 1: { delayMs: 10, deadFrom: 'both' }, 0: relay });
    pair.route([1]);
    pair.route([0], 'a');
    const expected = openMany(pair, 'a', 10, 19);
    expect(pair.run(() => !pair.a.connection.hasUnacked, 1_000)).toBe(true);
    expectExactlyOnce(pair, 'b', expected);
    expect(pair.a.connection.stats().ptoCount).toBe(0);
  });

  it('[TR8] measures each path from packets that went over it alone', () => {
    const pair = new TransportPair(18, { 0: relay, 1: { delayMs: 5 } });
    openMany(pair, 'a', 5, 20);
    pair.run();
    pair.route([1]);
    openMany(pair, 'a', 5, 21);
    pair.run();
    const [relayPath, direct] = [pair.a.sent[0]!.paths[0]!, pair.a.sent.at(-1)!.paths[0]!];
    expect(pair.a.connection.rttOf(relayPath)).toBeCloseTo(80, 0);
    expect(pair.a.connection.rttOf(direct)).toBeCloseTo(10, 0);
    expect(pair.a.eventsOf('path-acked').map((event) => event.path)).toContain(direct);
  });

  it('[TR9] puts the packets of a removed path on the one that is left', () => {
    const pair = new TransportPair(19, { 1: { deadFrom: 'both' }, 0: relay });
    pair.route([1]);
    const expected = openMany(pair, 'a', 30, 22);
    pair.drain('a');
    pair.a.connection.removePath(pair.a.sent[0]!.paths[0]!);
    expect(pair.a.connection.pollTransmit(pair.now)).toBeUndefined();
    pair.route([0]);
    expect(pair.run(() => pair.b.arrivals.size === 30, 2_000)).toBe(true);
    expectExactlyOnce(pair, 'b', expected);
  });

  for (let seed = 1; seed <= 20; seed++) {
    it(`[TR20] delivers exactly once while routes change, mirror and die at random (seed ${seed})`, () => {
      const link = { delayMs: 10, jitterMs: 10, lossRatio: 0.1, duplicateRatio: 0.1 };
      const pair = new TransportPair(seed, { 0: relay, 1: link, 2: { ...link, delayMs: 30 } });
      const routes = [[0], [1], [2], [1, 0], [2, 0]];
      const expected = new Map<number, Uint8Array>();
      for (let step = 0; step < 40; step++) {
        for (const [id, bytes] of openMany(pair, 'a', 5, seed * 100 + step)) expected.set(id, bytes);
        pair.run(() => false, 40);
        for (const name of ['a', 'b'] as const) {
          const chance = unitHash(seed, step, name === 'a' ? 1 : 2);
          pair.route(routes[Math.floor(chance * routes.length)]!, name);
          if (chance * 10 - Math.floor(chance * 10) < 0.3) pair[name].connection.resendUnacked(pair.now);
        }
        pair.link(1).deadFrom = unitHash(seed, step, 3) < 0.3 ? 'both' : undefined;
        pair.link(2).deadFrom = unitHash(seed, step, 4) < 0.3 ? 'a' : undefined;
      }
      pair.route([0]);
      pair.a.connection.resendUnacked(pair.now);
      expect(pair.run(() => !pair.a.connection.hasUnacked, 30_000)).toBe(true);
      expectExactlyOnce(pair, 'b', expected);
      pair.run();
      expect(pair.a.connection.pollTimeout()).toBeUndefined();
    });
  }
});
