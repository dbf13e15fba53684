import { endpointText } from '@magpie/common/net.ts';
import type { Contact } from '../store/store.ts';
import type { FriendDevice } from './contact-book.ts';
import type { PathView } from './engine.ts';
import type { PeerSessions } from './peer-sessions.ts';

/** The road to a friend: that of the first of their devices with a session. */
export function pathView(contact: Contact, devices: readonly FriendDevice[], sessions: PeerSessions): PathView {
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
      reason: '',
      endpoint: undefined,
      ...NO_PACKETS,
    };
  }
  const { pathState, packets } = session.describe();
  const { route } = session;
  return {
    account,
    name,
    session: 'established',
    path: session.road,
    state: pathState,
    reason: sessions.reason(chosen.device),
    endpoint: route.kind === 'relay' ? undefined : endpointText(route.endpoint),
    packetsSent: packets.packetsSent,
    packetsReceived: packets.packetsReceived,
    packetsLost: packets.packetsLost,
  };
}

const NO_PACKETS = { packetsSent: 0, packetsReceived: 0, packetsLost: 0 } as const;
