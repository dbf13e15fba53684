import type { DataFrame, StreamClass } from '@magpie/common/packets/packet.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { FlowControl } from './flow-control.ts';
import { FINISHED_STREAM_RANGES_MAX, LONG_STREAMS_MAX, STREAM_BYTES_MAX, STREAM_PIECES_MAX } from './limits.ts';
import { RangeSet } from './range-set.ts';

/** How a peer can break the rules of streams; each ends the connection. */
export type StreamViolation =
  | 'stream-direction'
  | 'stream-size'
  | 'stream-limit'
  | 'stream-pieces'
  | 'stream-ids'
  | 'credit-exceeded';

export interface ReceivedStream {
  readonly stream: number;
  readonly class: StreamClass;
  readonly bytes: Uint8Array;
}

interface RecvStream {
  /** Both unknown until the frame at offset 0 comes; a final size may come earlier, with the FIN. */
  class: StreamClass | undefined;
  totalBytes: number | undefined;
  /** Grows with the highest byte received, never with the size claimed. */
  buffer: Uint8Array;
  highest: number;
  readonly have: RangeSet;
}

/**
 * Puts the peer's streams together and hands each over once, whole. Bytes that came first stay; a later copy that
 * differs is ignored. Ids of finished streams are remembered for ever, as ranges.
 */
export class RecvStreams {
  readonly #flow: FlowControl;
  readonly #parity: number;
  readonly #open = new Map<number, RecvStream>();
  /** Ids divided by 2. */
  readonly #finished = new RangeSet();

  /** @param parity ids modulo 2 that the peer gives out */
  constructor(parity: 0 | 1, flow: FlowControl) {
    this.#parity = parity;
    this.#flow = flow;
  }

  /** Streams half received. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Bytes held for them. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const stream of this.#open.values()) bytes += stream.buffer.length;
    return bytes;
  }

  /** @returns the stream when it is complete; its bytes are a view into the frame when one frame held all of it */
  handleData(frame: DataFrame): Result<ReceivedStream | undefined, StreamViolation> {
    const { stream: id, offset, opening, bytes } = frame;
    if (id % 2 !== this.#parity) return err('stream-direction');
    if (this.#finished.has(Math.floor(id / 2))) return ok(undefined);
    const end = offset + bytes.length;
    if (end > STREAM_BYTES_MAX || (opening && opening.totalBytes > STREAM_BYTES_MAX)) return err('stream-size');

    const known = this.#open.get(id);
    if (!known && opening && bytes.length === opening.totalBytes) {
      if (!this.#flow.onReceived(bytes.length)) return err('credit-exceeded');
      return this.#finish(id, opening.class, bytes);
    }
    if (!known && this.#open.size >= LONG_STREAMS_MAX) return err('stream-limit');
    const stream = known ?? this.#begin(id);
    const violation = this.#take(stream, frame, end);
    if (violation) return err(violation);
    const { totalBytes } = stream;
    if (totalBytes === undefined || stream.class === undefined) return ok(undefined);
    if (totalBytes > 0 && !stream.have.covers(0, totalBytes - 1)) return ok(undefined);
    return this.#finish(id, stream.class, stream.buffer.subarray(0, totalBytes));
  }

  /** @returns true when a stream ended by it that had not ended before */
  handleReset(id: number, finalBytes: number): Result<boolean, StreamViolation> {
    if (id % 2 !== this.#parity) return err('stream-direction');
    if (this.#finished.has(Math.floor(id / 2))) return ok(false);
    const stream = this.#open.get(id);
    const highest = stream?.highest ?? 0;
    if (finalBytes < highest || finalBytes > (stream?.totalBytes ?? STREAM_BYTES_MAX)) return err('stream-size');
    if (!this.#flow.onReceived(finalBytes - highest)) return err('credit-exceeded');
    this.#flow.onDelivered(finalBytes);
    return this.#remember(id) ? ok(true) : err('stream-ids');
  }

  #begin(id: number): RecvStream {
    const stream: RecvStream = {
      class: undefined,
      totalBytes: undefined,
      buffer: new Uint8Array(0),
      highest: 0,
      have: new RangeSet(),
    };
    this.#open.set(id, stream);
    return stream;
  }

  #take(stream: RecvStream, frame: DataFrame, end: number): StreamViolation | undefined {
    const { offset, opening, bytes } = frame;
    if (opening) stream.class ??= opening.class;
    for (const total of [opening?.totalBytes, frame.fin ? end : undefined]) {
      if (total === undefined) continue;
      if ((stream.totalBytes ?? total) !== total) return 'stream-size';
      stream.totalBytes = total;
    }
    const highest = Math.max(stream.highest, end);
    if (stream.totalBytes !== undefined && highest > stream.totalBytes) return 'stream-size';
    if (!this.#flow.onReceived(highest - stream.highest)) return 'credit-exceeded';
    stream.highest = highest;
    if (bytes.length === 0) return undefined;
    grow(stream, highest);
    for (const gap of stream.have.missing(offset, end - 1)) {
      stream.buffer.set(bytes.subarray(gap.from - offset, gap.to + 1 - offset), gap.from);
    }
    stream.have.add(offset, end - 1);
    return stream.have.size > STREAM_PIECES_MAX ? 'stream-pieces' : undefined;
  }

  #finish(
    id: number,
    streamClass: StreamClass,
    bytes: Uint8Array,
  ): Result<ReceivedStream | undefined, StreamViolation> {
    this.#flow.onDelivered(bytes.length);
    if (!this.#remember(id)) return err('stream-ids');
    return ok({ stream: id, class: streamClass, bytes });
  }

  #remember(id: number): boolean {
    this.#open.delete(id);
    const rank = Math.floor(id / 2);
    this.#finished.add(rank, rank);
    return this.#finished.size <= FINISHED_STREAM_RANGES_MAX;
  }
}

/** Doubles, so that pieces in order are copied a few times only; never above the largest stream. */
function grow(stream: RecvStream, bytes: number): void {
  if (bytes <= stream.buffer.length) return;
  const bigger = new Uint8Array(Math.max(bytes, Math.min(stream.buffer.length * 2, STREAM_BYTES_MAX)));
  bigger.set(stream.buffer);
  stream.buffer = bigger;
}
