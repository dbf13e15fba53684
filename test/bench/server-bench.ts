import { writeFileSync } from 'node:fs';
import { type Row, row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import { pause, type ServerProcess, Stage } from '../e2e/stage.ts';
import { BenchProcess } from './bench-process.ts';
import type { Say } from './command.ts';
import { cpuSeconds, listed, measured, none, rssBytes } from './figures.ts';
import { HeapInspector } from './heap-inspector.ts';
import type { RelayRound, Storm } from './load-generator.ts';
import { benchConfig } from './server-config.ts';

/** Registrations wait in the same queue as password checks, which holds 64. */
const REGISTER_CONCURRENCY = 60;
const RESUME_CONCURRENCY = 128;
const RESUME_ROUNDS = 3;
/** Longer than the silence after which the server pings, so that pings have been answered too. */
const SETTLE_MS = 20_000;
const START_SETTLE_MS = 3_000;

const PASSWORD_ACCOUNTS = 40;
const PASSWORD_CONCURRENCY = 8;
const PASSWORD_LOGINS = 150;
const PASSWORD_ROUNDS = 3;

const RELAY_PAIRS = 100;
const RELAY_ROUNDS = 5;
const RELAY_SECONDS = 3;
/** Packets of one pair under way: one at a time as in a chat, and as many as a transfer has. */
const RELAY_WINDOWS = [1, 32] as const;

const REFERENCE_MEMORY = 'for scale, without encryption: ejabberd 43 KiB, Prosody 34 KiB';
const REFERENCE_RELAY = 'for scale, 100-byte messages per CPU-second without encryption: ejabberd 47600, Prosody 8700';

/** Figures of a real magpie-server under load from another process. */
export async function serverBench(connections: number, say: Say): Promise<readonly Row[]> {
  const stage = new Stage();
  const load = new BenchProcess(new URL('load-generator.ts', import.meta.url));
  const bench = new ServerBench(stage, load, say);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => void stage.close().then(() => process.exit(name === 'SIGINT' ? 130 : 143)));
  }
  try {
    return [...(await bench.connections(connections)), ...(await bench.passwordLogins()), ...(await bench.relaying())];
  } finally {
    await load.close();
    await stage.close();
  }
}

class ServerBench {
  readonly #stage: Stage;
  readonly #load: BenchProcess;
  readonly #say: Say;
  #saidConfig = '';

  constructor(stage: Stage, load: BenchProcess, say: Say) {
    this.#stage = stage;
    this.#load = load;
    this.#say = say;
  }

