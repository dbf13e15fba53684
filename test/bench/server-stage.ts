import { writeFileSync } from 'node:fs';
import { dataFolderAt } from '@magpie/server/io/data-folder.ts';
import { type ServerProcess, Stage } from '../e2e/stage.ts';
import { BenchProcess } from './bench-process.ts';
import type { Say } from './command.ts';
import { cpuSeconds } from './figures.ts';
import type { Storm } from './load-generator.ts';
import { benchConfig } from './server-config.ts';

/** Registrations wait in the same queue as password checks, which holds 64. */
const REGISTER_CONCURRENCY = 60;
const RESUME_CONCURRENCY = 128;

export type Measured = Storm & { readonly cpu: number };

/** What the sections share: real servers with their data folders, and the process that makes load on them. */
export class ServerStage {
  readonly say: Say;
  readonly #stage = new Stage();
  readonly #load = new BenchProcess(new URL('load-generator.ts', import.meta.url));
  /** Accounts that the folder `many` holds. */
  #registered = 0;
  #saidConfig = '';

  constructor(say: Say) {
    this.say = say;
  }

  call<T>(name: string, value?: unknown): Promise<T> {
    return this.#load.call<T>(name, value);
  }

  /** The database of the folder `many`, for a moment in which no server runs on it. */
  get database(): string {
    return dataFolderAt(this.#stage.path('many')).database;
  }

  /** Sees that the folder `many` holds at least so many accounts. @returns registrations that failed */
  async registered(count: number): Promise<number> {
    if (count <= this.#registered) return 0;
    await this.call('prepare', count);
    const server = await this.start('many', true);
    const from = this.#registered;
    const storm = await this.call<Storm>('register', { from, to: count, concurrency: REGISTER_CONCURRENCY });
    this.say(`registered ${storm.done} accounts in ${storm.seconds.toFixed(1)} s (argon2id at its least cost)`);
    await this.stop(server);
    this.#registered = count;
    return storm.failed;
  }

  resume(server: ServerProcess, count: number): Promise<Measured> {
    return this.storm(server, 'resume', { count, concurrency: RESUME_CONCURRENCY });
  }

  async storm(server: ServerProcess, name: string, options: object): Promise<Measured> {
    const cpu = cpuSeconds(server.pid);
    const storm = await this.call<Storm>(name, options);
    return { ...storm, cpu: cpuSeconds(server.pid) - cpu };
  }

  async start(data: string, cheapHash: boolean, inspectable = false): Promise<ServerProcess> {
    const config = benchConfig(cheapHash);
    const file = this.#stage.path(`${data}.toml`);
    writeFileSync(file, config);
    if (config !== this.#saidConfig)
      this.say(`magpie-server run --config with:\n${config.replaceAll(/^(?=.)/gm, '  ')}`);
    this.#saidConfig = config;
    const given = process.env.NODE_OPTIONS ?? '';
    if (inspectable) process.env.NODE_OPTIONS = `${given} --inspect-port=0`;
    const server = await this.#stage.startServer(data, ['--config', file]);
    process.env.NODE_OPTIONS = given;
    await this.call('target', server.address);
    return server;
  }

  async stop(server: ServerProcess): Promise<void> {
    const ended = new Promise<void>((resolve) => server.child.once('exit', () => resolve()));
    server.child.kill('SIGTERM');
    await ended;
  }

  async close(): Promise<void> {
    await this.#load.close();
    await this.#stage.close();
  }
}
