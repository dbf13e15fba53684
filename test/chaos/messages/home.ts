import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import type { EventJson } from '@magpie/common/rpc/schemas.ts';
import { pause, type RpcConnection, type Stage } from '../../e2e/stage.ts';

/** What a killed daemon leaves must not keep the next one from starting; a machine that is busy may. */
const START_TRIES = 2;
/** A call is never told that it failed while its daemon is stopped; longer than any fault here. */
const CALL_MS_MAX = 60_000;

/** One person's daemon, killed and started again, and a client of it that comes back by itself. */
export class Home {
  readonly name: string;
  readonly #stage: Stage;
  readonly #onEvent: (event: EventJson) => void;
  /** Given to every daemon from the next start on. */
  env: Readonly<Record<string, string>> = {};
  /** As the server knows it; set once it is registered. */
  account = '';
  /** Times at which the daemon was gone though nobody had ended it. */
  endedByItself = 0;
  #child: ChildProcess | undefined;
  #client: RpcConnection | undefined;
  #cursor: string | undefined;
  #starting: Promise<void> | undefined;

  /** @param onEvent everything that the daemon shows about messages, also what it shows late, after a restart */
  constructor(stage: Stage, name: string, onEvent: (event: EventJson) => void) {
    this.#stage = stage;
    this.name = name;
    this.#onEvent = onEvent;
  }

  get folder(): string {
    return this.#stage.path(this.name);
  }

  get database(): string {
    return join(this.folder, 'profile.db');
  }

  get isUp(): boolean {
    return this.#client !== undefined;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Does nothing when it is up. @throws when it does not start */
  start(): Promise<void> {
    if (this.#client) return Promise.resolve();
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        this.#child = await this.#stage.startDaemon(this.name, [], this.env);
        break;
      } catch (error) {
        if (tries === START_TRIES) throw error;
      }
    }
    const child = this.#child;
    child.once('exit', () => {
      if (this.#child !== child) return;
      this.endedByItself++;
      this.#drop();
    });
    const client = await this.#stage.connect(this.name);
    client.onEvent((event) => {
      this.#cursor = event.cursor;
      this.#onEvent(event);
    });
    const since = this.#cursor === undefined ? {} : { since: this.#cursor };
    const { cursor } = await client.call('watch.start', { types: ['message', 'receipt'], ...since });
    this.#cursor ??= cursor;
    this.#client = client;
  }

  /** The next start shows everything anew. */
  forgetCursor(): void {
    this.#cursor = '0';
  }

  /** SIGKILL, also to a stopped one. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#drop();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** @throws when the daemon is away or says no */
  async call<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<RpcResult<M>> {
    const client = this.#client;
    if (!client) throw new Error(`${this.name} is away`);
    const late = pause(CALL_MS_MAX).then(() => {
      throw new Error(`${method}: no answer after ${CALL_MS_MAX} ms`);
    });
    late.catch(() => {});
    return Promise.race([client.call(method, params), late]);
  }

  #drop(): void {
    this.#child = undefined;
    this.#client?.close();
    this.#client = undefined;
  }
}
