import type { RandomSource } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Timer } from '@magpie/common/time.ts';
import { seededEncapsulate } from '../../../../test/sim/seeded-kem.ts';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { HostNetwork } from '../../../../test/sim/sim-network.ts';
import type { LogLine } from '../../../../test/sim/sim-process.ts';
import { ProcessClock } from '../../../../test/sim/virtual-time.ts';
import { World } from '../../../../test/sim/world.ts';
import { MemoryPeerStore } from '../store/memory-store.ts';
import type { CommandError } from './command-error.ts';
import { createEngine } from './create-engine.ts';
import type { Engine, EngineEvent, MessageView, SafetyView, Verdict } from './engine.ts';
import type { Identity } from './identity.ts';
import type { MailboxLinks } from './mailbox-key-keeper.ts';

export const PASSWORD = 'seven quiet magpies';

/** A real server in the simulator's world, and peers whose disk and clock a test can reach into. */
export class EngineWorld {
  readonly sim = new World({ seed: 1 });
  readonly peers: TestPeer[] = [];

  static async start(): Promise<EngineWorld> {
    const world = new EngineWorld();
    await world.settle(world.sim.server.start());
    return world;
  }

  peer(name: string, options: TestPeerOptions = {}): TestPeer {
    const host = this.sim.network.addHost(name, [`10.0.1.${this.peers.length + 1}`]);
    const peer = new TestPeer(this, host, options);
    this.peers.push(peer);
    return peer;
  }

  /** Registered peers, all of them friends of the first, everybody online. */
  async friends<const Names extends readonly string[]>(...names: Names): Promise<{ [I in keyof Names]: TestPeer }> {
    const peers = names.map((name) => this.peer(name));
    for (const peer of peers) await peer.register();
    for (const peer of peers.slice(1)) await this.befriend(peers[0]!, peer);
    return peers as unknown as { [I in keyof Names]: TestPeer };
  }

  async befriend(a: TestPeer, b: TestPeer): Promise<void> {
    await this.ok(a.engine.addContact(b.name, 'hello'));
    await this.until(async () => (await b.contact(a.name))?.state === 'asking');
    await this.ok(b.engine.answerRequest(a.name, true));
    await this.until(async () => (await a.contact(b.name))?.presence === 'online');
    await this.until(async () => (await b.contact(a.name))?.presence === 'online');
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.sim.settle(promise, 'the promise settles', 120_000);
  }

  /** As `settle`, for what must succeed. */
  async ok<T>(promise: Promise<Result<T, CommandError>>): Promise<T> {
    const result = await this.settle(promise);
    if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
    return result.value;
  }

  run(ms: number): Promise<void> {
    return this.sim.runFor(ms);
  }

  /** Runs until it holds; throws when it does not in time. */
  async until(holds: () => Promise<boolean> | boolean, atMostMs = 60_000): Promise<void> {
    const endMs = this.sim.nowMs + atMostMs;
    while (!(await this.settle(Promise.resolve(holds())))) {
      if (this.sim.nowMs >= endMs) throw new Error(`does not hold after ${atMostMs} ms: ${holds}`);
      await this.run(20);
    }
  }
}

export interface TestPeerOptions {
  readonly udp?: boolean;
  /** How far its wall clock is ahead of the server's. */
  readonly wallSkewMs?: number;
  readonly identity?: Identity;
}

/** What the disk of a peer does with the next sync. */
export interface TestDisk {
  syncMs: number;
  /** It takes nothing: every write fails. */
  full: boolean;
}

/** One installation with a daemon that comes and goes. */
export class TestPeer {
  readonly name: string;
  readonly host: HostNetwork;
  /** As the file has it: its account seed may be replaced, and outlives a crash. */
  identity: Identity;
  /** As their file has them. */
  mailboxLinks: MailboxLinks | undefined;
  readonly disk: TestDisk = { syncMs: 4, full: false };
  readonly events: EngineEvent[] = [];
  readonly log: LogLine[] = [];
  store: MemoryPeerStore;
  readonly #world: EngineWorld;
  readonly #options: TestPeerOptions;
  #clock: ProcessClock | undefined;
  #engine: Engine | undefined;
  #life = 0;
  #timers = 0;

