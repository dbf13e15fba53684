import * as z from 'zod';
import { PASSWORD_BYTES_MAX, REQUEST_TEXT_BYTES_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import { ADDRESS_CHARS_MAX, WHO_CHARS_MAX } from './limits.ts';
import * as s from './schemas.ts';

const nothing = z.strictObject({});
const who = z.strictObject({ who: s.whoText });
const address = z.string().min(1).max(ADDRESS_CHARS_MAX);
const password = z.string().max(PASSWORD_BYTES_MAX);
/** Any text a name field may hold; the server's rules decide, so that their reason is shown. */
const name = z.string().max(WHO_CHARS_MAX);

/** A page of a list. `next` is what to pass as `before` (or `after`, when that was given) for more; null at the end. */
const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

/**
 * Every method of the local API: strict parameters (a misspelt field is an error), results that may gain fields.
 * Events come as notifications `event` after `watch.start`; the connection begins with a notification `hello`.
 */
export const RPC_TABLE = {
  'daemon.status': { params: nothing, result: s.daemonStatus },
  /** Answers, then says goodbye to everybody and ends. */
  'daemon.stop': { params: nothing, result: z.object({ pid: z.int() }) },

  'account.register': {
    params: z.strictObject({
      server: address,
      trustFirst: z.boolean(),
      name,
      displayName: z.string().max(512),
      password,
    }),
    result: s.account,
  },
  'account.login': {
    params: z.strictObject({
      server: address.optional(),
      trustFirst: z.boolean(),
      account: name.optional(),
      password: password.optional(),
    }),
    result: s.account,
  },
  'account.logout': { params: nothing, result: nothing },
  'account.whoami': { params: nothing, result: s.account },

  'contact.list': {
    params: z.strictObject({ after: s.accountText.optional() }),
    result: page(s.contact),
  },
  'contact.show': { params: who, result: s.contact },
  'contact.add': {
    params: z.strictObject({ who: s.whoText, text: z.string().max(REQUEST_TEXT_BYTES_MAX) }),
    result: s.contact,
  },
  'contact.accept': { params: who, result: s.contact },
  'contact.reject': { params: who, result: s.contact },
  'contact.remove': { params: who, result: nothing },

  'presence.get': { params: nothing, result: z.object({ presence: s.presenceStatus }) },
  'presence.set': {
    params: z.strictObject({ presence: s.presenceStatus }),
    result: z.object({ presence: s.presenceStatus }),
  },

  /** Answers once the message is durable in the outbox. The bound only keeps the line bound; TEXT_TOO_LARGE is the engine's. */
  'message.send': {
    params: z.strictObject({
      to: s.whoText,
      text: z.string().max(2 * TEXT_BYTES_MAX),
      id: s.messageIdText.optional(),
    }),
    result: s.message,
  },
  'message.list': {
    params: z.strictObject({
      chat: s.whoText,
      limit: s.pageLimit,
      before: s.messageIdText.optional(),
      after: s.messageIdText.optional(),
    }),
    result: page(s.message),
  },
  'message.show': { params: z.strictObject({ id: s.messageIdText }), result: s.message },
  'message.markRead': {
    params: z.strictObject({ chat: s.whoText, upTo: s.messageIdText.optional() }),
    result: z.object({ changed: z.int() }),
  },

  /** One per connection. With `since`, every message changed after that cursor comes first, then what happens. */
  'watch.start': {
    params: z.strictObject({
      types: z.array(z.enum(s.EVENT_TYPES)).max(s.EVENT_TYPES.length).optional(),
      chat: s.whoText.optional(),
      since: s.cursorText.optional(),
    }),
    result: z.object({ cursor: z.string() }),
  },

  status: { params: nothing, result: s.status },
  'net.status': { params: nothing, result: s.netStatus },
  'net.path': { params: z.strictObject({ who: s.whoText.optional() }), result: z.object({ items: z.array(s.path) }) },

  /** Only while the daemon runs with MAGPIE_TEST_HOOKS=1; unknown otherwise. */
  'debug.dropUdp': { params: z.strictObject({ drop: z.boolean() }), result: z.object({ dropping: z.boolean() }) },
} as const satisfies Record<string, { readonly params: z.ZodType; readonly result: z.ZodType }>;

export type RpcMethod = keyof typeof RPC_TABLE;
export type RpcParams<M extends RpcMethod> = z.output<(typeof RPC_TABLE)[M]['params']>;
export type RpcResult<M extends RpcMethod> = z.output<(typeof RPC_TABLE)[M]['result']>;

export function isRpcMethod(method: string): method is RpcMethod {
  return Object.hasOwn(RPC_TABLE, method);
}
