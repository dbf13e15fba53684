import { after, type Instant } from '@magpie/common/time.ts';
import type { Lease } from './lease.ts';
import {
  ACTIVE_MS,
  COLD_AFTER_MS,
  LIVENESS_SILENCE_MS,
  RECHALLENGE_MS,
  SUSPECT_MS_MAX,
  TRIAL_MS_MAX,
} from './limits.ts';

export type PathTimer =
  | 'idle'
  | 'trial'
  | 'suspect'
  | 'doubt'
  | 'liveness'
  | 'keepalive'
  | 'round'
  | 'next-round'
  | 'last-good';

export interface Deadline {
  readonly at: Instant;
  readonly reason: PathTimer;
}

/** The earliest thing that a path in use waits for; the agent acts on exactly these. */
export function nextDeadline(waits: {
  readonly lease: Lease;
  readonly activityAt: Instant;
  readonly roundAt?: Instant | undefined;
  readonly nextRoundAt?: Instant | undefined;
  readonly lastGoodAt?: Instant | undefined;
}): Deadline {
  let next: Deadline = { at: after(waits.activityAt, COLD_AFTER_MS), reason: 'idle' };
  const wait = (at: Instant | undefined, reason: PathTimer): void => {
    if (at !== undefined && at < next.at) next = { at, reason };
  };
  const { lease } = waits;
  switch (lease.name) {
    case 'none':
      break;
    case 'trial':
      wait(lease.nextProbeAt, 'trial');
      wait(after(lease.since, TRIAL_MS_MAX), 'trial');
      break;
    case 'suspect':
      wait(lease.nextProbeAt, 'suspect');
      wait(after(lease.since, SUSPECT_MS_MAX), 'suspect');
      break;
    case 'direct': {
      wait(lease.pair.doubtAt, 'doubt');
      wait(livenessAt(lease, waits.activityAt), 'liveness');
      const sentAt = Math.max(waits.activityAt, lease.pair.challengedAt ?? lease.since) as Instant;
      wait(after(sentAt, lease.keepaliveMs), 'keepalive');
      break;
    }
  }
  wait(waits.roundAt, 'round');
  wait(waits.nextRoundAt, 'next-round');
  wait(waits.lastGoodAt, 'last-good');
  return next;
}

/** Silence while there is traffic is asked about; a challenge that is already out has its own deadline. */
function livenessAt(lease: Lease & { name: 'direct' }, activityAt: Instant): Instant | undefined {
  const { receivedAt, challengedAt, awaitingSince } = lease.pair;
  if (awaitingSince !== undefined) return undefined;
  const silentAt = after(receivedAt ?? lease.since, LIVENESS_SILENCE_MS);
  const at = challengedAt === undefined ? silentAt : (Math.max(silentAt, challengedAt + RECHALLENGE_MS) as Instant);
  return at <= after(activityAt, ACTIVE_MS) ? at : undefined;
}