  constructor(world: EngineWorld, host: HostNetwork, options: TestPeerOptions) {
    this.#world = world;
    this.#options = options;
    this.name = host.name;
    this.host = host;
    this.identity = options.identity ?? newIdentity(new SeededRandom(1, `identity of ${this.name}`));
    this.store = new MemoryPeerStore({ sync: () => this.#sync() });
  }

  get engine(): Engine {
    if (!this.#engine) throw new Error(`${this.name} is not running`);
    return this.#engine;
  }

  /** Timers of this life that are armed now. */
  get timersArmed(): number {
    return this.#timers;
  }

  start(): Promise<void> {
    this.host.revive();
    const time = this.#world.sim.time;
    this.#timers = 0;
    this.#clock = new ProcessClock(time, { startMs: 5_000 - time.nowMs, wallSkewMs: this.#options.wallSkewMs ?? 0 });
    this.#engine = createEngine(
      {
        clock: this.#countTimers(this.#clock),
        random: new SeededRandom(1, `${this.name}#${++this.#life}`),
        encapsulate: seededEncapsulate(new SeededRandom(1, `kem of ${this.name}#${this.#life}`)),
        store: this.store,
        tcp: this.host.tcpConnector,
        udp: this.host.udpFactory,
        interfaces: this.host.interfaces,
        identity: this.identity,
        identityKeeper: {
          replaceAccountSeed: async (accountSeed) => {
            await this.#sync();
            this.identity = { ...this.identity, accountSeed };
          },
        },
        mailboxKeyKeeper: {
          load: async () => this.mailboxLinks,
          save: async (links) => {
            const kept = links.chains.map((chain) => ({ ...chain, oldestSecret: chain.oldestSecret.slice() }));
            await this.#sync();
            this.mailboxLinks = { chains: kept };
          },
        },
        log: this.#logger(),
      },
      { udp: this.#options.udp ?? true, udpPort: 0 },
    );
    this.#engine.subscribe((event) => this.events.push(event));
    return this.#engine.start();
  }

  async register(): Promise<void> {
    await this.#world.settle(this.start());
    await this.#world.ok(
      this.engine.register({
        server: this.#world.sim.server.address,
        trustFirst: false,
        name: this.name,
        displayName: this.name,
        password: PASSWORD,
      }),
    );
    await this.#world.ok(this.engine.recoveryKept());
  }

  async restart(): Promise<void> {
    await this.#world.settle(this.start());
    await this.#world.until(async () => (await this.engine.status()).server.state === 'connected');
  }

  /** kill -9: what was not synced is gone. */
  crash(): void {
    this.#clock?.kill();
    this.#engine = undefined;
    this.host.kill(false);
    this.store = this.store.crash();
  }

  /** An orderly end of the daemon. */
  async stop(): Promise<void> {
    await this.#world.settle(this.engine.stop());
    this.crash();
  }

  async contact(name: string) {
    const contacts = await this.engine.contacts();
    return contacts.ok ? contacts.value.find((contact) => contact.name === name) : undefined;
  }

  /** Looks at the safety number, and says so. */
  async verify(who: string, verdict: Omit<Verdict, 'digits'>): Promise<Result<SafetyView, CommandError>> {
    const seen = await this.engine.safetyNumber(who);
    return seen.ok ? this.engine.verifyContact(who, { ...verdict, digits: seen.value.digits }) : seen;
  }

  /** What was said in a chat, in its order, with the states. */
  async chat(name: string): Promise<readonly MessageView[]> {
    return (await this.lines(name)).filter(({ kind }) => kind !== 'system');
  }

  /** All that a chat shows, lines of the system included. */
  async lines(name: string): Promise<readonly MessageView[]> {
    const messages = await this.engine.messages({ chat: name, limit: 500 });
    return messages.ok ? messages.value : [];
  }

  async texts(name: string): Promise<readonly string[]> {
    return (await this.chat(name)).map(({ text }) => text);
  }

  eventsOf<T extends EngineEvent['type']>(type: T): readonly Extract<EngineEvent, { readonly type: T }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { readonly type: T }> => event.type === type);
  }

  async #sync(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#world.sim.time.schedule(this.#world.sim.nowMs + this.disk.syncMs, resolve);
    });
    if (this.disk.full) throw new Error('no space left');
  }

  #countTimers(clock: ProcessClock): ProcessClock {
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (at, fire) => {
      let armed = true;
      const end = (): void => {
        if (armed) this.#timers--;
        armed = false;
      };
      this.#timers++;
      const timer: Timer = setTimer(at, () => {
        end();
        fire();
      });
      return {
        cancel: () => {
          end();
          timer.cancel();
        },
      };
    };
    return clock;
  }

  #logger() {
    const line = (level: LogLine['level']) => (fields: object, message: string) => {
      this.log.push({ atMs: this.#world.sim.nowMs, host: this.name, level, message, fields });
    };
    return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  }
}

export function newIdentity(random: RandomSource): Identity {
  return { exchangeSecret: random.bytes(32), signSeed: random.bytes(32), accountSeed: random.bytes(32) };
}
