import type { KeyPair } from '@magpie/common/channel/keys.ts';
import type { Log } from '@magpie/common/log.ts';
import type { Endpoint, TcpHandlers, TcpStream, UdpFactory } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock, Instant, Timer } from '@magpie/common/time.ts';
import { Accounts, type RegistrationMode } from './accounts/accounts.ts';
import type { PasswordHasher } from './accounts/password-hasher.ts';
import type { UserAdmin } from './accounts/user-admin.ts';
import { InProcessBus } from './bus/bus.ts';
import { closeRevoked, Directory } from './bus/directory.ts';
import { Friends } from './friends/friends.ts';
import { LastSeen } from './last-seen/last-seen.ts';
import { DEFAULT_LIMITS, type ServerLimits, SHUTDOWN_DRAIN_MS } from './limits.ts';
import { Mailbox } from './mailbox/mailbox.ts';
import { Notices } from './notices/notices.ts';
import { Presence } from './presence/presence.ts';
import { Relay } from './relay/relay.ts';
import { ReflectTokens } from './rendezvous/reflect-tokens.ts';
import { Reflector } from './rendezvous/reflector.ts';
import { ReflectorPorts } from './rendezvous/reflector-ports.ts';
import { Rendezvous } from './rendezvous/rendezvous.ts';
import { Connections } from './session/connections.ts';
import { Dispatcher, type LoginCounts } from './session/dispatcher.ts';
import type { Store, StoreCounts } from './store/store.ts';

export interface TcpListenerPort {
  /** Accepts on `endpoint` (port 0: a free one). Rejects with a system error code. */
  listen(endpoint: Endpoint, onConnection: (stream: TcpStream) => TcpHandlers): Promise<TcpListening>;
}

export interface TcpListening {
  readonly local: Endpoint;
  /** Accepts no more; connections that exist stay. */
  close(): Promise<void>;
}

/** Everything the server needs of the world. */
export interface ServerPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly log: Log;
  readonly staticKey: KeyPair;
  readonly tcp: TcpListenerPort;
  readonly udp: UdpFactory;
  /** Runs `task` after the events of this turn of the event loop, so that what they send shares records. Default: a microtask. */
  readonly atTurnEnd?: (task: () => void) => void;
}

export interface ServerOptions {
  readonly listen: readonly Endpoint[];
  /** Default: port and port + 1 of the first `listen`; for port 0 two free ones (R25). */
  readonly udpPorts?: readonly number[];
  readonly registration?: RegistrationMode;
  /** Replaces single defaults of limits.ts. */
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerStats {
  readonly connections: number;
  readonly anonymous: number;
  /** Connections that wait to be let into the list of their account. */
  readonly proved: number;
  readonly sessions: number;
  readonly relayedPackets: number;
  readonly relayedBytes: number;
  readonly relayDropped: number;
  readonly reflected: number;
  readonly reflectIgnored: number;
  /** Mails that were stored, that were pushed to a session, and that were refused. */
  readonly mailsPut: number;
  readonly mailsPushed: number;
  readonly mailsRefused: number;
  readonly logins: LoginCounts;
}

export interface Server {
  /** Binds everything. Rejects with the system's error; nothing stays bound then. */
  start(): Promise<{ readonly tcp: readonly Endpoint[]; readonly udpPorts: readonly number[] }>;
  /** Stores the notice, then sends it to every session that is online now. */
  sendNotice(text: string): Promise<{ readonly id: number; readonly reached: number }>;
  stats(): ServerStats;
  /** What operators do to accounts. */
  readonly users: UserAdmin;
  /** The limits in force. */
  readonly limits: ServerLimits;
  /** What the store holds, by count. */
  counts(): Promise<StoreCounts>;
  /**
   * Tells every client to come back later, then ends. Does not close the store. Twice is safe.
   * Called again without a rate, it hurries.
   * @param drainPerSecond closes so many connections a second, so that they do not all come back at once elsewhere;
   *   absent: all at once
   */
  stop(drainPerSecond?: number): Promise<void>;
}

/** Puts the parts together; used by the program and by the simulator, which differ in their ports only. */
export function createServer(ports: ServerPorts, options: ServerOptions): Server {
  return new ComposedServer(ports, options);
}

class ComposedServer implements Server {
  readonly limits: ServerLimits;
  readonly users: UserAdmin;
  readonly #ports: ServerPorts;
  readonly #options: ServerOptions;
  readonly #directory = new Directory();
  readonly #accounts: Accounts;
  readonly #dispatcher: Dispatcher;
  readonly #lastSeen: LastSeen;
  readonly #presence: Presence;
  readonly #relay: Relay;
  readonly #notices: Notices;
  readonly #mailbox: Mailbox;
  readonly #reflector: Reflector;
  readonly #reflectorPorts: ReflectorPorts;
  readonly #connections: Connections;
  readonly #listening: TcpListening[] = [];
  #udpPorts: readonly number[] = [];
  #presenceTimer: { readonly at: Instant; readonly timer: Timer } | undefined;
  /** Nobody is here any more who could be told. */
  #presenceEnded = false;
  #stopping: Promise<void> | undefined;

