import {
  ACK_DELAY_MS_MAX,
  GRANULARITY_MS,
  ORDERED_PTO_MS_MIN,
  PTO_EXPONENT_MAX,
  PTO_MS_MAX,
  PTO_MS_MAX_CHAT,
  PTO_MS_MIN,
} from './limits.ts';
import type { RttEstimator } from './rtt-estimator.ts';

/**
 * Length of one probe timeout (RFC 9002 section 6.2.1). Chat packets ask for an ack at once, so the peer's ack delay
 * is left out for them. The doubling is capped, but never below a single timeout of a slow path.
 * @param count timeouts since the last progress
 */
export function ptoMs(rtt: RttEstimator, ordered: boolean, count: number, chatPending: boolean): number {
  const ackDelayMs = chatPending ? 0 : ACK_DELAY_MS_MAX;
  const plainMs = Math.max(PTO_MS_MIN, rtt.smoothedMs + Math.max(4 * rtt.variationMs, GRANULARITY_MS) + ackDelayMs);
  const baseMs = ordered ? Math.max(plainMs, ORDERED_PTO_MS_MIN) : plainMs;
  const capMs = Math.max(chatPending ? PTO_MS_MAX_CHAT : PTO_MS_MAX, baseMs);
  return Math.min(baseMs * 2 ** Math.min(count, PTO_EXPONENT_MAX), capMs);
}
