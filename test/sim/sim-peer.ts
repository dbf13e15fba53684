import { deviceIdOf, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { createEngine } from '@magpie/peer/engine/create-engine.ts';
import type { Engine, EngineEvent } from '@magpie/peer/engine/engine.ts';
import type { Identity } from '@magpie/peer/engine/identity.ts';
import type { MailboxLinks } from '@magpie/peer/engine/mailbox-key-keeper.ts';
import { MemoryPeerStore } from '@magpie/peer/store/memory-store.ts';
import { seededEncapsulate } from './seeded-kem.ts';
import { SeededRandom } from './seeded-random.ts';
import type { HostNetwork } from './sim-network.ts';
import { type LogLine, SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimPeerOptions {
  readonly time: VirtualTime;
  readonly seed: number;
  readonly host: HostNetwork;
  readonly syncMs: number;
  readonly udp: boolean;
  /** Given: this machine has a copy of another's identity file. */
  readonly identity?: Identity;
  /** Given with it: of the file of mailbox keys too. */
  readonly mailboxLinks?: MailboxLinks | undefined;
  /** The name of the account that uses this machine. Default: the machine's. */
  readonly accountName?: string;
  readonly onLog: (line: LogLine) => void;
  readonly onEvent: (peer: SimPeer, event: EngineEvent) => void;
}

/** What a backup of a profile's folder holds. */
export interface ProfileCopy {
  readonly content: MemoryPeerStore['disk'];
  readonly identity: Identity;
  readonly mailboxLinks: MailboxLinks | undefined;
}

/** One installation: an identity file and a disk that stay, and a daemon that comes and goes. */
export class SimPeer {
  readonly name: string;
  readonly accountName: string;
  readonly exchangeKey: Uint8Array;
  /** How lists of devices name this one (R6). */
  readonly device: DeviceId;
  #identity: Identity;
  #mailboxLinks: MailboxLinks | undefined;
  readonly #options: SimPeerOptions;
  #process: SimProcess | undefined;
  #engine: Engine | undefined;
  #store: MemoryPeerStore;
  #life = 0;
  #ready = false;
  #clockStepMs = 0;

  constructor(options: SimPeerOptions) {
    this.#options = options;
    this.name = options.host.name;
    this.accountName = options.accountName ?? this.name;
    this.#identity = options.identity ?? newIdentity(new SeededRandom(options.seed, `identity of ${this.name}`));
    this.#mailboxLinks = options.mailboxLinks;
    this.exchangeKey = exchangeKeyPairOf(this.#identity.exchangeSecret).publicKey;
    this.device = deviceIdOf(this.exchangeKey, signingKeyPairOf(this.#identity.signSeed).publicKey);
    this.#store = new MemoryPeerStore({ sync: () => this.#sync() });
  }

  /** What the file of mailbox keys holds. */
  get mailboxLinks(): MailboxLinks | undefined {
    return this.#mailboxLinks;
  }

  /** What the identity file holds. */
  get identity(): Identity {
    return this.#identity;
  }

  get running(): boolean {
    return this.#engine !== undefined;
  }

  /** Started: a face can reach it, as the daemon opens its socket after the engine's start. */
  get ready(): boolean {
    return this.#ready;
  }

  get host(): HostNetwork {
    return this.#options.host;
  }

  /** The engine of this life. Only while running. */
  get engine(): Engine {
    if (!this.#engine) throw new Error(`${this.name} is not running`);
    return this.#engine;
  }

  /** The disk as a reader beside the daemon sees it, whether it runs or not: only what is synced. */
  get disk(): MemoryPeerStore['disk'] {
    return this.#store.disk;
  }

  async start(): Promise<void> {
    const { time, seed, host, onLog, onEvent } = this.#options;
    host.revive();
    const clockStepMs = (): number => this.#clockStepMs;
    const process = new SimProcess({ time, seed, host, life: ++this.#life, clockStepMs, onLog });
    this.#process = process;
    const engine = createEngine(
      {
        clock: process.clock,
        random: process.random,
        encapsulate: seededEncapsulate(new SeededRandom(seed, `kem of ${this.name}#${this.#life}`)),
        store: this.#store,
        tcp: host.tcpConnector,
        udp: host.udpFactory,
        interfaces: host.interfaces,
        identity: this.identity,
        identityKeeper: { replaceAccountSeed: (seed) => this.#replaceAccountSeed(process, seed) },
        mailboxKeyKeeper: {
          load: async () => this.#mailboxLinks,
          save: (links) => this.#saveMailboxLinks(process, links),
        },
        log: process.log,
      },
      { udp: this.#options.udp, udpPort: 0 },
    );
    this.#engine = engine;
    engine.subscribe((event) => {
      if (process.alive) onEvent(this, event);
    });
    await engine.start();
    this.#ready = this.#engine === engine;
  }

  /** Somebody sets the wall clock of the machine: so far off what it would show. */
  setClock(offMs: number): void {
    this.#clockStepMs = offMs;
  }

  /** The profile's folder as it is on disk now. */
  backUp(): ProfileCopy {
    return { content: this.#store.disk.copy(), identity: this.#identity, mailboxLinks: this.#mailboxLinks };
  }

  /** The copy takes the place of the folder. Not while running. */
  restore({ content, identity, mailboxLinks }: ProfileCopy): void {
    if (this.running) throw new Error(`${this.name} is running`);
    this.#store = new MemoryPeerStore({ sync: () => this.#sync() }, content.copy());
    this.#identity = identity;
    this.#mailboxLinks = mailboxLinks;
  }

  /** kill -9, or (silent) the plug pulled: nothing is said, and what was not synced is gone. */
  crash(silent: boolean): void {
    this.#end(silent);
    this.#store = this.#store.crash();
  }

  /** An orderly end of the daemon. */
  async stop(): Promise<void> {
    const engine = this.engine;
    this.#ready = false;
    await engine.stop();
    if (this.#engine !== engine) return;
    this.#end(false);
    this.#store = this.#store.crash();
  }

  #end(silent: boolean): void {
    this.#ready = false;
    this.#process?.kill();
    this.#process = undefined;
    this.#engine = undefined;
    this.#options.host.kill(silent);
  }

  async #replaceAccountSeed(process: SimProcess, seed: Uint8Array): Promise<void> {
    await process.sync(this.#options.syncMs);
    this.#identity = { ...this.#identity, accountSeed: Uint8Array.from(seed) };
  }

  async #saveMailboxLinks(process: SimProcess, links: MailboxLinks): Promise<void> {
    // What a file would hold: not the arrays, which their owner may wipe.
    const kept = { chains: links.chains.map((chain) => ({ ...chain, oldestSecret: chain.oldestSecret.slice() })) };
    await process.sync(this.#options.syncMs);
    this.#mailboxLinks = kept;
  }

  #sync(): Promise<void> {
    return this.#process?.sync(this.#options.syncMs) ?? new Promise(() => {});
  }
}

function newIdentity(random: RandomSource): Identity {
  return { exchangeSecret: random.bytes(32), signSeed: random.bytes(32), accountSeed: random.bytes(32) };
}
