import type { PathJson, RoadJson } from '@magpie/common/rpc/schemas.ts';
import type { Text } from './text.tsx';

/** Why messages to somebody take the road they take, in one plain sentence. */
export function roadSentence(
  path: Pick<PathJson, 'path' | 'session' | 'state' | 'reason'> | undefined,
  road: RoadJson | null | undefined,
  { t }: Pick<Text, 't'>,
): string {
  const taken = path?.path ?? road;
  if (!taken) {
    if (path?.session === 'handshaking') return t('road.why.greeting');
    return t(path?.session === 'waiting' ? 'road.why.no-server' : 'road.why.none');
  }
  if (taken.kind === 'direct') return t(taken.lan ? 'road.why.lan' : 'road.why.direct');
  if (taken.kind === 'mailbox') return t('road.why.mailbox');
  return t(`road.why.${relayCause(path)}`);
}

function relayCause(path: Pick<PathJson, 'state' | 'reason'> | undefined) {
  switch (path?.reason) {
    case 'never-direct':
    case 'policy':
      return 'relay-never-direct';
    case 'no-udp':
      return 'relay-no-udp';
    case 'lost':
    case 'data-lost':
    case 'doubt':
    case 'trial-failed':
      return 'relay-lost';
    case 'network-changed':
      return 'relay-network-changed';
    default:
      if (path?.state === 'cold') return 'relay-idle';
      return path?.state === 'punching' || path?.state === 'trial' ? 'relay-trying' : 'relay';
  }
}

/** A round trip in words; what is quicker than a millisecond takes one. */
export function roundTrip(rttMs: number, { t }: Pick<Text, 't'>): string {
  return t('road.ms', { ms: Math.max(1, Math.round(rttMs)) });
}