  /** Memory of idle logged-in connections, and how fast they log in by key. */
  async connections(count: number): Promise<readonly Row[]> {
    await this.#load.call('prepare', count);
    const registering = await this.#start('many', true);
    const registered = await this.#load.call<Storm>('register', {
      from: 0,
      to: count,
      concurrency: REGISTER_CONCURRENCY,
    });
    this.#say(
      `registered ${registered.done} accounts in ${registered.seconds.toFixed(1)} s (argon2id at its least cost)`,
    );
    await this.#stop(registering);

    // A process of its own, so that its memory holds nothing of the registrations.
    const server = await this.#start('many', true, true);
    await pause(START_SETTLE_MS);
    const before = rssBytes(server.pid);
    const rounds = [await this.#resume(server, count)];
    await pause(SETTLE_MS);
    const after = rssBytes(server.pid);
    const alive = await this.#load.call<number>('alive');
    const inspector = await HeapInspector.open(server.child);
    const loaded = await inspector.collected();
    await this.#load.call('closeAll');
    await pause(SETTLE_MS);
    const empty = await inspector.collected();
    inspector.close();
    while (rounds.length < RESUME_ROUNDS) {
      rounds.push(await this.#resume(server, count));
      await this.#load.call('closeAll');
      await pause(1_000);
    }
    await this.#stop(server);

    const kib = (bytes: number): number => bytes / 1024 / count;
    this.#say(
      `memory: RSS ${mib(before)} before, ${mib(after)} with ${alive} idle connections (default heap, no collection forced)`,
    );
    this.#say(
      `  after a forced collection: RSS ${mib(loaded.rss)}, heap ${mib(loaded.heapUsed)}, external ${mib(loaded.external)}`,
    );
    this.#say(`  the same when all had left: heap ${mib(empty.heapUsed)}, external ${mib(empty.external)}`);
    const perSecond = rounds.map(({ done, seconds }) => done / seconds);
    const perCpuSecond = rounds.map(({ done, cpu }) => done / cpu);
    const failed = rounds.reduce((sum, round) => sum + round.failed, registered.failed);
    return [
      measured(
        'idle-connection-rss',
        `RSS per idle logged-in connection over ${count}; ${REFERENCE_MEMORY}`,
        kib(after - before),
        'KiB',
      ),
      measured(
        'idle-connection-live',
        'of it alive after a forced collection: heap and external memory',
        kib(loaded.heapUsed + loaded.external - empty.heapUsed - empty.external),
        'KiB',
      ),
      row('idle-connections', 'still logged in after the wait', alive, 'connections', `${count}`, alive === count),
      measured(
        'key-logins-per-second',
        `connect, handshake and login by device key; rounds: ${listed(perSecond)}`,
        median(perSecond),
        '1/s',
      ),
      measured(
        'key-logins-per-cpu-second',
        `of the server's CPU; rounds: ${listed(perCpuSecond)}`,
        median(perCpuSecond),
        '1/s',
      ),
      none('logins-failed', 'registrations and key logins that failed', failed),
    ];
  }

  /** With the hash that users get: nothing about it is lowered. */
  async passwordLogins(): Promise<readonly Row[]> {
    const server = await this.#start('few', false);
    const registered = await this.#load.call<Storm>('register', {
      from: 0,
      to: PASSWORD_ACCOUNTS,
      concurrency: PASSWORD_CONCURRENCY,
    });
    const rounds: Measured[] = [];
    while (rounds.length < PASSWORD_ROUNDS) {
      const options = { count: PASSWORD_LOGINS, accounts: PASSWORD_ACCOUNTS, concurrency: PASSWORD_CONCURRENCY };
      rounds.push(await this.#storm(server, 'password', options));
    }
    await this.#stop(server);
    const perSecond = rounds.map(({ done, seconds }) => done / seconds);
    const perCpuSecond = rounds.map(({ done, cpu }) => done / cpu);
    const failed = rounds.reduce((sum, round) => sum + round.failed, registered.failed);
    return [
      measured(
        'password-logins-per-second',
        `argon2id 19 MiB, 2 passes (the default); rounds: ${listed(perSecond, 1)}`,
        median(perSecond),
        '1/s',
      ),
      measured(
        'password-logins-per-cpu-second',
        `of the server's CPU; rounds: ${listed(perCpuSecond, 1)}`,
        median(perCpuSecond),
        '1/s',
      ),
      none('password-logins-failed', 'registrations and password logins that failed', failed),
    ];
  }

  async relaying(): Promise<readonly Row[]> {
    const server = await this.#start('many', true);
    const resumed = await this.#resume(server, 2 * RELAY_PAIRS);
    const friends = await this.#load.call<number>('befriend', RELAY_PAIRS);
    if (friends !== RELAY_PAIRS) throw new Error(`${friends} of ${RELAY_PAIRS} pairs became friends`);
    const rounds = new Map<number, RelayMeasured[]>(RELAY_WINDOWS.map((window) => [window, []]));
    // The first of each warms up what the following ones use.
    for (let i = 0; i <= RELAY_ROUNDS; i++) {
      for (const window of RELAY_WINDOWS) {
        const round = await this.#relayRound(server, window);
        if (i > 0) rounds.get(window)!.push(round);
      }
    }
    await this.#load.call('closeAll');
    await this.#stop(server);

    const all = [...rounds.values()].flat();
    const sum = (of: (round: RelayMeasured) => number): number => all.reduce((total, round) => total + of(round), 0);
    const rows = RELAY_WINDOWS.flatMap((window) => {
      const of = rounds.get(window)!;
      const perCpuSecond = of.map(({ received, cpu }) => received / cpu);
      const perSecond = of.map(({ received, seconds }) => received / seconds);
      const what = `${RELAY_PAIRS} pairs of friends, ${window} packet${window > 1 ? 's' : ''} of 100 bytes under way in each`;
      return [
        measured(
          `relayed-per-cpu-second-${window}`,
          `${what}; rounds: ${listed(perCpuSecond)}; ${REFERENCE_RELAY}`,
          median(perCpuSecond),
          '1/s',
        ),
        measured(
          `relayed-per-second-${window}`,
          `the same by the clock, load generator on the same machine; rounds: ${listed(perSecond)}`,
          median(perSecond),
          '1/s',
        ),
      ];
    });
    const wrong = sum(({ badChecksum, outOfOrder }) => badChecksum + outOfOrder);
    return [
      ...rows,
      none(
        'relay-lost',
        `of ${sum(({ sent }) => sent)} packets sent`,
        sum(({ sent, received }) => sent - received),
      ),
      none('relay-wrong', 'packets with a wrong checksum or out of order at the receiver', wrong),
      none('relay-refused', 'packets refused, and logins that failed', sum(({ refused }) => refused) + resumed.failed),
    ];
  }

  async #relayRound(server: ServerProcess, window: number): Promise<RelayMeasured> {
    const cpu = cpuSeconds(server.pid);
    const round = await this.#load.call<RelayRound>('relay', { pairs: RELAY_PAIRS, window, seconds: RELAY_SECONDS });
    return { ...round, cpu: cpuSeconds(server.pid) - cpu };
  }

  #resume(server: ServerProcess, count: number): Promise<Measured> {
    return this.#storm(server, 'resume', { count, concurrency: RESUME_CONCURRENCY });
  }

  async #storm(server: ServerProcess, name: string, options: object): Promise<Measured> {
    const cpu = cpuSeconds(server.pid);
    const storm = await this.#load.call<Storm>(name, options);
    return { ...storm, cpu: cpuSeconds(server.pid) - cpu };
  }

  async #start(data: string, cheapHash: boolean, inspectable = false): Promise<ServerProcess> {
    const config = benchConfig(cheapHash);
    const file = this.#stage.path(`${data}.toml`);
    writeFileSync(file, config);
    if (config !== this.#saidConfig)
      this.#say(`magpie-server run --config with:\n${config.replaceAll(/^(?=.)/gm, '  ')}`);
    this.#saidConfig = config;
    const given = process.env.NODE_OPTIONS ?? '';
    if (inspectable) process.env.NODE_OPTIONS = `${given} --inspect-port=0`;
    const server = await this.#stage.startServer(data, ['--config', file]);
    process.env.NODE_OPTIONS = given;
    await this.#load.call('target', server.address);
    return server;
  }

  async #stop(server: ServerProcess): Promise<void> {
    const ended = new Promise<void>((resolve) => server.child.once('exit', () => resolve()));
    server.child.kill('SIGTERM');
    await ended;
  }
}

type Measured = Storm & { readonly cpu: number };
type RelayMeasured = RelayRound & { readonly cpu: number };

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