  constructor(ports: ServerPorts, options: ServerOptions) {
    const { clock, random, store, hasher, log, staticKey } = ports;
    const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
    const directory = this.#directory;
    const bus = new InProcessBus();
    const reflectTokens = new ReflectTokens(random);
    const accounts = new Accounts(
      { store, bus, directory, hasher, clock, random, log, serverKey: staticKey.publicKey },
      options.registration ?? 'open',
      limits,
    );
    const friends = new Friends({ store, bus, directory, clock, random, log }, limits);
    this.#ports = ports;
    this.#options = options;
    this.limits = limits;
    this.users = accounts.users;
    this.#accounts = accounts;
    this.#lastSeen = new LastSeen({ store, clock, random, log }, limits);
    this.#presence = new Presence({ directory, random, lastSeen: this.#lastSeen }, limits);
    this.#relay = new Relay(directory, limits);
    this.#notices = new Notices({ directory, store, clock, log });
    this.#mailbox = new Mailbox({ store, directory, clock, random, log }, limits);
    this.#reflector = new Reflector(reflectTokens, limits, random);
    this.#reflectorPorts = new ReflectorPorts(ports.udp, this.#reflector, clock, log);
    const services = {
      ...{ clock, log, directory, accounts, friends, reflectTokens },
      lastSeen: this.#lastSeen,
      presence: this.#presence,
      notices: this.#notices,
      mailbox: this.#mailbox,
      rendezvous: new Rendezvous(directory, limits, random),
      udpPorts: () => this.#udpPorts,
      afterRequest: () => this.#armPresence(),
      stopping: () => this.#stopping !== undefined,
    };
    this.#dispatcher = new Dispatcher(services);
    this.#connections = new Connections({
      ...{ clock, random, log, limits, staticKey },
      dispatcher: this.#dispatcher,
      relay: this.#relay,
      atTurnEnd: ports.atTurnEnd ?? queueMicrotask,
      drained: (session) => this.#presence.drained(session),
      sessionClosed: (session, ending) => {
        this.#presence.sessionClosed(session, ending === 'goodbye', clock.now());
        this.#armPresence();
      },
    });
    bus.subscribe((event) => {
      switch (event.type) {
        case 'roster-changed':
          void friends.pushRoster(event.account);
          return;
        case 'friendship':
          if (directory.setFriendship(event.a, event.b, event.friends)) {
            this.#presence.friendshipChanged(event.a, event.b, event.friends);
          }
          return;
        case 'device-revoked': {
          const session = directory.revoke(event.device, event.epoch, event.why);
          if (session) this.#presence.sessionClosed(session, true, clock.now());
          else this.#presence.endGrace(event.account, event.device, clock.now());
          if (session) closeRevoked(session.wire, event.why);
          this.#armPresence();
          return;
        }
        case 'own-profile-changed':
          void accounts.own.pushProfile(event.account);
          return;
      }
    });
  }

  async start(): Promise<{ readonly tcp: readonly Endpoint[]; readonly udpPorts: readonly number[] }> {
    const { tcp } = this.#ports;
    try {
      for (const endpoint of this.#options.listen) {
        this.#listening.push(await tcp.listen(endpoint, (stream) => this.#connections.accept(stream)));
      }
      const addresses = this.#options.listen.map(({ address }) => address);
      this.#udpPorts = await this.#reflectorPorts.open(this.#wantedUdpPorts(), addresses);
    } catch (error) {
      await this.#stopListening();
      throw error;
    }
    this.#mailbox.start();
    return { tcp: this.#listening.map(({ local }) => local), udpPorts: this.#udpPorts };
  }

  async sendNotice(text: string): Promise<{ readonly id: number; readonly reached: number }> {
    const sent = await this.#notices.send(text);
    await this.#accounts.audit.note({ actor: 'operator', action: 'notice-send', detail: `notice ${sent.id}` });
    return sent;
  }

  counts(): Promise<StoreCounts> {
    return this.#ports.store.counts();
  }

  stats(): ServerStats {
    const mails = this.#mailbox.counts;
    return {
      connections: this.#connections.count,
      anonymous: this.#connections.anonymousCount,
      proved: this.#accounts.enrollment.provedCount,
      sessions: this.#directory.sessionCount,
      relayedPackets: this.#relay.relayedPackets,
      relayedBytes: this.#relay.relayedBytes,
      relayDropped: this.#relay.dropped,
      reflected: this.#reflector.reflected,
      reflectIgnored: this.#reflector.ignored,
      mailsPut: mails.puts,
      mailsPushed: mails.pushes,
      mailsRefused: mails.refused,
      logins: this.#dispatcher.loginCounts,
    };
  }

  stop(drainPerSecond?: number): Promise<void> {
    if (this.#stopping && drainPerSecond === undefined) void this.#connections.stop(drainPerSecond, SHUTDOWN_DRAIN_MS);
    this.#stopping ??= this.#stop(drainPerSecond);
    return this.#stopping;
  }

  async #stop(drainPerSecond: number | undefined): Promise<void> {
    const listening = this.#closeListeners();
    await this.#connections.stop(drainPerSecond, SHUTDOWN_DRAIN_MS);
    this.#presenceEnded = true;
    this.#presenceTimer?.timer.cancel();
    this.#reflectorPorts.close();
    this.#mailbox.stop();
    this.#accounts.audit.stop();
    await this.#lastSeen.flush(this.#presence.shownAccounts());
    await listening;
  }

  async #stopListening(): Promise<void> {
    this.#reflectorPorts.close();
    await this.#closeListeners();
  }

  async #closeListeners(): Promise<void> {
    await Promise.all(this.#listening.splice(0).map((listening) => listening.close()));
  }

  #wantedUdpPorts(): readonly number[] {
    const port = this.#options.listen[0]?.port ?? 0;
    return this.#options.udpPorts ?? (port === 0 ? [0, 0] : [port, port + 1]);
  }

  /** Presence is stepped; this is its loop. */
  #armPresence(): void {
    const at = this.#presence.pollTimeout();
    if (at === this.#presenceTimer?.at) return;
    this.#presenceTimer?.timer.cancel();
    this.#presenceTimer = undefined;
    if (at === undefined || this.#presenceEnded) return;
    const timer = this.#ports.clock.setTimer(at, () => {
      this.#presenceTimer = undefined;
      this.#presence.handleTimeout(this.#ports.clock.now());
      this.#armPresence();
    });
    this.#presenceTimer = { at, timer };
  }
}
