import type { Encapsulate } from '@magpie/common/channel/envelope-kem.ts';
import type { Log } from '@magpie/common/log.ts';
import type { TcpConnector, UdpFactory } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { PeerStore } from '../store/store.ts';
import type { Identity, IdentityKeeper } from './identity.ts';
import type { MailboxKeyKeeper } from './mailbox-key-keeper.ts';

/** One local IP address of this machine. */
export interface LocalAddress {
  readonly address: string;
  readonly interfaceName: string;
  readonly internal: boolean;
}

export interface NetworkInterfaces {
  list(): readonly LocalAddress[];
  /** Calls back after each change (debounced); the returned function ends it. */
  watch(onChange: () => void): () => void;
}

/** Everything impure an engine needs; main.ts and the simulator differ only in these. */
export interface EnginePorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Chance of its own kind: OpenSSL takes none for ML-KEM. */
  readonly encapsulate: Encapsulate;
  readonly store: PeerStore;
  readonly tcp: TcpConnector;
  readonly udp: UdpFactory;
  readonly interfaces: NetworkInterfaces;
  readonly identity: Identity;
  readonly identityKeeper: IdentityKeeper;
  readonly mailboxKeyKeeper: MailboxKeyKeeper;
  readonly log: Log;
}

export interface EngineOptions {
  /** False: `--no-udp`, everything goes by the relay. */
  readonly udp: boolean;
  /** UDP port to try first; 0 for any. */
  readonly udpPort: number;
}
