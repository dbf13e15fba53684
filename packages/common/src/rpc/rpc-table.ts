import * as z from 'zod';
import { EMOJI_BYTES_MAX, PASSWORD_BYTES_MAX, REQUEST_TEXT_BYTES_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import {
  ADDRESS_CHARS_MAX,
  CHATS_PER_PAGE_MAX,
  CODE_CHARS_MAX,
  NOTICES_MAX,
  PAGE_ITEMS_MAX,
  PAGE_LINK_MS_MAX,
  PAGE_LINK_MS_MIN,
  SEARCH_CHARS_MAX,
  SHORT_TEXT_CHARS_MAX,
  WHO_CHARS_MAX,
} from './limits.ts';
import * as s from './schemas.ts';

const nothing = z.strictObject({});
const who = z.strictObject({ who: s.whoText });
/** `host:port#pin`, or an invitation link. */
const address = z.string().min(1).max(ADDRESS_CHARS_MAX);
const password = z.string().max(PASSWORD_BYTES_MAX);
/** Any text a name field may hold; the server's rules decide, so that their reason is shown. */
const name = z.string().max(WHO_CHARS_MAX);
const shortText = z.string().max(SHORT_TEXT_CHARS_MAX);
const code = z.string().max(CODE_CHARS_MAX);
/** The bound only keeps the line bound; TEXT_TOO_LARGE is the engine's. */
const messageText = z.string().max(2 * TEXT_BYTES_MAX);
const messageId = z.strictObject({ id: s.messageIdText });
const devices = z.object({ items: z.array(s.device) });

/** A page of a list. `next` is what to pass as `before` (or `after`, when that was given) for more; null at the end. */
const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

interface MethodSchemas {
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
}

/** Schemas take long to make, and most programs use those of a few methods: each is made when it is first used. */
function method<T extends MethodSchemas>(make: () => T): Pick<T, 'params' | 'result'> {
  let made: T | undefined;
  const schemas = (): T => {
    made ??= make();
    return made;
  };
  return {
    get params() {
      return schemas().params;
    },
    get result() {
      return schemas().result;
    },
  };
}

/**
 * Every method of the local API: strict parameters (a misspelt field is an error), results that may gain fields.
 * Events come as notifications `event` after `watch.start`; the connection begins with a notification `hello`.
 */
export const RPC_TABLE = {
  'daemon.status': method(() => ({ params: nothing, result: s.daemonStatus })),
  /** Answers, then says goodbye to everybody and ends. */
  'daemon.stop': method(() => ({ params: nothing, result: z.object({ pid: z.int() }) })),

  'account.register': method(() => ({
    params: z.strictObject({
      server: address,
      trustFirst: z.boolean(),
      name,
      displayName: shortText,
      password,
      invite: code.optional(),
      label: name.optional(),
    }),
    result: s.signIn,
  })),
  /** With an approval code the answer comes when the other device has let this one in, within a minute (R7). */
  'account.login': method(() => ({
    params: z.strictObject({
      server: address.optional(),
      trustFirst: z.boolean(),
      account: name.optional(),
      password: password.optional(),
      label: name.optional(),
      approvalCode: code.optional(),
      recoveryCode: code.optional(),
      newIdentity: z.boolean().optional(),
      newPassword: password.optional(),
    }),
    result: s.signIn,
  })),
  /**
   * The registers and logins of this connection fail with CANCELLED, under way or waiting; answers also when there are
   * none. The end of the connection does the same.
   */
  'account.cancelSignIn': method(() => ({ params: nothing, result: nothing })),
  'account.logout': method(() => ({ params: nothing, result: nothing })),
  'account.whoami': method(() => ({ params: nothing, result: s.account })),
  'account.changePassword': method(() => ({
    params: z.strictObject({ oldPassword: password, newPassword: password }),
    result: nothing,
  })),
  'account.setProfile': method(() => ({
    params: z.strictObject({ displayName: shortText.optional(), signatureLine: shortText.optional() }),
    result: s.account,
  })),
  'account.policy': method(() => ({ params: nothing, result: s.policy })),
  'account.setPolicy': method(() => ({
    params: z.strictObject({
      ask: s.policy.shape.ask.optional(),
      question: shortText.optional(),
      showLastSeen: z.boolean().optional(),
    }),
    result: s.policy,
  })),
  'account.devices': method(() => ({ params: nothing, result: devices })),
  /** `device`: its id, or the beginning of it that no other has. */
  'account.revokeDevice': method(() => ({
    params: z.strictObject({ device: z.string().min(1).max(64) }),
    result: devices,
  })),
  /** The event `approval` tells what becomes of it. */
  'account.offerApproval': method(() => ({ params: nothing, result: s.approval })),
  'account.withdrawApproval': method(() => ({ params: z.strictObject({ code }), result: nothing })),
  'account.renewRecovery': method(() => ({ params: nothing, result: z.object({ recoveryCode: z.string() }) })),
  /** The newest recovery code has been shown or kept. Until somebody says so, each login makes another one. */
  'account.recoveryKept': method(() => ({ params: nothing, result: nothing })),
  'account.invitation': method(() => ({ params: nothing, result: z.object({ link: z.string() }) })),
  'account.delete': method(() => ({ params: z.strictObject({ password }), result: nothing })),

  'contact.list': method(() => ({
    params: z.strictObject({ after: s.accountText.optional() }),
    result: page(s.contact),
  })),
  'contact.show': method(() => ({ params: who, result: s.contact })),
  'contact.add': method(() => ({
    /** A name, a number, or an invitation link. */
    params: z.strictObject({ who: address, text: z.string().max(REQUEST_TEXT_BYTES_MAX) }),
    result: s.contact,
  })),
  'contact.lookup': method(() => ({ params: who, result: s.lookup })),
  'contact.accept': method(() => ({ params: who, result: s.contact })),
  'contact.reject': method(() => ({ params: who, result: s.contact })),
  'contact.remove': method(() => ({ params: who, result: nothing })),

  'contact.block': method(() => ({ params: who, result: s.contact })),
  'contact.unblock': method(() => ({ params: who, result: s.contact })),
  /** What only this profile knows of them; an empty text removes it. */
  'contact.set': method(() => ({
    params: z.strictObject({
      who: s.whoText,
      alias: shortText.optional(),
      group: shortText.optional(),
      neverDirect: z.boolean().optional(),
    }),
    result: s.contact,
  })),
  'contact.safety': method(() => ({ params: who, result: s.safety })),
  /** `digits`: of the number that was looked at; KEY_CHANGED when it is another one by now. */
  'contact.verify': method(() => ({
    params: z.strictObject({
      who: s.whoText,
      matches: z.boolean(),
      acceptNewKey: z.boolean(),
      digits: z.string().max(SHORT_TEXT_CHARS_MAX),
    }),
    result: s.safety,
  })),

  'presence.get': method(() => ({ params: nothing, result: s.presence })),
  'presence.set': method(() => ({
    params: z.strictObject({ presence: s.presenceWish, text: shortText.optional() }),
    result: s.presence,
  })),
  'presence.autoAway': method(() => ({
    params: z.strictObject({ afterMs: z.int().min(0).max(86_400_000) }),
    result: s.presence,
  })),

  'notice.list': method(() => ({
    params: z.strictObject({ limit: z.int().min(1).max(NOTICES_MAX) }),
    result: z.object({ items: z.array(s.notice) }),
  })),

  /** No banner of it any more, at any face; it stays in the list. An event `notice` tells the others. */
  'notice.dismiss': method(() => ({ params: z.strictObject({ id: s.cursorText }), result: s.notice })),

  /** Every conversation that has rows, the one with the newest first; `next` is what to pass as `after`. */
  'chat.list': method(() => ({
    params: z.strictObject({ limit: z.int().min(1).max(CHATS_PER_PAGE_MAX), after: s.accountText.optional() }),
    result: page(s.chat),
  })),

  /** Answers once the message is durable in the outbox. */
  'message.send': method(() => ({
    params: z.strictObject({
      to: s.whoText,
      text: messageText,
      id: s.messageIdText.optional(),
      replyTo: s.messageIdText.optional(),
    }),
    result: s.message,
  })),
  'message.nudge': method(() => ({ params: z.strictObject({ to: s.whoText }), result: s.message })),
  'message.edit': method(() => ({
    params: z.strictObject({ id: s.messageIdText, text: messageText }),
    result: s.message,
  })),
  /** One that has certainly not left is cancelled instead (`refused cancelled`). */
  'message.recall': method(() => ({ params: messageId, result: s.message })),
  'message.react': method(() => ({
    params: z.strictObject({ id: s.messageIdText, emoji: z.string().min(1).max(EMOJI_BYTES_MAX), on: z.boolean() }),
    result: s.message,
  })),
  'message.typing': method(() => ({
    params: z.strictObject({ chat: s.whoText, active: z.boolean() }),
    result: nothing,
  })),
  'message.list': method(() => ({
    params: z.strictObject({
      chat: s.whoText,
      limit: s.pageLimit,
      before: s.messageIdText.optional(),
      after: s.messageIdText.optional(),
      /** With its neighbours on both sides; then `next` is what to pass as `before`. */
      around: s.messageIdText.optional(),
    }),
    result: page(s.message),
  })),
  /** Newest first; `next` is what to pass as `before`. */
  'message.search': method(() => ({
    params: z.strictObject({
      text: z.string().min(1).max(SEARCH_CHARS_MAX),
      chat: s.whoText.optional(),
      /** `me`, or who. */
      from: s.whoText.optional(),
      since: s.timeText.optional(),
      until: s.timeText.optional(),
      limit: s.pageLimit,
      before: s.messageIdText.optional(),
    }),
    result: page(s.message),
  })),
  /** On this machine only. Without `ids` the whole conversation, or all of it up to a time. */
  'message.delete': method(() => ({
    params: z.strictObject({
      chat: s.whoText,
      ids: z.array(s.messageIdText).max(PAGE_ITEMS_MAX).optional(),
      upTo: s.timeText.optional(),
    }),
    result: z.object({ deleted: z.int() }),
  })),
  /** Every row there is, in the order in which it came; `next` is what to pass as `after`. */
  'message.export': method(() => ({
    params: z.strictObject({ chat: s.whoText.optional(), after: s.cursorText.optional(), limit: s.pageLimit }),
    result: page(s.exportedMessage),
  })),
  'message.show': method(() => ({ params: messageId, result: s.message })),
  'message.markRead': method(() => ({
    params: z.strictObject({ chat: s.whoText, upTo: s.messageIdText.optional() }),
    result: z.object({ changed: z.int() }),
  })),

  'draft.get': method(() => ({ params: z.strictObject({ chat: s.whoText }), result: s.draft })),
  'draft.list': method(() => ({ params: nothing, result: z.object({ items: z.array(s.draft) }) })),
  /** An empty text removes it. */
  'draft.set': method(() => ({
    params: z.strictObject({ chat: s.whoText, text: messageText, replyTo: s.messageIdText.optional() }),
    result: s.draft,
  })),
  'privacy.get': method(() => ({ params: nothing, result: s.privacy })),
  'privacy.set': method(() => ({ params: s.privacy.partial().strict(), result: s.privacy })),

  /** One per connection. With `since`, every message changed after that cursor comes first, then what happens. */
  'watch.start': method(() => ({
    params: z.strictObject({
      types: z.array(z.enum(s.EVENT_TYPES)).max(s.EVENT_TYPES.length).optional(),
      chat: s.whoText.optional(),
      since: s.cursorText.optional(),
    }),
    result: z.object({ cursor: z.string() }),
  })),

  /** A link that opens the page in a browser on this machine, once, within `validMs` (default PAGE_LINK_MS). */
  'page.open': method(() => ({
    params: z.strictObject({ validMs: z.int().min(PAGE_LINK_MS_MIN).max(PAGE_LINK_MS_MAX).optional() }),
    result: z.object({ url: z.string(), expiresAt: z.string() }),
  })),
  /** Every page that is open must be opened anew. */
  'page.closeAll': method(() => ({ params: nothing, result: nothing })),

  status: method(() => ({ params: nothing, result: s.status })),
  'net.status': method(() => ({ params: nothing, result: s.netStatus })),
  'net.neverDirect': method(() => ({
    params: z.strictObject({ on: z.boolean() }),
    result: z.object({ neverDirect: z.boolean() }),
  })),
  'net.path': method(() => ({
    params: z.strictObject({ who: s.whoText.optional() }),
    result: z.object({ items: z.array(s.path) }),
  })),

  /** Only while the daemon runs with MAGPIE_TEST_HOOKS=1; unknown otherwise. */
  'debug.dropUdp': method(() => ({
    params: z.strictObject({ drop: z.boolean() }),
    result: z.object({ dropping: z.boolean() }),
  })),
} as const satisfies Record<string, MethodSchemas>;

export type RpcMethod = keyof typeof RPC_TABLE;
export type RpcParams<M extends RpcMethod> = z.output<(typeof RPC_TABLE)[M]['params']>;
export type RpcResult<M extends RpcMethod> = z.output<(typeof RPC_TABLE)[M]['result']>;

/** Methods by which a person does something: who is away by themselves is back (auto-away). Looking on is not. */
const DONE_BY_PEOPLE: ReadonlySet<RpcMethod> = new Set([
  'account.register',
  'account.login',
  'account.changePassword',
  'account.setProfile',
  'account.setPolicy',
  'account.revokeDevice',
  'account.offerApproval',
  'account.renewRecovery',
  'contact.add',
  'contact.lookup',
  'contact.accept',
  'contact.reject',
  'contact.remove',
  'contact.block',
  'contact.unblock',
  'contact.set',
  'contact.verify',
  'presence.set',
  'presence.autoAway',
  'message.send',
  'message.nudge',
  'message.edit',
  'message.recall',
  'message.react',
  'message.typing',
  'message.search',
  'message.delete',
  'message.markRead',
  'draft.set',
  'notice.dismiss',
  'privacy.set',
  'net.neverDirect',
] satisfies RpcMethod[]);

export function isDoneByPeople(method: RpcMethod): boolean {
  return DONE_BY_PEOPLE.has(method);
}

/**
 * What only a terminal may ask for. A page has what a messenger needs: whoever gets into one cannot end the daemon, make
 * links that outlive it, or carry off everything in one go.
 */
const NOT_FOR_PAGES: ReadonlySet<RpcMethod> = new Set([
  'daemon.stop',
  'message.export',
  'page.open',
  'debug.dropUdp',
] satisfies RpcMethod[]);

export function isForPages(method: RpcMethod): boolean {
  return !NOT_FOR_PAGES.has(method);
}

export function isRpcMethod(method: string): method is RpcMethod {
  return Object.hasOwn(RPC_TABLE, method);
}
