import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { BenchProcess } from '../bench/bench-process.ts';
import { rssBytes } from '../bench/figures.ts';
import { type ServerProcess, Stage } from '../e2e/stage.ts';

/** Raw figures and progress, as they come. */
export type Say = (line: string) => void;

const WATCH_STEP_MS = 100;

/** A server with the people and the attackers of one part of a scenario; everything ends with it. */
export class Arena {
  readonly stage = new Stage();
  readonly say: Say;
  /** How long a part that can be shortened goes on. */
  readonly seconds: number;
  readonly #processes: BenchProcess[] = [];
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(say: Say, seconds: number) {
    this.say = say;
    this.seconds = seconds;
  }

  /** @param config lines of the configuration file that differ from the defaults; they are printed */
  async startServer(config: readonly string[] = [], name = 'server'): Promise<ServerProcess> {
    const file = this.stage.path(`${name}.toml`);
    writeFileSync(file, ['log_level = "error"', ...config, ''].join('\n'));
    this.say(`  server: ${config.length === 0 ? 'default limits' : `defaults but ${config.join('; ')}`}`);
    return this.stage.startServer(name, ['--config', file]);
  }

  startProcess(file: URL): BenchProcess {
    const started = new BenchProcess(file);
    this.#processes.push(started);
    return started;
  }

  async startHonest(server: ServerProcess): Promise<BenchProcess> {
    const honest = this.startProcess(new URL('honest-process.ts', import.meta.url));
    await honest.call('prepare', server.address);
    return honest;
  }

  startAttacker(): BenchProcess {
    return this.startProcess(new URL('abuse/attacker-process.ts', import.meta.url));
  }

  /** From now on. @returns asks for the growth so far, in bytes */
  watchMemory(pid: number): () => number {
    const before = rssBytes(pid);
    const most = this.#watchMost(() => rssBytes(pid));
    return () => most() - before;
  }

  /** From now on. @returns asks for the most sockets that the process had */
  watchSockets(pid: number): () => number {
    return this.#watchMost(() => socketCount(pid));
  }

  #watchMost(read: () => number): () => number {
    let most = read();
    const look = (): number => {
      most = Math.max(most, read());
      return most;
    };
    this.#timers.push(setInterval(look, WATCH_STEP_MS));
    return look;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const each of this.#processes) await each.close();
    await this.stage.close();
  }
}

/** Open sockets of a process, as the system counts them. */
export function socketCount(pid: number): number {
  let count = 0;
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      if (readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:')) count++;
    } catch {
      // Closed since the folder was read.
    }
  }
  return count;
}

export const MB = 1_000_000;
