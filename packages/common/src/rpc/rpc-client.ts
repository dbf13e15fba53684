import { err, ok, type Result } from '../result.ts';
import { LineDecoder } from './line-decoder.ts';
import { encodeRpcMessage, parseRpcLine, type RpcError, type RpcMessage } from './rpc-message.ts';
import { RPC_TABLE, type RpcMethod, type RpcParams, type RpcResult } from './rpc-table.ts';
import { API_SCHEMA, type EventJson, event, type HelloJson, hello } from './schemas.ts';

/** The client's way out: a socket, a WebSocket or a test. Both calls are safe after the end. */
export interface RpcPipe {
  write(bytes: Uint8Array): void;
  close(): void;
}

export interface RpcClientHandlers {
  onHello?(hello: HelloJson): void;
  onEvent?(event: EventJson): void;
  /** Comes once; every call that waits has failed with this error by then. */
  onEnd?(error: RpcError): void;
}

interface PendingCall {
  readonly method: RpcMethod;
  readonly settle: (outcome: Result<unknown, RpcError>) => void;
}

/**
 * The face's side of the local API over any duplex: feed it with `handleBytes` and `handleClose`. Answers and events
 * are checked against RPC_TABLE; a daemon that speaks another schema ends the connection with SCHEMA_MISMATCH.
 */
export class RpcClient {
  readonly #pipe: RpcPipe;
  readonly #handlers: RpcClientHandlers;
  readonly #lines = new LineDecoder();
  readonly #pending = new Map<number, PendingCall>();
  #greeted = false;
  #nextId = 1;
  #ended: RpcError | undefined;

  constructor(pipe: RpcPipe, handlers: RpcClientHandlers = {}) {
    this.#pipe = pipe;
    this.#handlers = handlers;
  }

  call<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<Result<RpcResult<M>, RpcError>> {
    if (this.#ended) return Promise.resolve(err(this.#ended));
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#pending.set(id, { method, settle: resolve as (outcome: Result<unknown, RpcError>) => void });
      this.#pipe.write(encodeRpcMessage({ kind: 'call', id, method, params }));
    });
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#ended) return;
    const lines = this.#lines.handleBytes(bytes);
    if (!lines.ok) this.#end({ code: 'BAD_ANSWER' });
    else for (const line of lines.value) this.#handleLine(line);
  }

  handleClose(): void {
    this.#end({ code: 'CONNECTION_LOST' });
  }

  close(): void {
    this.#end({ code: 'CONNECTION_LOST' });
  }

  #handleLine(line: string): void {
    if (this.#ended) return;
    const message = parseRpcLine(line);
    if (message.ok) this.#handleMessage(message.value);
    else this.#end({ code: 'BAD_ANSWER' });
  }

  #handleMessage(message: RpcMessage): void {
    switch (message.kind) {
      case 'call':
        this.#end({ code: 'BAD_ANSWER' });
        break;
      case 'notification':
        if (message.method === 'hello') this.#handleHello(message.params);
        else if (message.method === 'event') this.#handleEvent(message.params);
        break;
      case 'answer':
        this.#handleAnswer(message.id, message.result);
        break;
      case 'failure':
        this.#settle(message.id, err(message.error));
        break;
    }
  }

  #handleHello(params: unknown): void {
    const parsed = hello.safeParse(params);
    if (!parsed.success || this.#greeted) {
      this.#end({ code: 'BAD_ANSWER' });
    } else if (parsed.data.schema !== API_SCHEMA) {
      this.#end({ code: 'SCHEMA_MISMATCH' });
    } else {
      this.#greeted = true;
      this.#handlers.onHello?.(parsed.data);
    }
  }

  /** Event types that are not known are skipped: a newer daemon may have more of them. */
  #handleEvent(params: unknown): void {
    const parsed = event.safeParse(params);
    if (parsed.success) this.#handlers.onEvent?.(parsed.data);
  }

  #handleAnswer(id: number | string, result: unknown): void {
    const call = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (!call) return;
    const parsed = RPC_TABLE[call.method].result.safeParse(result);
    this.#settle(id, parsed.success ? ok(parsed.data) : err({ code: 'BAD_ANSWER' }));
  }

  #settle(id: number | string | null, outcome: Result<unknown, RpcError>): void {
    if (typeof id !== 'number') return;
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    call?.settle(outcome);
  }

  #end(error: RpcError): void {
    if (this.#ended) return;
    this.#ended = error;
    for (const call of this.#pending.values()) call.settle(err(error));
    this.#pending.clear();
    this.#pipe.close();
    this.#handlers.onEnd?.(error);
  }
}
