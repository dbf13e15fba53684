import type { DecodeError } from '@magpie/common/bytes/byte-reader.ts';
import type { StreamClass } from '@magpie/common/packets/packet.ts';
import type { ControlFrame } from './control-outbox.ts';
import type { PathId } from './path.ts';
import type { StreamViolation } from './recv-streams.ts';

/** One packet to be sealed under its number and sent over each of the paths, the same bytes on all of them. */
export interface Transmit {
  readonly packetNumber: number;
  readonly payload: Uint8Array;
  readonly paths: readonly PathId[];
  /** For the header. */
  readonly ackNow: boolean;
  readonly ackEliciting: boolean;
}

export type ConnectionEvent =
  /**
   * A whole stream; `bytes` may be a view into the packet's payload, which is the receiver's from then on. `path` brought
   * the piece that completed it.
   */
  | {
      readonly type: 'stream';
      readonly stream: number;
      readonly class: StreamClass;
      readonly bytes: Uint8Array;
      readonly path: PathId;
    }
  /**
   * The peer's transport has all of a stream of ours; whether it was committed, only a receipt says. `path` carried the
   * piece acknowledged last; the relay when it was mirrored.
   */
  | { readonly type: 'stream-acked'; readonly stream: number; readonly path: PathId }
  /** A stream of the peer's ended early, or the peer wants no more of a stream of ours. */
  | { readonly type: 'stream-reset'; readonly stream: number; readonly code: number }
  /** May come twice or after a newer one: the frames carry what tells them apart. */
  | { readonly type: 'control'; readonly frame: ControlFrame }
  /** A packet sent on that path alone was acknowledged for the first time. */
  | { readonly type: 'path-acked'; readonly path: PathId; readonly rttMs: number }
  /** A probe timeout of a route that uses the path: `ptoCount` in a row, the oldest packet waiting since `unackedMs`. */
  | { readonly type: 'path-doubt'; readonly path: PathId; readonly ptoCount: number; readonly unackedMs: number }
  /** The peer closed; nothing is sent or handled any more. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string };

export type Violation = StreamViolation | 'ack-of-unsent' | 'stop-of-unopened';

/** `malformed`: the packet is dropped and all goes on (R11). `violation`: the connection has closed itself. */
export type TransportError =
  | { readonly kind: 'malformed'; readonly cause: DecodeError }
  | { readonly kind: 'violation'; readonly rule: Violation };

export interface ConnectionStats {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly spuriousLosses: number;
  readonly ptoCount: number;
  readonly payloadBytesSent: number;
  readonly payloadBytesReceived: number;
  readonly streamsOpened: number;
  readonly streamsAcked: number;
  readonly streamsReceived: number;
}

/** The code in CLOSE when the peer broke a rule of the transport; the session's own codes start above. */
export const CLOSE_VIOLATION = 1;
