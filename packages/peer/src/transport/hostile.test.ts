import { encodeSessionFrames } from '@magpie/common/packets/encode-packet.ts';
import type { DataFrame, SessionFrame } from '@magpie/common/packets/packet.ts';
import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { Connection, pathId, type TransportError } from './connection.ts';
import { FlowControl } from './flow-control.ts';
import { CREDIT_WINDOW_BYTES, RESETS_MAX, STREAM_BYTES_MAX } from './limits.ts';
import { RecvStreams } from './recv-streams.ts';
import { TransportPair } from './transport-pair.ts';

/** A connection on its own whose peer is the test: the responder, so the peer's stream ids are even. */
class Victim {
  readonly connection = new Connection({ initiator: false });
  #number = 0;
  now = 1_000 as Instant;

  constructor() {
    this.connection.addPath(pathId(0), { payloadBytesMax: 1_173, ordered: false, initialRttMs: 50 });
    this.connection.setRoute([pathId(0)], this.now);
  }

  take(...frames: readonly SessionFrame[]): TransportError | undefined {
    const payload = encodeSessionFrames(frames);
    const handled = this.connection.handlePacket(this.#number++, payload, { ackNow: false }, pathId(0), this.now);
    return handled.ok ? undefined : handled.error;
  }

  /** How many packets it answers with until it is silent. */
  drain(): number {
    let count = 0;
    while (this.connection.pollTransmit(this.now)) count++;
    return count;
  }
}

function data(stream: number, offset: number, bytes: Uint8Array, totalBytes: number): DataFrame {
  const fin = offset + bytes.length === totalBytes;
  return { type: 'data', stream, offset, fin, opening: offset === 0 ? { class: 1, totalBytes } : undefined, bytes };
}

describe('a connection with a hostile peer (TR)', () => {
  it('[TR4] an ack of a number never sent closes the connection', () => {
    const victim = new Victim();
    const ack = { type: 'ack', ranges: [{ from: 0, to: 0 }], ackDelayUs: 0, recvTimeUs: 0 } as const;
    expect(victim.take(ack)).toEqual({ kind: 'violation', rule: 'ack-of-unsent' });
    expect(victim.connection.openStream(1, new Uint8Array(1), victim.now)).toEqual({ ok: false, error: 'closed' });
    expect(victim.drain()).toBe(1);
  });

  it('[TR2] a malformed packet changes nothing and the connection goes on', () => {
    const victim = new Victim();
    const payload = Uint8Array.of(...encodeSessionFrames([data(0, 0, Uint8Array.of(1), 1)]), 0x3f);
    const handled = victim.connection.handlePacket(0, payload, { ackNow: false }, pathId(0), victim.now);
    expect(handled.ok ? undefined : handled.error.kind).toBe('malformed');
    expect(victim.connection.pollEvent()).toBeUndefined();
    expect(victim.drain()).toBe(0);
    expect(victim.take(data(0, 0, Uint8Array.of(2), 1))).toBeUndefined();
    expect(victim.connection.pollEvent()).toMatchObject({ type: 'stream', bytes: Uint8Array.of(2) });
  });

  it('[TR15] bytes that came first stay; an overlapping copy that differs is ignored', () => {
    const victim = new Victim();
    expect(victim.take(data(0, 0, Uint8Array.of(1, 1, 1), 6))).toBeUndefined();
    expect(victim.take(data(0, 1, Uint8Array.of(9, 9, 9, 9), 6))).toBeUndefined();
    expect(victim.take(data(0, 3, Uint8Array.of(8, 8, 8), 6))).toBeUndefined();
    expect(victim.connection.pollEvent()).toMatchObject({ bytes: Uint8Array.of(1, 1, 1, 9, 9, 8) });
  });

  it('[TR15] a size claimed beyond the limit, or two different sizes, close before anything is allocated', () => {
    expect(new Victim().take(data(0, 0, Uint8Array.of(1), STREAM_BYTES_MAX + 1))).toMatchObject({
      rule: 'stream-size',
    });
    expect(new Victim().take(data(0, STREAM_BYTES_MAX, Uint8Array.of(1), 2 ** 40))).toMatchObject({
      rule: 'stream-size',
    });
    const victim = new Victim();
    victim.take(data(0, 0, Uint8Array.of(1), 100));
    expect(victim.take(data(0, 50, Uint8Array.of(1), 51))).toMatchObject({ rule: 'stream-size' });
  });

  it('[TR15] the 65th half-sent stream closes', () => {
    const victim = new Victim();
    for (let i = 0; i < 64; i++) expect(victim.take(data(i * 2, 0, Uint8Array.of(1), 5_000))).toBeUndefined();
    expect(victim.take(data(128, 0, Uint8Array.of(1), 5_000))).toMatchObject({ rule: 'stream-limit' });
  });

  it('[TR15] a stream in more than 256 pieces closes', () => {
    const victim = new Victim();
    const errors = Array.from({ length: 257 }, (_, i) => victim.take(data(0, 2 + 2 * i, Uint8Array.of(1), 60_000)));
    expect(errors.slice(0, 256).every((error) => error === undefined)).toBe(true);
    expect(errors[256]).toMatchObject({ rule: 'stream-pieces' });
  });

  it('[TR14] a stream id that is ours closes', () => {
    expect(new Victim().take(data(1, 0, Uint8Array.of(1), 1))).toMatchObject({ rule: 'stream-direction' });
    expect(new Victim().take({ type: 'reset', stream: 3, code: 0, finalBytes: 0 })).toMatchObject({
      rule: 'stream-direction',
    });
    expect(new Victim().take({ type: 'stop', stream: 1, code: 0 })).toMatchObject({ rule: 'stop-of-unopened' });
  });

  it('[TR17] every second stream id of thousands closes at the bound of remembered gaps', () => {
    const victim = new Victim();
    let error: TransportError | undefined;
    let taken = 0;
    while (!error && taken < 5_000) error = victim.take(data(taken++ * 4, 0, Uint8Array.of(1), 1));
    expect(error).toMatchObject({ rule: 'stream-ids' });
    expect(taken).toBe(1_026);
  });

  it('[TR16] bytes beyond the credit close, and what is buffered stays within twice the credit', () => {
    const flow = new FlowControl();
    const streams = new RecvStreams(0, flow);
    let refused: string | undefined;
    for (let i = 0; i < 64 && !refused; i++) {
      const handled = streams.handleData(data(i * 2, STREAM_BYTES_MAX - 2, Uint8Array.of(1), STREAM_BYTES_MAX));
      if (!handled.ok) refused = handled.error;
    }
    expect(refused).toBe('credit-exceeded');
    expect(streams.bufferedBytes).toBeLessThanOrEqual(2 * CREDIT_WINDOW_BYTES);
  });

  it('[TR16] a reset cannot claim fewer bytes than came, nor more than the credit', () => {
    const victim = new Victim();
    victim.take(data(0, 0, new Uint8Array(100), 5_000));
    expect(victim.take({ type: 'reset', stream: 0, code: 0, finalBytes: 99 })).toMatchObject({ rule: 'stream-size' });
    const greedy = new Victim();
    const reset = { type: 'reset', code: 0, finalBytes: STREAM_BYTES_MAX } as const;
    const errors = Array.from({ length: 17 }, (_, i) => greedy.take({ ...reset, stream: i * 2 }));
    expect(errors.find((error) => error !== undefined)).toMatchObject({ rule: 'credit-exceeded' });
  });

  it('[TR18] thousands of STOP frames leave a bounded queue of RESET and few packets', () => {
    const pair = new TransportPair(1, { 1: { deadFrom: 'a' } });
    for (let round = 0; round < 10; round++) {
      const stops: SessionFrame[] = [];
      for (let i = 0; i < 400; i++) {
        const opened = pair.a.connection.openStream(3, new Uint8Array(10), pair.now);
        if (opened.ok) stops.push({ type: 'stop', stream: opened.value, code: 1 });
      }
      for (let at = 0; at < stops.length; at += 100) pair.inject('a', encodeSessionFrames(stops.slice(at, at + 100)));
    }
    const before = pair.a.sent.length;
    pair.drain('a');
    const resetBytes = pair.a.sent.slice(before).reduce((sum, transmit) => sum + transmit.payload.length, 0);
    expect(resetBytes).toBeLessThan(RESETS_MAX * 25 + 600);
  });

  it('[TR1] huge gaps in packet numbers cost one range each, 32 at most, and one ack per drain', () => {
    const victim = new Victim();
    for (let i = 0; i < 2_000; i++) {
      const number = i * 2 ** 37;
      const payload = encodeSessionFrames([{ type: 'ping' }]);
      expect(victim.connection.handlePacket(number, payload, { ackNow: true }, pathId(0), victim.now).ok).toBe(true);
    }
    const ack = victim.connection.pollTransmit(victim.now);
    expect(ack!.payload.length).toBeLessThan(600);
    expect(victim.drain()).toBe(0);
  });

  it('[TR5] packets of pings, paths, padding and unknown frames never cause more than one packet each', () => {
    const victim = new Victim();
    let answers = 0;
    for (let i = 0; i < 500; i++) {
      victim.take({ type: 'ping' }, { type: 'ping' }, { type: 'path-challenge', value: new Uint8Array(8) });
      answers += victim.drain();
    }
    expect(answers).toBeLessThanOrEqual(500);
    victim.take({ type: 'padding', length: 50 });
    expect(victim.drain()).toBe(0);
  });

  it('[TR23] after a close it handles nothing and answers at most three packets more', () => {
    const victim = new Victim();
    victim.connection.close(0, '', victim.now);
    let answers = victim.drain();
    for (let i = 0; i < 100; i++) {
      victim.take(data(i * 2, 0, Uint8Array.of(1), 1));
      answers += victim.drain();
    }
    expect(answers).toBe(4);
    expect(victim.connection.pollEvent()).toBeUndefined();
  });
});
