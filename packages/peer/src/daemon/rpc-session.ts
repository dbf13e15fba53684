import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { CALLS_IN_FLIGHT_MAX, CLIENT_QUEUE_BYTES_MAX } from '@magpie/common/rpc/limits.ts';
import { LineDecoder } from '@magpie/common/rpc/line-decoder.ts';
import { encodeRpcMessage, parseRpcLine, type RpcError, type RpcMessage } from '@magpie/common/rpc/rpc-message.ts';
import {
  isDoneByPeople,
  isRpcMethod,
  RPC_TABLE,
  type RpcMethod,
  type RpcParams,
} from '@magpie/common/rpc/rpc-table.ts';
import { API_SCHEMA, type EventJson } from '@magpie/common/rpc/schemas.ts';
import type { Caller, DaemonSurface, RpcHandlers } from './rpc-methods.ts';
import { Watch } from './watch.ts';

/** What carries one client's bytes: a unix socket or a WebSocket. All calls are safe after the end. */
export interface ClientPipe {
  /** False from the first sign of its end on: nothing can be written any more. */
  readonly isOpen: boolean;
  /** Written and not yet taken by the system. */
  readonly queuedBytes: number;
  write(bytes: Uint8Array): void;
  /** Stops reading; the client's writes pile up on its own side. */
  pause(): void;
  resume(): void;
  /** Resolves once the client has taken enough of what was written for more; false when it is gone. */
  drained(): Promise<boolean>;
  /** Closes once everything written has gone out. */
  end(): void;
  /** Closes a client that does not read, and throws away what waits for it. */
  cutOff(): void;
  destroy(): void;
}

/** One connection of a face. Nothing it does or fails to do holds up the engine. */
export class RpcSession implements Caller {
  readonly #pipe: ClientPipe;
  readonly #surface: DaemonSurface;
  readonly #handlers: RpcHandlers;
  readonly #log: Log;
  readonly #mayCall: (method: RpcMethod) => boolean;
  readonly #lines = new LineDecoder();
  /** Lines read, of which some are not begun, because too many calls are under way. */
  #waiting: readonly string[] = [];
  /** How many of them are begun by now: a message may hold half a million, too many to take each off the front. */
  #begun = 0;
  #callsInFlight = 0;
  #isRevoked = false;
  #watch: Watch | undefined;
  #signIns = new AbortController();

  /** @param mayCall the methods of this face; the others are unknown to it */
  constructor(
    pipe: ClientPipe,
    surface: DaemonSurface,
    handlers: RpcHandlers,
    log: Log,
    mayCall: (method: RpcMethod) => boolean = () => true,
  ) {
    this.#mayCall = mayCall;
    this.#pipe = pipe;
    this.#surface = surface;
    this.#handlers = handlers;
    this.#log = log;
    const { version, pid } = surface.status;
    this.#write({ kind: 'notification', method: 'hello', params: { schema: API_SCHEMA, version, pid } });
  }

  get signIns(): AbortSignal {
    return this.#signIns.signal;
  }

  cancelSignIns(): void {
    this.#signIns.abort();
    this.#signIns = new AbortController();
  }

  /** The daemon stops: no more events; what was written still goes out. */
  end(): void {
    this.#watch?.close();
    this.#pipe.end();
  }

  /** The client is gone. */
  handleClose(): void {
    this.#watch?.close();
    this.#signIns.abort();
  }

  /** The client has lost its right to be here: what it sent and what was not begun is not done any more. */
  handleRevoked(): void {
    this.#isRevoked = true;
    this.#waiting = [];
    this.#begun = 0;
    this.handleClose();
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#isRevoked) return;
    const lines = this.#lines.handleBytes(bytes);
    if (lines.ok) {
      this.#waiting = [...this.#waiting.slice(this.#begun), ...lines.value];
      this.#begun = 0;
      this.#drain();
    } else {
      this.#write({ kind: 'failure', id: null, error: { code: 'BAD_REQUEST', detail: { cause: lines.error } } });
      this.#pipe.end();
    }
  }

