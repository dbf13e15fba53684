import { endpointText } from '@magpie/common/net.ts';
import type { Contact } from '../store/store.ts';
import type { FriendDevice } from './contact-book.ts';
import type { PathView } from './engine.ts';
import type { PeerSessions } from './peer-sessions.ts';

/**
 * The road to a friend: that of the first of their devices with a session.
 * @param linkUp without the link to the server there is no relay, whatever a session hopes for
 * @param neverDirect the user's choice for this friend, or for all
 */
export function pathView(
  contact: Contact,
  devices: readonly FriendDevice[],
  sessions: PeerSessions,
  linkUp: boolean,
  neverDirect: boolean,
): PathView {
  const { account, name } = contact;
  const chosen = devices.find(({ device }) => sessions.session(device)) ?? devices[0];
  const session = chosen && sessions.session(chosen.device);
  if (!chosen || !session) {
    const state = chosen ? sessions.state(chosen.device) : 'none';
    return {
      account,
      name,
      session: state,
      path: undefined,
      state: 'none',
      reason: neverDirect ? 'never-direct' : '',
      endpoint: undefined,
      ...NO_PACKETS,
    };
  }
  const { pathState, packets } = session.describe();
  const { route } = session;
  const waiting = route.kind === 'relay' && !linkUp;
  return {
    account,
    name,
    session: waiting ? 'waiting' : 'established',
    path: waiting ? undefined : session.road,
    state: pathState,
    reason: neverDirect ? 'never-direct' : pathState === 'blocked' ? 'no-udp' : sessions.reason(chosen.device),
    endpoint: route.kind === 'relay' ? undefined : endpointText(route.endpoint),
    packetsSent: packets.packetsSent,
    packetsReceived: packets.packetsReceived,
    packetsLost: packets.packetsLost,
  };
}

const NO_PACKETS = { packetsSent: 0, packetsReceived: 0, packetsLost: 0 } as const;
