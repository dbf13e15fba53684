import { pause } from '../../e2e/stage.ts';
import { ChaosClient, LoadDevice, outcomeOf, registered, sourceOf, type Target, targetOf } from '../chaos-client.ts';

/** Addresses of the flood. */
export const FLOOD = 1;
const TICK_MS = 5;
/** Tries on one connection before it is left; the server allows 64 frames. */
const TRIES_PER_CONNECTION = 50;
/** One try in so many has a connection of its own. */
const LONE_TRY_EVERY = 4;
/** Connections that the flood holds at most: below what the server lets strangers hold, so that it never makes room by closing its own. */
const CONNECTIONS_MAX = 1_500;

export interface FloodPlan {
  readonly address: string;
  readonly seconds: number;
  readonly perSecond: number;
  readonly sources: number;
  readonly accounts: number;
}

export interface FloodFigures {
  readonly seconds: number;
  readonly attempts: number;
  readonly connections: number;
  readonly turnedAway: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Of the account against which most guesses were looked at: answers that say whether the password was right. */
  readonly evaluatedMax: number;
  readonly evaluated: number;
}

/** One device of the attackers for all of their connections: making keys is not what is measured. */
const device = new LoadDevice();

/** The accounts that are attacked, made from other addresses than the flood comes from. */
export async function registerVictims({ address, accounts }: FloodPlan): Promise<void> {
  const target = targetOf(address);
  for (let i = 0; i < accounts; i++) await (await registered(target, `victim${i}`, sourceOf(2, i))).close();
}

/** Wrong passwords at a fixed rate, half of them for accounts that exist, whatever the server answers. */
export async function floodPasswords(plan: FloodPlan): Promise<FloodFigures> {
  const flood = new Flood(plan, targetOf(plan.address));
  await flood.run();
  return flood.figures();
}

class Flood {
  readonly #plan: FloodPlan;
  readonly #target: Target;
  readonly #idle: Attacker[] = [];
  readonly #outcomes: Record<string, number> = {};
  readonly #evaluated = new Map<string, number>();
  #attempts = 0;
  #connections = 0;
  #turnedAway = 0;
  #open = 0;
  #seconds = 0;

  constructor(plan: FloodPlan, target: Target) {
    this.#plan = plan;
    this.#target = target;
  }

  async run(): Promise<void> {
    const startedMs = performance.now();
    const endMs = startedMs + this.#plan.seconds * 1000;
    const running = new Set<Promise<void>>();
    let due = 0;
    while (performance.now() < endMs) {
      const byNow = ((performance.now() - startedMs) * this.#plan.perSecond) / 1000;
      for (; due < byNow; due++) {
        const attempt = this.#attempt(due);
        running.add(attempt);
        void attempt.then(() => running.delete(attempt));
      }
      await pause(TICK_MS);
    }
    this.#seconds = (performance.now() - startedMs) / 1000;
    await Promise.all(running);
    for (const { client } of this.#idle) client.destroy();
  }

  figures(): FloodFigures {
    const counts = [...this.#evaluated.values()];
    return {
      ...{ seconds: this.#seconds, attempts: this.#attempts, connections: this.#connections },
      ...{ turnedAway: this.#turnedAway, outcomes: this.#outcomes },
      evaluatedMax: Math.max(0, ...counts),
      evaluated: counts.reduce((sum, count) => sum + count, 0),
    };
  }

  async #attempt(number: number): Promise<void> {
    const lone = number % LONE_TRY_EVERY === 0;
    const attacker = (lone ? undefined : this.#idle.shift()) ?? (await this.#connect(number));
    if (!attacker) return this.#count('turned away');
    const known = number % 2 === 0;
    const account = known ? `victim${(number / 2) % this.#plan.accounts}` : `nobody${number}`;
    const { signKey, accountKey, deviceList } = device.claim;
    this.#attempts++;
    const answer = await attacker.client.request({
      ...{ type: 'login', account, password: `wrong guess ${number}`, label: 'x' },
      ...{ signKey, accountKey, deviceList },
    });
    const outcome = outcomeOf(answer);
    this.#count(outcome);
    if (known && (outcome === 'wrong-credentials' || outcome === 'enroll-needed')) {
      this.#evaluated.set(account, (this.#evaluated.get(account) ?? 0) + 1);
    }
    attacker.tries++;
    if (lone || attacker.client.closed || attacker.tries >= TRIES_PER_CONNECTION) this.#leave(attacker);
    else this.#idle.push(attacker);
  }

  async #connect(number: number): Promise<Attacker | undefined> {
    if (this.#open >= CONNECTIONS_MAX) return undefined;
    this.#open++;
    const client = new ChaosClient(this.#target, sourceOf(FLOOD, number % this.#plan.sources), device);
    if (await client.established) {
      this.#connections++;
      return { client, tries: 0 };
    }
    this.#turnedAway++;
    this.#open--;
    return undefined;
  }

  #leave({ client }: Attacker): void {
    client.destroy();
    this.#open--;
  }

  #count(outcome: string): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
  }
}

interface Attacker {
  readonly client: ChaosClient;
  tries: number;
}
