import type { Endpoint } from '../net.ts';

/**
 * ```
 * off size   packet header, 11 bytes, all of it associated data (transport.md 2.3, R1)
 * 0   1      0xC0 | type<<3 | keyPhase<<2 (always 0, R2) | ackNow<<1
 * 1   4      receiver index u32, chosen by the receiver at random
 * 5   6      packet number u48, never reused in a session, running on across keys and paths
 * 11  n      AEAD(frames), tag 16
 * ```
 */
export interface PacketHeader {
  readonly type: PacketType;
  readonly ackNow: boolean;
  readonly receiverIndex: number;
  readonly packetNumber: number;
}

export const PACKET_TYPES = ['data', 'init', 'response', 'cookie', 'reset', 'probe'] as const;
export type PacketType = (typeof PACKET_TYPES)[number];

/** Data frames of one stream; a chat message is one stream (transport.md 2.4). */
export interface DataFrame {
  readonly type: 'data';
  readonly stream: number;
  readonly offset: number;
  readonly fin: boolean;
  /** Only with offset 0: class and the whole size. */
  readonly opening: { readonly class: StreamClass; readonly totalBytes: number } | undefined;
  readonly bytes: Uint8Array;
}

/** 0 control, 1 chat and receipts, 2 thumbnails and voice notes, 3 bulk. */
export type StreamClass = 0 | 1 | 2 | 3;

export interface AckFrame {
  readonly type: 'ack';
  /** Inclusive ranges, highest first, at most ACK_RANGES_MAX. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  /** Microseconds between receiving the largest and sending this. */
  readonly ackDelayUs: number;
  /** The receiver's clock at the largest, microseconds modulo 2^32. */
  readonly recvTimeUs: number;
}

/** What a path frame (1A) says; the fields of p2p.md 6.7's probe. */
export interface PathFrame {
  readonly type: 'path';
  readonly challenge: Uint8Array | undefined;
  readonly echo: Uint8Array | undefined;
  readonly selected: boolean;
  readonly suspect: boolean;
  readonly keepAlive: boolean;
  readonly candidateId: number;
  /** Rises with each selection by the controlling side. */
  readonly selection: number;
  readonly delayMs: number;
  /** Where the other side's packet was seen coming from. */
  readonly observed: Endpoint | undefined;
  readonly relayRttMs: number;
}

/** Also the order in which candidates are tried (p2p.md 6.4). */
export const CANDIDATE_KINDS = [
  'host',
  'server-reflexive',
  'peer-reflexive',
  'port-mapped',
  'predicted',
  'last-good',
] as const;
export type CandidateKind = (typeof CANDIDATE_KINDS)[number];

export interface Candidate {
  readonly id: number;
  readonly kind: CandidateKind;
  readonly endpoint: Endpoint;
}

export interface CandidatesFrame {
  readonly type: 'candidates';
  /** Rises whenever the set changes; a lower one is ignored. */
  readonly generation: number;
  readonly candidates: readonly Candidate[];
}

/** R2: a fresh handshake inside the session; `step` 1 carries Noise message 1, `step` 2 the answer. */
export interface RekeyFrame {
  readonly type: 'rekey';
  readonly step: 1 | 2;
  /** The new receiver index of the frame's sender. */
  readonly index: number;
  readonly noise: Uint8Array;
}

export type SessionFrame =
  /** A run of `length` zero bytes. */
  | { readonly type: 'padding'; readonly length: number }
  | { readonly type: 'ping' }
  | AckFrame
  | { readonly type: 'credit'; readonly dataMax: number }
  | { readonly type: 'stream-credit'; readonly stream: number; readonly offsetMax: number }
  | DataFrame
  | { readonly type: 'reset'; readonly stream: number; readonly code: number; readonly finalBytes: number }
  | { readonly type: 'stop'; readonly stream: number; readonly code: number }
  | { readonly type: 'datagram'; readonly bytes: Uint8Array }
  | { readonly type: 'path-challenge'; readonly value: Uint8Array }
  | { readonly type: 'path-response'; readonly value: Uint8Array }
  | { readonly type: 'new-index'; readonly index: number; readonly sequence: number }
  | { readonly type: 'retire-index'; readonly index: number; readonly sequence: number }
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  | RekeyFrame
  | CandidatesFrame
  | PathFrame;
