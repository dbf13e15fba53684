import { describe, expect, it } from 'vitest';
import { LONG_STREAMS_MAX } from './limits.ts';
import { SendStreams } from './send-streams.ts';

const plenty = 1_000_000;

function opened(streams: SendStreams, streamClass: 0 | 1 | 2 | 3, size: number): number {
  const result = streams.open(streamClass, new Uint8Array(size));
  return result.ok ? result.value : -1;
}

describe('the streams we send (TR)', () => {
  it('[TR13] gives the lowest class first, in it the lost before the new, each in the order of opening', () => {
    const streams = new SendStreams(0);
    const [bulk, chat, voice, control] = [3, 1, 2, 0].map((c) => opened(streams, c as 0 | 1 | 2 | 3, 10));
    const more = opened(streams, 1, 10);
    const order = () => streams.next(1_000, plenty, 3)?.frame.stream;
    expect([order(), order()]).toEqual([control, chat]);
    streams.onLost(chat!, 0, 9);
    expect([order(), order(), order(), order(), order()]).toEqual([chat, more, voice, bulk, undefined]);
  });

  it('[TR13] gives no class above the one allowed', () => {
    const streams = new SendStreams(0);
    opened(streams, 3, 10);
    expect(streams.hasNext(plenty, 1)).toBe(false);
    expect(streams.next(1_000, plenty, 1)).toBeUndefined();
    expect(streams.hasNext(plenty, 3)).toBe(true);
  });

  it('[TR14] never cuts a stream of up to 1,024 bytes, and cuts a longer one to the room', () => {
    const streams = new SendStreams(1);
    opened(streams, 1, 1_024);
    expect(streams.next(1_000, plenty, 3)).toBeUndefined();
    expect(streams.next(1_040, plenty, 3)?.frame).toMatchObject({ stream: 1, offset: 0, fin: true });
    opened(streams, 1, 1_025);
    const first = streams.next(1_000, plenty, 3)!;
    expect(first.frame.fin).toBe(false);
    expect(streams.next(1_000, plenty, 3)?.frame).toMatchObject({ offset: first.frame.bytes.length, fin: true });
  });

  it('[TR14] begins at most 64 longer streams before the first is acked', () => {
    const streams = new SendStreams(0);
    for (let i = 0; i < LONG_STREAMS_MAX + 1; i++) opened(streams, 1, 2_000);
    for (let i = 0; i < LONG_STREAMS_MAX; i++) expect(streams.next(4_000, plenty, 3)?.frame.fin).toBe(true);
    expect(streams.next(4_000, plenty, 3)).toBeUndefined();
    expect(streams.onAcked(0, 0, 1_999)).toBe(true);
    expect(streams.next(4_000, plenty, 3)?.frame.fin).toBe(true);
  });

  it('[TR16] new bytes need credit, lost ones do not', () => {
    const streams = new SendStreams(0);
    opened(streams, 1, 3_000);
    expect(streams.next(4_000, 0, 3)).toBeUndefined();
    expect(streams.next(4_000, 500, 3)).toMatchObject({ newBytes: 500, from: 0, to: 499 });
    streams.onLost(0, 0, 499);
    expect(streams.next(4_000, 0, 3)).toMatchObject({ newBytes: 0, from: 0, to: 499 });
  });

  it('is done when every byte is acked, in any order and with overlaps; acked bytes are not sent again', () => {
    const streams = new SendStreams(0);
    opened(streams, 1, 3_000);
    streams.next(4_000, plenty, 3);
    expect(streams.onAcked(0, 2_000, 2_999)).toBe(false);
    streams.onLost(0, 0, 2_999);
    expect(streams.next(4_000, plenty, 3)).toMatchObject({ from: 0, to: 1_999 });
    expect(streams.onAcked(0, 1_000, 2_500)).toBe(false);
    expect(streams.onAcked(0, 0, 999)).toBe(true);
    expect(streams.onAcked(0, 0, 999)).toBe(false);
    expect([streams.unacked, streams.chatPending]).toEqual([0, false]);
  });
});
