import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import type { TcpStream } from '@magpie/common/net.ts';
import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../io/system-random.ts';
import { settle } from './test-world.ts';
import { WriteQueue } from './write-queue.ts';

const KIB = 1024;
const start = 1_000 as Instant;

describe('the write queue (SV9)', () => {
  it('[SV9] gives the stream at most 64 KiB at a time, so that a reader that takes slowly is seen to take', () => {
    const { link, stream, queue } = newQueue();
    link.sendFrame(new Uint8Array(256 * KIB).fill(0x7f), start);
    for (let i = 0; i < 11; i++) link.sendFrame(new Uint8Array(256 * KIB).fill(0x7f), start);
    queue.flush(start);
    expect(queue.queuedBytes).toBeGreaterThan(3_000 * KIB);
    let now = start;
    let before = queue.queuedBytes;
    for (let step = 0; queue.queuedBytes > 0; step++) {
      expect(step).toBeLessThan(200);
      now = (now + 10_000) as Instant;
      stream.takeAll();
      queue.handleDrain(now);
      expect(before - queue.queuedBytes).toBeLessThanOrEqual(65 * KIB);
      expect(queue.stalledMs(now)).toBe(0);
      before = queue.queuedBytes;
    }
    expect(stream.taken).toBeGreaterThan(3_072 * KIB);
  });

  it('[SV9] counts a stall from when something began to wait, not from when something was last taken', () => {
    const { link, stream, queue } = newQueue();
    const later = (start + 600_000) as Instant;
    link.sendFrame(Uint8Array.of(0x7f), later);
    queue.flush(later);
    expect(queue.stalledMs((later + 5_000) as Instant)).toBe(5_000);
    stream.takeAll();
    queue.handleDrain((later + 6_000) as Instant);
    expect(queue.stalledMs((later + 90_000) as Instant)).toBe(0);
  });

  it('runs empty once link and stream are both empty', () => {
    const { link, stream, queue } = newQueue();
    const before = queue.drainCount;
    link.sendFrame(new Uint8Array(100 * KIB).fill(0x7f), start);
    queue.flush(start);
    stream.takeAll();
    queue.handleDrain(start);
    expect([queue.drainCount - before, queue.queuedBytes > 0]).toEqual([0, true]);
    while (queue.queuedBytes > 0) {
      stream.takeAll();
      queue.handleDrain(start);
    }
    expect(queue.drainCount - before).toBe(1);
  });

  it('wakes who waits for room when something was taken, and when it is over', async () => {
    const { link, stream, queue } = newQueue();
    const woken: string[] = [];
    const wait = (name: string): void => void queue.whenTaken().then(() => woken.push(name));
    link.sendFrame(new Uint8Array(200 * KIB).fill(0x7f), start);
    queue.flush(start);
    wait('taken');
    await settle();
    expect(woken).toEqual([]);
    stream.takeAll();
    queue.handleDrain(start);
    await settle();
    expect(woken).toEqual(['taken']);
    wait('over');
    queue.release();
    await settle();
    expect(woken).toEqual(['taken', 'over']);
    await queue.whenTaken();
  });

  it('gives the stream everything before an end', () => {
    const { link, stream, queue } = newQueue();
    link.sendFrame(new Uint8Array(250 * KIB).fill(0x7f), start);
    queue.flushAll(start);
    expect(link.pendingBytes).toBe(0);
    expect(stream.queuedBytes).toBeGreaterThan(250 * KIB);
  });
});

/** As node:net has it: what waits is one request, and is gone from the count only when all of it was taken. */
class AllOrNothingStream implements TcpStream {
  readonly remote = { address: '192.0.2.1', port: 1 };
  queuedBytes = 0;
  taken = 0;

  write(bytes: Uint8Array): void {
    this.queuedBytes += bytes.length;
  }

  takeAll(): void {
    this.taken += this.queuedBytes;
    this.queuedBytes = 0;
  }

  pauseReading(): void {}
  resumeReading(): void {}
  end(): void {}
  destroy(): void {}
}

function newQueue(): { link: SecureLink; stream: AllOrNothingStream; queue: WriteQueue } {
  const serverKeys = newExchangeKeyPair(systemRandom);
  const common = { random: systemRandom, features: 0, now: start };
  const link = SecureLink.responder({ ...common, staticKey: serverKeys });
  const client = SecureLink.initiator({
    ...common,
    staticKey: newExchangeKeyPair(systemRandom),
    remoteStatic: serverKeys.publicKey,
  });
  for (let round = 0; round < 2; round++) {
    for (let bytes = client.pollOutput(); bytes; bytes = client.pollOutput()) link.handleBytes(bytes, start);
    for (let bytes = link.pollOutput(); bytes; bytes = link.pollOutput()) client.handleBytes(bytes, start);
  }
  const stream = new AllOrNothingStream();
  return { link, stream, queue: new WriteQueue(link, stream, start) };
}
