import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { eventually, PASSWORD, type ServerProcess } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import { Home } from './home.ts';
import { Ledger } from './ledger.ts';
import { Oracle } from './oracle.ts';
import { PeerDisk } from './peer-disk.ts';
import { ServerDisk } from './server-disk.ts';

const NAMES = ['alice', 'bobby', 'carol', 'david', 'erika', 'frank'] as const;
/** Below the ports that a system gives by itself, so that the server finds its own again (TCP, UDP and one beside). */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const PORT_TRIES = 5;

export interface TownPlan {
  readonly people: number;
  /** Environment of a daemon, by its name. */
  readonly env?: (name: string, arena: Arena) => Readonly<Record<string, string>>;
  readonly serverEnv?: Readonly<Record<string, string>>;
  /** Lines of the server's configuration file besides those that every town has. */
  readonly config?: readonly string[];
}

/** A real server and real daemons, everybody a friend of everybody, and an oracle that watches all they show. */
export class Town {
  readonly arena: Arena;
  readonly homes: readonly Home[];
  readonly ledger = new Ledger();
  readonly oracle: Oracle;
  readonly #disks = new Map<Home, PeerDisk>();
  readonly #serverDisk: ServerDisk;
  readonly #plan: TownPlan;
  #server: ServerProcess | undefined;
  #listen: string;
  serverEndedByItself = 0;

  private constructor(arena: Arena, plan: TownPlan) {
    this.arena = arena;
    this.#plan = plan;
    this.#listen = `127.0.0.1:${randomPort()}`;
    this.#serverDisk = new ServerDisk(arena.stage.path('server'));
    this.oracle = new Oracle(this.#serverDisk, (id) => this.ledger.isTakenBack(id));
    this.homes = NAMES.slice(0, plan.people).map((name) => {
      const home: Home = new Home(arena.stage, name, (event) => this.oracle.handleEvent(home.account, event));
      if (plan.env) home.env = plan.env(name, arena);
      this.#disks.set(home, new PeerDisk(home.database));
      return home;
    });
  }

  static async build(arena: Arena, plan: TownPlan): Promise<Town> {
    const town = new Town(arena, plan);
    const config = ['log_level = "error"', ...(plan.config ?? [])];
    writeFileSync(arena.stage.path('server.toml'), `${config.join('\n')}\n`);
    for (let tries = 1; ; tries++) {
      try {
        await town.startServer();
        break;
      } catch (error) {
        if (tries === PORT_TRIES) throw error;
        town.#listen = `127.0.0.1:${randomPort()}`;
      }
    }
    for (const home of town.homes) await town.#moveIn(home);
    for (const [i, one] of town.homes.entries()) {
      for (const other of town.homes.slice(i + 1)) await befriend(one, other);
    }
    return town;
  }

  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Does nothing when it is up. */
  async startServer(): Promise<void> {
    if (this.#server) return;
    const { stage } = this.arena;
    const words = ['--config', stage.path('server.toml'), '--listen', this.#listen];
    const server = await stage.startServer('server', words, this.#plan.serverEnv);
    this.#server = server;
    server.child.once('exit', () => {
      if (this.#server !== server) return;
      this.serverEndedByItself++;
      this.#server = undefined;
    });
  }

  async killServer(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.#serverDisk.release();
    const ended = new Promise<void>((resolve) => server.child.once('exit', () => resolve()));
    server.child.kill('SIGKILL');
    await ended;
  }

  async killHome(home: Home): Promise<void> {
    this.diskOf(home).release();
    await home.kill();
    // Between the two an event may have been looked up.
    this.diskOf(home).release();
  }

  diskOf(home: Home): PeerDisk {
    return this.#disks.get(home)!;
  }

  homeOf(name: string): Home {
    return this.homes.find((home) => home.name === name)!;
  }

  /** Every program that ended though nobody had ended it. */
  get endedByThemselves(): number {
    return this.homes.reduce((sum, { endedByItself }) => sum + endedByItself, this.serverEndedByItself);
  }

  close(): void {
    for (const disk of this.#disks.values()) disk.release();
    this.#serverDisk.release();
  }

  async #moveIn(home: Home): Promise<void> {
    await home.start();
    const { name } = home;
    const server = { server: this.#server!.address, trustFirst: false };
    await home.call('account.register', { ...server, name, displayName: name, password: PASSWORD });
    await home.call('account.recoveryKept', {});
    home.account = (await home.call('account.whoami', {})).id;
    this.oracle.add(home.account, this.diskOf(home));
  }
}

async function befriend(one: Home, other: Home): Promise<void> {
  await one.call('contact.add', { who: other.name, text: 'hello' });
  const stateAt = async (home: Home, who: string) =>
    (await home.call('contact.show', { who }).catch(() => undefined))?.state;
  await eventually(`${other.name} is asked`, async () => (await stateAt(other, one.name)) === 'asking');
  await other.call('contact.accept', { who: one.name });
  await eventually('both are friends', async () => (await stateAt(one, other.name)) === 'member');
}

function randomPort(): number {
  return randomInt(PORT_MIN / 2, PORT_MAX / 2) * 2;
}
