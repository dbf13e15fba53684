import { err, type Result } from '../result.ts';
import { RpcClient } from '../rpc/rpc-client.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type { EventJson } from '../rpc/schemas.ts';
import { after, type Clock, type Timer } from '../time.ts';
import { CALL_TIMEOUT_MS, RECONNECT_MS_MAX, RECONNECT_MS_MIN } from './limits.ts';
import type { DaemonConnector } from './view-model.ts';

export interface DaemonConnectionOptions {
  readonly connector: DaemonConnector;
  readonly clock: Clock;
  /** Calls may be made from now on. */
  readonly onOpen: () => void;
  readonly onEvent: (event: EventJson) => void;
  readonly onLost: (attempts: number, retryAtMs: number) => void;
  readonly onRefused: (error: RpcError) => void;
}

/** One connection to the daemon after the other: whatever ends one, the next is tried by itself, unless it was refused. */
export class DaemonConnection {
  readonly #options: DaemonConnectionOptions;
  #client: RpcClient | undefined;
  /** Names the newest connection: what older ones still say is not heard. */
  #generation = 0;
  #attempts = 0;
  #retry: Timer | undefined;
  #running = false;

  constructor(options: DaemonConnectionOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#attempts = 0;
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#generation++;
    this.#retry?.cancel();
    this.#client?.close();
    this.#client = undefined;
  }

  /** Which connection this is; a caller that waits compares, to know whether it is still the same one. */
  get generation(): number {
    return this.#generation;
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** All is well: the next loss begins with the shortest wait again. */
  settle(): void {
    this.#attempts = 0;
  }

  /** This connection is of no use: as if it were lost. */
  drop(): void {
    this.#client?.close();
  }

  /** Fails with CONNECTION_LOST while there is no connection, with TIMED_OUT when nothing comes back. */
  async call<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<Result<RpcResult<M>, RpcError>> {
    const { clock } = this.#options;
    const client = this.#client;
    if (!client) return err({ code: 'CONNECTION_LOST' });
    let timer: Timer | undefined;
    const late = new Promise<Result<never, RpcError>>((resolve) => {
      timer = clock.setTimer(after(clock.now(), CALL_TIMEOUT_MS), () => resolve(err({ code: 'TIMED_OUT' })));
    });
    const outcome = await Promise.race([client.call(method, params), late]);
    timer?.cancel();
    return outcome;
  }

  #connect(): void {
    this.#retry = undefined;
    const generation = ++this.#generation;
    let client: RpcClient | undefined;
    let ended = false;
    const end = (refused: RpcError | undefined): void => {
      if (ended) return;
      ended = true;
      if (generation === this.#generation) this.#handleEnd(refused);
    };
    this.#options.connector.connect({
      onOpen: (pipe) => {
        if (generation !== this.#generation) return pipe.close();
        client = new RpcClient(pipe, {
          onEvent: (event) => {
            if (generation === this.#generation) this.#options.onEvent(event);
          },
          onEnd: (error) => end(error.code === 'SCHEMA_MISMATCH' ? error : undefined),
        });
        this.#client = client;
        this.#options.onOpen();
      },
      onBytes: (bytes) => client?.handleBytes(bytes),
      onClose: (refused) => {
        // The reason goes first: the end of the client alone says nothing of it.
        if (refused) end(refused);
        if (client) client.handleClose();
        else end(undefined);
      },
    });
  }

  #handleEnd(refused: RpcError | undefined): void {
    const { clock } = this.#options;
    this.#client = undefined;
    this.#generation++;
    if (!this.#running) return;
    if (refused) {
      this.#running = false;
      this.#options.onRefused(refused);
      return;
    }
    const waitMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(this.#attempts, 8));
    this.#attempts++;
    this.#retry = clock.setTimer(after(clock.now(), waitMs), () => this.#connect());
    this.#options.onLost(this.#attempts, clock.wallNow() + waitMs);
  }
}
