import type { KeyPair } from '@magpie/common/channel/keys.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { ServerPorts } from '../server.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { tcpListener } from './tcp-listener.ts';
import { udpSockets } from './udp-reflector.ts';

/** For tests of the sockets: the real ones, over a store that forgets and passwords that nobody has. */
export function portsOnSockets(staticKey: KeyPair): ServerPorts {
  return {
    clock: systemClock,
    random: systemRandom,
    store: new MemoryStore({ sync: async () => {} }),
    hasher: {
      decoyHash: 'x',
      hash: async () => 'x',
      verify: async () => false,
      isOutdated: () => false,
      remainderOf: () => undefined,
    },
    log: silentLog,
    staticKey,
    tcp: tcpListener,
    udp: udpSockets,
    atTurnEnd: setImmediate,
  };
}
