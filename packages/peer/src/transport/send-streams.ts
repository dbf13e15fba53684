import { assert } from '@magpie/common/assert.ts';
import { dataFrameOverhead } from '@magpie/common/packets/encode-packet.ts';
import type { DataFrame, StreamClass } from '@magpie/common/packets/packet.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import {
  LONG_STREAMS_MAX,
  SEND_STREAMS_MAX,
  SHORT_STREAM_BYTES_MAX,
  STREAM_BYTES_MAX,
  STREAM_PIECE_BYTES_MIN,
} from './limits.ts';
import { type Range, RangeSet } from './range-set.ts';

/** A piece of a stream as a frame, with what to remember of it. `to` is inclusive; see `extent`. */
export interface SendPiece {
  readonly frame: Omit<DataFrame, 'type'>;
  readonly class: StreamClass;
  readonly from: number;
  readonly to: number;
  /** Stream bytes sent for the first time: what credit is charged with. */
  readonly newBytes: number;
}

interface SendStream {
  readonly id: number;
  readonly class: StreamClass;
  readonly bytes: Uint8Array;
  /** Bytes to be acknowledged; 1 for an empty stream, whose opening frame alone stands for it. */
  readonly extent: number;
  /** First byte not sent yet. */
  next: number;
  /** Sent, and to be sent again. Made when needed: most streams never lose anything. */
  again: RangeSet | undefined;
  acked: RangeSet | undefined;
}

const CLASSES = [0, 1, 2, 3] as const satisfies readonly StreamClass[];

/**
 * The streams we send, whole byte strings each. What goes next is decided when a packet is built: the lowest class
 * first, in it what was lost before what is new, each in the order of opening.
 */
export class SendStreams {
  #nextId: number;
  readonly #streams = new Map<number, SendStream>();
  readonly #again = CLASSES.map(() => new Set<SendStream>());
  readonly #fresh = CLASSES.map(() => new Set<SendStream>());
  #longBegun = 0;
  #unackedChat = 0;

  /** @param firstId 0 or 1; ids rise by 2 */
  constructor(firstId: 0 | 1) {
    this.#nextId = firstId;
  }

  /** Streams not yet acknowledged to the end. */
  get unacked(): number {
    return this.#streams.size;
  }

  /** A stream of class 0 or 1 is not yet acknowledged: somebody waits. */
  get chatPending(): boolean {
    return this.#unackedChat > 0;
  }

  /** True for an id that we have given out, finished or not. */
  wasOpened(id: number): boolean {
    return id < this.#nextId && id % 2 === this.#nextId % 2;
  }

