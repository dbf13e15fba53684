import type { Brand } from '@magpie/common/ids.ts';
import type { CongestionController } from './congestion.ts';
import type { RttEstimator } from './rtt-estimator.ts';

/** A number that the session gives to each of its paths. */
export type PathId = Brand<number, 'PathId'>;
export const RELAY_PATH = 0 as PathId;

export function pathId(value: number): PathId {
  return value as PathId;
}

export interface PathProperties {
  /** Largest payload of a packet, without header and tag; at least PAYLOAD_BYTES_MIN. */
  readonly payloadBytesMax: number;
  /** A relay over TCP: packets overtake nothing, so only time tells a loss, and the probe timeout is at least 1 s. */
  readonly ordered: boolean;
  /** Used until the first sample; 333 when nothing is known (RFC 9002 section 6.2.2). */
  readonly initialRttMs: number;
}

/** What the connection keeps about one path, however packets are routed over it. */
export interface Path {
  readonly id: PathId;
  readonly properties: PathProperties;
  readonly rtt: RttEstimator;
  readonly controller: CongestionController;
  bytesInFlight: number;
}
