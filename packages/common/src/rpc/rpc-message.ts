import { err, ok, type Result } from '../result.ts';
import { CALL_ID_CHARS_MAX } from './limits.ts';

export type CallId = number | string;

/**
 * Why a call failed, without any sentence: the face makes one in the user's language from the codes.
 * `code` is a CommandErrorCode of the engine, or one of LOCAL_ERROR_CODES.
 */
export interface RpcError {
  readonly code: string;
  /** With SERVER_REFUSED: the server's own code. */
  readonly refusal?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Values for the sentence; never a secret or message text. */
  readonly detail?: Readonly<Record<string, string | number>> | undefined;
}

/** Errors that arise between a face and the daemon, beside those of the engine. */
export const LOCAL_ERROR_CODES = [
  'BAD_REQUEST',
  'UNKNOWN_METHOD',
  'CONNECTION_LOST',
  'BAD_ANSWER',
  'SCHEMA_MISMATCH',
  'PAGE_CODE_SPENT',
  'PAGE_NOT_BUILT',
  'PAGE_PORT_TAKEN',
  'PAGE_UNAVAILABLE',
] as const;
export type LocalErrorCode = (typeof LOCAL_ERROR_CODES)[number];

/** One line of the local API: JSON-RPC 2.0 without batches. */
export type RpcMessage =
  | { readonly kind: 'call'; readonly id: CallId; readonly method: string; readonly params: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'answer'; readonly id: CallId; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: CallId | null; readonly error: RpcError };

export type RpcLineError = 'not-json' | 'not-rpc';

/** JSON-RPC 2.0 section 5.1; everything of our own is the first server error. */
const NUMBER_OF_CODE: Readonly<Record<string, number>> = {
  BAD_REQUEST: -32600,
  UNKNOWN_METHOD: -32601,
  INVALID_ARGUMENT: -32602,
  INTERNAL: -32603,
};
const OTHER_ERROR_NUMBER = -32000;
const DETAIL_ENTRIES_MAX = 16;

/** @returns the line, newline included */
export function encodeRpcMessage(message: RpcMessage): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(toJson(message))}\n`);
}

function toJson(message: RpcMessage): object {
  switch (message.kind) {
    case 'call':
      return { jsonrpc: '2.0', id: message.id, method: message.method, params: message.params };
    case 'notification':
      return { jsonrpc: '2.0', method: message.method, params: message.params };
    case 'answer':
      return { jsonrpc: '2.0', id: message.id, result: message.result ?? null };
    case 'failure': {
      const { code } = message.error;
      const number = NUMBER_OF_CODE[code] ?? OTHER_ERROR_NUMBER;
      return { jsonrpc: '2.0', id: message.id, error: { code: number, message: code, data: message.error } };
    }
  }
}

/** Reads one line; never throws. What the fields mean (method, params, result) is checked by RPC_TABLE's schemas. */
export function parseRpcLine(line: string): Result<RpcMessage, RpcLineError> {
  let value: unknown;
  try {
    value = MAY_NAME_PROTOTYPE.test(line) ? JSON.parse(line, dropPrototypeKey) : JSON.parse(line);
  } catch {
    return err('not-json');
  }
  const message = isRecord(value) && own(value, 'jsonrpc') === '2.0' ? fromJson(value) : undefined;
  return message ? ok(message) : err('not-rpc');
}

function fromJson(value: object): RpcMessage | undefined {
  const id = own(value, 'id');
  const method = own(value, 'method');
  const params = own(value, 'params') ?? {};
  if (method !== undefined) {
    if (typeof method !== 'string' || !isRecord(params)) return undefined;
    if (id === undefined) return { kind: 'notification', method, params };
    return isCallId(id) ? { kind: 'call', id, method, params } : undefined;
  }
  const error = own(value, 'error');
  if (error !== undefined) {
    const parsed = isRecord(error) ? errorFromJson(own(error, 'data')) : undefined;
    return parsed && (id === null || isCallId(id)) ? { kind: 'failure', id, error: parsed } : undefined;
  }
  return isCallId(id) && Object.hasOwn(value, 'result')
    ? { kind: 'answer', id, result: own(value, 'result') }
    : undefined;
}

function errorFromJson(data: unknown): RpcError | undefined {
  if (!isRecord(data)) return undefined;
  const code = own(data, 'code');
  const refusal = own(data, 'refusal');
  const retryAfterMs = own(data, 'retryAfterMs');
  const detail = own(data, 'detail');
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return undefined;
  return {
    code,
    ...(typeof refusal === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(refusal) ? { refusal } : {}),
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : {}),
    ...(isRecord(detail) ? { detail: detailFromJson(detail) } : {}),
  };
}

function detailFromJson(detail: object): Readonly<Record<string, string | number>> {
  const entries = Object.entries(detail).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(entries.slice(0, DETAIL_ENTRIES_MAX));
}

/** As it is, or with any of its letters escaped. To look at every key of a long list takes as long as to parse it. */
const MAY_NAME_PROTOTYPE = /__proto__|\\u/;

/** `__proto__` never becomes a key of anything parsed here. */
function dropPrototypeKey(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function own(record: object, key: string): unknown {
  return Object.hasOwn(record, key) ? (record as Readonly<Record<string, unknown>>)[key] : undefined;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCallId(value: unknown): value is CallId {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value === 'string' && value.length <= CALL_ID_CHARS_MAX;
}
