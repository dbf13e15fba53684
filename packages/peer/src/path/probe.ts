import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { PathFrame } from '@magpie/common/packets/packet.ts';
import type { CheckProbe } from './checks.ts';
import { type Lease, pairOf } from './lease.ts';
import type { Selection } from './selection.ts';

/** One probe for the session to seal and send: a path frame padded to PROBE_BYTES. */
export interface Probe {
  readonly to: Endpoint;
  readonly frame: PathFrame;
}

/** What a probe that is due says: its challenge or echo, and how we see the path it goes over right now. */
export function probeOf(queued: CheckProbe, lease: Lease, selection: Selection): Probe {
  const { to, challenge, echo, keepAlive, candidateId, delayMs } = queued;
  const onLease = pairOf(lease)?.key === endpointText(to);
  return {
    to,
    frame: {
      type: 'path',
      challenge,
      echo,
      selected: selection.controlling && onLease && (lease.name === 'direct' || lease.name === 'suspect'),
      suspect: onLease && lease.name === 'suspect',
      keepAlive,
      candidateId,
      selection: selection.told,
      delayMs,
      observed: echo && to,
      relayRttMs: 0,
    },
  };
}
