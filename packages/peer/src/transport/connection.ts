import type { DecodeError } from '@magpie/common/bytes/byte-reader.ts';
import type { Brand } from '@magpie/common/ids.ts';
import type { CandidatesFrame, RekeyFrame, StreamClass } from '@magpie/common/packets/packet.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Instant } from '@magpie/common/time.ts';

/** A number that the session gives to each of its paths. */
export type PathId = Brand<number, 'PathId'>;
export const RELAY_PATH = 0 as PathId;

export interface PathProperties {
  readonly payloadBytesMax: number;
  readonly ordered: boolean;
  readonly initialRttMs: number;
}

export interface Transmit {
  readonly packetNumber: number;
  readonly payload: Uint8Array;
  readonly paths: readonly PathId[];
  readonly ackNow: boolean;
  readonly ackEliciting: boolean;
}

export type ConnectionEvent =
  | { readonly type: 'stream'; readonly stream: number; readonly class: StreamClass; readonly bytes: Uint8Array }
  | { readonly type: 'stream-acked'; readonly stream: number }
  | { readonly type: 'stream-reset'; readonly stream: number; readonly code: number }
  | { readonly type: 'control'; readonly frame: CandidatesFrame | RekeyFrame }
  | { readonly type: 'path-acked'; readonly path: PathId; readonly rttMs: number }
  | { readonly type: 'path-doubt'; readonly path: PathId; readonly ptoCount: number; readonly unackedMs: number }
  | { readonly type: 'closed'; readonly code: number; readonly reason: string };

/** `malformed`: drop the packet, go on (R11). `violation`: the peer broke a rule; the connection has closed itself. */
export type TransportError =
  | { readonly kind: 'malformed'; readonly cause: DecodeError }
  | { readonly kind: 'violation'; readonly rule: string };

export interface ConnectionStats {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly spuriousLosses: number;
  readonly ptoCount: number;
}

export interface Connection {
  addPath(path: PathId, properties: PathProperties): void;
  removePath(path: PathId, now: Instant): void;
  setRoute(paths: readonly PathId[], now: Instant): void;
  resendUnacked(now: Instant): void;
  openStream(streamClass: StreamClass, bytes: Uint8Array, now: Instant): Result<number, 'too-many-streams' | 'closed'>;
  sendControl(frame: CandidatesFrame | RekeyFrame, now: Instant): void;
  ping(now: Instant): void;
  close(code: number, reason: string, now: Instant): void;
  nextPacketNumber(): number;
  handlePacket(
    packetNumber: number,
    payload: Uint8Array,
    header: { readonly ackNow: boolean },
    path: PathId,
    now: Instant,
  ): Result<void, TransportError>;
  handleTimeout(now: Instant): void;
  pollTransmit(now: Instant): Transmit | undefined;
  pollEvent(): ConnectionEvent | undefined;
  pollTimeout(): { readonly at: Instant; readonly reason: 'ack' | 'loss' | 'pto' } | undefined;
  readonly bytesInFlight: number;
  readonly hasUnacked: boolean;
  readonly oldestUnackedSentAt: Instant | undefined;
  rttOf(path: PathId): number | undefined;
  stats(): ConnectionStats;
}

export declare const Connection: { new (options: { readonly initiator: boolean }): Connection };