  #drain(): void {
    while (this.#callsInFlight < CALLS_IN_FLIGHT_MAX) {
      const line = this.#waiting[this.#begun];
      if (line === undefined) break;
      this.#begun++;
      this.#handleLine(line);
    }
    if (this.#begun < this.#waiting.length) this.#pipe.pause();
    else this.#pipe.resume();
  }

  #handleLine(line: string): void {
    const message = parseRpcLine(line);
    if (!message.ok) {
      this.#write({ kind: 'failure', id: null, error: { code: 'BAD_REQUEST', detail: { cause: message.error } } });
    } else if (message.value.kind === 'call') {
      void this.#answer(message.value);
    }
  }

  async #answer(call: RpcMessage & { readonly kind: 'call' }): Promise<void> {
    this.#callsInFlight++;
    const outcome = await this.#call(call.method, call.params).catch((error: unknown): Result<never, RpcError> => {
      this.#log.error({ method: call.method, stack: error instanceof Error ? error.stack : undefined }, 'call failed');
      return err({ code: 'INTERNAL' });
    });
    this.#write(
      outcome.ok
        ? { kind: 'answer', id: call.id, result: outcome.value.result }
        : { kind: 'failure', id: call.id, error: outcome.error },
    );
    if (outcome.ok) outcome.value.afterAnswer?.();
    this.#callsInFlight--;
    this.#drain();
  }

  async #call(
    method: string,
    params: unknown,
  ): Promise<Result<{ readonly result: unknown; readonly afterAnswer?: () => void }, RpcError>> {
    if (!isRpcMethod(method) || !this.#mayCall(method)) return err({ code: 'UNKNOWN_METHOD' });
    const parsed = RPC_TABLE[method].params.safeParse(params);
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join('.') ?? '';
      return err({ code: 'INVALID_ARGUMENT', detail: { field } });
    }
    if (isDoneByPeople(method)) this.#surface.engine.noteActivity();
    if (method === 'watch.start') return this.#startWatch(parsed.data as RpcParams<'watch.start'>);
    const handler = this.#handlers[method] as (params: unknown, caller: Caller) => Promise<Result<unknown, RpcError>>;
    const outcome = await handler(parsed.data, this);
    return outcome.ok ? ok({ result: outcome.value }) : outcome;
  }

  async #startWatch(
    params: RpcParams<'watch.start'>,
  ): Promise<Result<{ readonly result: unknown; readonly afterAnswer: () => void }, RpcError>> {
    if (this.#watch) return err({ code: 'BAD_REQUEST', detail: { cause: 'already-watching' } });
    const opened = await Watch.open(this.#surface.engine, this.#watchSink(), params);
    if (!opened.ok) return opened;
    const watch = opened.value;
    this.#watch = watch;
    if (!this.#pipe.isOpen) watch.close();
    const afterAnswer = (): void => {
      watch.run(params.since !== undefined).catch(() => this.#pipe.destroy());
    };
    return ok({ result: { cursor: watch.cursor }, afterAnswer });
  }

  #watchSink() {
    return {
      send: (event: EventJson) => this.#write({ kind: 'notification', method: 'event', params: event }),
      /** A replay goes on only when the last page has left, so that it never fills the queue by itself. */
      ready: () => this.#pipe.drained(),
      cutOff: () => this.#cutOff(),
    };
  }

  #write(message: RpcMessage): void {
    if (!this.#pipe.isOpen) return;
    this.#pipe.write(encodeRpcMessage(message));
    if (this.#pipe.queuedBytes > CLIENT_QUEUE_BYTES_MAX) this.#cutOff();
  }

  #cutOff(): void {
    this.#log.warn({ queuedBytes: this.#pipe.queuedBytes }, 'local client too slow, closed');
    this.#pipe.cutOff();
  }
}
