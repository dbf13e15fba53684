import { exchangeKeyPairOf, type KeyPair } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import type { PasswordHasher } from '@magpie/server/accounts/password-hasher.ts';
import type { ServerLimits } from '@magpie/server/limits.ts';
import { createServer, type Server } from '@magpie/server/server.ts';
import { MemoryStore } from '@magpie/server/store/memory-store.ts';
import { SeededRandom } from './seeded-random.ts';
import type { HostNetwork } from './sim-network.ts';
import { type LogLine, SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export const SERVER_PORT = 10_000;
/** About what argon2id costs; the memory-hard part is not simulated. */
const HASH_MS = 30;

export interface SimServerOptions {
  readonly time: VirtualTime;
  readonly seed: number;
  readonly host: HostNetwork;
  readonly syncMs: number;
  /** The operator's changes of the defaults. */
  readonly limits?: Partial<ServerLimits> | undefined;
  readonly onLog: (line: LogLine) => void;
}

/** The server's machine: a key file and a disk that stay, and a process that comes and goes. */
export class SimServer {
  readonly #options: SimServerOptions;
  readonly #staticKey: KeyPair;
  #process: SimProcess | undefined;
  #server: Server | undefined;
  #store: MemoryStore;
  #life = 0;
  #backup: MemoryStore | undefined;
  #passwordsCompared = 0;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.#staticKey = exchangeKeyPairOf(new SeededRandom(options.seed, 'server key').bytes(32));
    this.#store = new MemoryStore({ sync: () => this.#process?.sync(options.syncMs) ?? new Promise(() => {}) });
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  get host(): HostNetwork {
    return this.#options.host;
  }

  get publicKey(): Uint8Array {
    return this.#staticKey.publicKey;
  }

  /** What a user types: `host:port#pin`. */
  get address(): string {
    return `${this.#options.host.addresses[0]}:${SERVER_PORT}#${pinOf(this.#staticKey.publicKey)}`;
  }

  get server(): Server {
    if (!this.#server) throw new Error('the server is not running');
    return this.#server;
  }

  /** The disk as a reader beside the server sees it: only what is synced. */
  get disk(): MemoryStore['disk'] {
    return this.#store.disk;
  }

  async start(): Promise<void> {
    const { time, seed, host, limits, onLog } = this.#options;
    host.revive();
    const process = new SimProcess({ time, seed, host, life: ++this.#life, onLog });
    this.#process = process;
    this.#server = createServer(
      {
        clock: process.clock,
        random: process.random,
        store: this.#store,
        hasher: virtualHasher(process, () => this.#passwordsCompared++),
        log: process.log,
        staticKey: this.#staticKey,
        tcp: host.tcpListener,
        udp: host.udpFactory,
      },
      { listen: [{ address: '::', port: SERVER_PORT }], ...(limits ? { limits } : {}) },
    );
    await this.#server.start();
  }

  /** How many passwords were held against a hash: what a guess costs, and what it is worth. */
  get passwordsCompared(): number {
    return this.#passwordsCompared;
  }

  /** Ends the server, keeps a copy of its disk, and lets it go on. */
  async backUp(): Promise<void> {
    this.#end(false);
    this.#backup = this.#store.crash();
    this.#store = this.#store.crash();
    await this.start();
  }

  /** Everything since the copy is forgotten; the key stays. */
  async restore(): Promise<void> {
    if (!this.#backup) throw new Error('there is no copy');
    this.#end(false);
    this.#store.crash();
    this.#store = this.#backup.restored();
    await this.start();
  }

  crash(silent: boolean): void {
    this.#end(silent);
    this.#store = this.#store.crash();
  }

  async stop(): Promise<void> {
    const server = this.server;
    await server.stop();
    if (this.#server !== server) return;
    this.#end(false);
    this.#store = this.#store.crash();
  }

  #end(silent: boolean): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#server = undefined;
    this.#options.host.kill(silent);
  }
}

function virtualHasher(process: SimProcess, onCompared: () => void): PasswordHasher {
  return {
    decoyHash: '$virtual$ of nobody',
    hash: async (password) => {
      await process.sync(HASH_MS);
      return `$virtual$${password}`;
    },
    verify: async (phc, password) => {
      onCompared();
      await process.sync(HASH_MS);
      return phc === `$virtual$${password}`;
    },
    isOutdated: () => false,
    remainderOf: () => undefined,
  };
}
