import { randomInt } from 'node:crypto';
import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import { clockEnv, setClock } from './clock-file.ts';
import type { Home } from './home.ts';
import { Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';

const PEOPLE = 5;
const KILL_EVERY_MS = 2_000;
const AWAY_MS_MAX = 3_000;
const STOPPED_MS_MAX = 4_000;
const DEAF_MS_MAX = 4_000;
const OTHER_FAULT_EVERY_MS = 5_000;
/** One victim in so many is the server. */
const SERVER_SHARE = 4;
/** Small ones here: the part `clock` has the large ones. */
const CLOCK_STEP_MS_MAX = 120_000;

/** The row: somewhere a kill -9 every two seconds, while everybody talks to everybody. */
export async function kill(arena: Arena): Promise<readonly Row[]> {
  const town = await Town.build(arena, { people: PEOPLE, env: (name) => clockEnv(clockFileOf(arena, name)) });
  const talkers = new Talkers(town.homes, town.ledger);
  const havoc = new Havoc(town);
  talkers.start();
  await havoc.rage(arena.seconds * 1000);
  const counts = havoc.counts;
  arena.say(`  faults: ${JSON.stringify(counts)}`);
  await havoc.calm();
  const overMs = performance.now();
  await talkers.stop();
  const settledMs = await settle(town, overMs);
  if (talkers.unexpected.length > 0) arena.say(`  unexpected answers: ${talkers.unexpected.join(', ')}`);
  const kills = counts.peerKills + counts.serverKills;
  const killsMin = Math.floor((arena.seconds * 1000) / KILL_EVERY_MS);
  const rows = [
    row('kill-kills', 'kill -9', kills, 'kills', `>= ${killsMin}, one every 2 s`, kills >= killsMin),
    row(
      'kill-sent',
      'messages sent meanwhile',
      town.ledger.count,
      'messages',
      `>= ${arena.seconds}`,
      town.ledger.count >= arena.seconds,
    ),
    ...(await verdict(town, 'kill', settledMs)),
  ];
  town.close();
  return rows;
}

class Havoc {
  readonly counts = { peerKills: 0, serverKills: 0, stops: 0, udpDrops: 0, clockSteps: 0 };
  readonly #town: Town;
  readonly #repairs = new Set<Promise<void>>();

  constructor(town: Town) {
    this.#town = town;
  }

  async rage(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    const others = this.#otherFaults(endMs);
    for (let at = performance.now(); at < endMs; at += KILL_EVERY_MS) {
      await pause(Math.max(0, at - performance.now()));
      await this.#killSomething();
    }
    await pause(Math.max(0, endMs - performance.now()));
    await others;
  }

  /** Everything up, awake, reachable and on time. */
  async calm(): Promise<void> {
    await Promise.all(this.#repairs);
    await this.#town.startServer();
    for (const home of this.#town.homes) {
      setClock(clockFileOf(this.#town.arena, home.name), 0);
      home.signal('SIGCONT');
      await home.start();
      await home.call('debug.dropUdp', { drop: false });
    }
  }

  /** Only what runs can be killed; one that is being started counts when it is there. */
  async #killSomething(): Promise<void> {
    const up = this.#town.homes.filter((home) => home.isUp);
    if (this.#town.serverPid !== 0 && (up.length === 0 || randomInt(SERVER_SHARE) === 0)) {
      this.counts.serverKills++;
      await this.#town.killServer();
      this.#later(randomInt(AWAY_MS_MAX), () => this.#town.startServer());
      return;
    }
    const home = up[randomInt(Math.max(1, up.length))];
    if (!home) return;
    this.counts.peerKills++;
    await this.#town.killHome(home);
    this.#later(randomInt(AWAY_MS_MAX), () => home.start());
  }

  async #otherFaults(endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      const home = this.#town.homes[randomInt(this.#town.homes.length)]!;
      const fault = randomInt(3);
      if (fault === 0) this.#stop(home);
      else if (fault === 1) this.#deafen(home);
      else {
        this.counts.clockSteps++;
        setClock(clockFileOf(this.#town.arena, home.name), randomInt(-CLOCK_STEP_MS_MAX, CLOCK_STEP_MS_MAX));
      }
      await pause(Math.min(randomInt(OTHER_FAULT_EVERY_MS), Math.max(0, endMs - performance.now())));
    }
  }

  #stop(home: Home): void {
    this.counts.stops++;
    home.signal('SIGSTOP');
    this.#later(randomInt(STOPPED_MS_MAX), async () => home.signal('SIGCONT'));
  }

  #deafen(home: Home): void {
    this.counts.udpDrops++;
    const drop = (on: boolean) => home.call('debug.dropUdp', { drop: on }).then(ignore, ignore);
    void drop(true);
    this.#later(randomInt(DEAF_MS_MAX), () => drop(false));
  }

  #later(ms: number, repair: () => Promise<void>): void {
    const done = pause(ms)
      .then(repair)
      .catch((error: unknown) => this.#town.arena.say(`  a start failed: ${error}`))
      .finally(() => this.#repairs.delete(done));
    this.#repairs.add(done);
  }
}

function clockFileOf(arena: Arena, name: string): string {
  return arena.stage.path(`${name}.clock`);
}

function ignore(): void {}