  /** @param bytes kept, not copied: the caller leaves them alone */
  open(streamClass: StreamClass, bytes: Uint8Array): Result<number, 'too-many-streams'> {
    assert(bytes.length <= STREAM_BYTES_MAX, 'stream too long');
    if (this.#streams.size >= SEND_STREAMS_MAX) return err('too-many-streams');
    const id = this.#nextId;
    this.#nextId += 2;
    const extent = Math.max(1, bytes.length);
    const stream = { id, class: streamClass, bytes, extent, next: 0, again: undefined, acked: undefined };
    this.#streams.set(id, stream);
    this.#fresh[streamClass]!.add(stream);
    if (streamClass <= 1) this.#unackedChat++;
    return ok(id);
  }

  /** True when `next` would give a piece if the packet had room for it. */
  hasNext(creditBytes: number, classMax: StreamClass): boolean {
    for (let streamClass = 0; streamClass <= classMax; streamClass++) {
      if (this.#again[streamClass]!.size > 0) return true;
      const fresh = first(this.#fresh[streamClass]!);
      if (fresh && this.#mayBegin(fresh, creditBytes)) return true;
    }
    return false;
  }

  /**
   * Takes the next piece to send.
   * @param spaceBytes left in the packet
   * @param creditBytes that new data may use
   * @param classMax highest class allowed now
   */
  next(spaceBytes: number, creditBytes: number, classMax: StreamClass): SendPiece | undefined {
    for (const streamClass of CLASSES) {
      if (streamClass > classMax) return undefined;
      const lost = first(this.#again[streamClass]!);
      if (lost) return this.#takeAgain(lost, spaceBytes);
      const fresh = first(this.#fresh[streamClass]!);
      if (fresh && this.#mayBegin(fresh, creditBytes)) return this.#takeFresh(fresh, spaceBytes, creditBytes);
    }
    return undefined;
  }

  /** @returns true when that was the last byte: the stream is done */
  onAcked(id: number, from: number, to: number): boolean {
    const stream = this.#streams.get(id);
    if (!stream) return false;
    const whole = from === 0 && to === stream.extent - 1;
    if (!whole) {
      stream.acked ??= new RangeSet();
      stream.acked.add(from, to);
      stream.again?.remove(from, to);
      if (stream.again?.size === 0) this.#again[stream.class]!.delete(stream);
      if (!stream.acked.covers(0, stream.extent - 1)) return false;
    }
    this.#remove(stream);
    return true;
  }

  /** What of it has not been acked meanwhile is sent again. */
  onLost(id: number, from: number, to: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    const missing = stream.acked ? stream.acked.missing(from, to) : [{ from, to }];
    for (const range of missing) {
      stream.again ??= new RangeSet();
      stream.again.add(range.from, range.to);
      this.#again[stream.class]!.add(stream);
    }
  }

  /** Ends a stream before its time. @returns how many of its bytes have been sent, undefined when it is not open */
  abandon(id: number): number | undefined {
    const stream = this.#streams.get(id);
    if (!stream) return undefined;
    this.#remove(stream);
    return Math.min(stream.next, stream.bytes.length);
  }

  #mayBegin(stream: SendStream, creditBytes: number): boolean {
    const size = stream.bytes.length;
    if (!isLong(stream)) return size <= creditBytes;
    return creditBytes > 0 && (stream.next > 0 || this.#longBegun < LONG_STREAMS_MAX);
  }

  #takeAgain(stream: SendStream, spaceBytes: number): SendPiece | undefined {
    const range = stream.again!.at(0)!;
    const piece = cut(stream, range, spaceBytes);
    if (!piece) return undefined;
    stream.again!.remove(piece.from, piece.to);
    if (stream.again!.size === 0) this.#again[stream.class]!.delete(stream);
    return piece;
  }

  #takeFresh(stream: SendStream, spaceBytes: number, creditBytes: number): SendPiece | undefined {
    const end = isLong(stream) ? Math.min(stream.extent, stream.next + creditBytes) : stream.extent;
    const piece = cut(stream, { from: stream.next, to: end - 1 }, spaceBytes);
    if (!piece) return undefined;
    if (stream.next === 0 && isLong(stream)) this.#longBegun++;
    stream.next = piece.to + 1;
    if (stream.next === stream.extent) this.#fresh[stream.class]!.delete(stream);
    return { ...piece, newBytes: piece.frame.bytes.length };
  }

  #remove(stream: SendStream): void {
    this.#streams.delete(stream.id);
    this.#again[stream.class]!.delete(stream);
    this.#fresh[stream.class]!.delete(stream);
    if (isLong(stream) && stream.next > 0) this.#longBegun--;
    if (stream.class <= 1) this.#unackedChat--;
  }
}

function isLong(stream: SendStream): boolean {
  return stream.extent > SHORT_STREAM_BYTES_MAX;
}

/** The first part of the range that fits; undefined when it is too little to be worth a frame. */
function cut(stream: SendStream, range: Range, spaceBytes: number): SendPiece | undefined {
  const { from } = range;
  const room = spaceBytes - dataFrameOverhead(stream.id, from, stream.bytes.length, spaceBytes);
  const wanted = Math.min(range.to + 1, stream.bytes.length) - from;
  const length = Math.min(wanted, room);
  if (length < wanted && (!isLong(stream) || length < STREAM_PIECE_BYTES_MIN)) return undefined;
  if (room < 0) return undefined;
  const to = Math.max(from, from + length - 1);
  const end = from + length;
  return {
    frame: {
      stream: stream.id,
      offset: from,
      fin: end === stream.bytes.length,
      opening: from === 0 ? { class: stream.class, totalBytes: stream.bytes.length } : undefined,
      bytes: stream.bytes.subarray(from, end),
    },
    class: stream.class,
    from,
    to,
    newBytes: 0,
  };
}

function first(streams: ReadonlySet<SendStream>): SendStream | undefined {
  for (const stream of streams) return stream;
  return undefined;
}
