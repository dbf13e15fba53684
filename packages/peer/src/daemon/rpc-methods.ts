import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import { parseAccountNumber, parseMessageId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { PAGE_BYTES_MAX, PAGE_LINK_MS } from '@magpie/common/rpc/limits.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import type { DaemonStatusJson } from '@magpie/common/rpc/schemas.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { DeviceView, Engine, PolicyView, PrivacyView } from '../engine/engine.ts';
import { kindOfSystem } from './kind-of-system.ts';
import type { PageHost } from './page-host.ts';
import {
  accountJson,
  chatJson,
  contactJson,
  deviceJson,
  draftJson,
  exportedMessageJson,
  isoTime,
  lookupJson,
  messageJson,
  netStatusJson,
  noticeJson,
  pathJson,
  policyJson,
  presenceJson,
  privacyJson,
  safetyJson,
  signInJson,
  statusJson,
} from './views.ts';

/** What the methods need besides the engine. */
export interface DaemonSurface {
  readonly engine: Engine;
  readonly status: DaemonStatusJson;
  readonly page: Pick<PageHost, 'open' | 'closeAll'>;
  /** Ends the daemon soon; the answer to the caller still goes out. */
  stop(): void;
  /** True only in tests: MAGPIE_TEST_HOOKS=1. */
  readonly testHooks: boolean;
}

/** The face that makes a call. */
export interface Caller {
  /** Aborted when it cancels its sign-ins or goes. */
  readonly signIns: AbortSignal;
  cancelSignIns(): void;
}

/** `watch.start` belongs to a connection and lives in watch.ts. */
type CallMethod = Exclude<RpcMethod, 'watch.start'>;
export type RpcHandlers = {
  readonly [M in CallMethod]: (params: RpcParams<M>, caller: Caller) => Promise<Result<RpcResult<M>, RpcError>>;
};

/** The methods of the local API, each one call of the engine and a change of shape. */
export function rpcHandlers({ engine, status, page, stop, testHooks }: DaemonSurface): RpcHandlers {
  return {
    'daemon.status': async () => ok(status),
    'daemon.stop': async () => {
      stop();
      return ok({ pid: status.pid });
    },

    ...accountHandlers(engine),

    'contact.list': async ({ after }) =>
      mapped(await engine.contacts(), (contacts) => {
        const start = after === undefined ? 0 : contacts.findIndex((each) => String(each.account) === after) + 1;
        const all = contacts.slice(start).map(contactJson);
        const items = fitPage(all);
        return { items, next: items.length < all.length ? (items.at(-1)?.id ?? null) : null };
      }),
    'contact.show': async ({ who }) => mapped(await engine.contact(who), contactJson),
    'contact.add': async ({ who, text }) => mapped(await engine.addContact(who, text), contactJson),
    'contact.lookup': async ({ who }) => mapped(await engine.lookup(who), lookupJson),
    'contact.accept': async ({ who }) => mapped(await engine.answerRequest(who, true), contactJson),
    'contact.reject': async ({ who }) => mapped(await engine.answerRequest(who, false), contactJson),
    'contact.remove': async ({ who }) => mapped(await engine.removeContact(who), () => ({})),

    'contact.block': async ({ who }) => mapped(await engine.blockContact(who), contactJson),
    'contact.unblock': async ({ who }) => mapped(await engine.unblockContact(who), contactJson),
    'contact.set': async ({ who, alias, group, neverDirect }) =>
      mapped(await engine.setContact(who, { remark: alias, group, neverDirect }), contactJson),
    'contact.safety': async ({ who }) => mapped(await engine.safetyNumber(who), safetyJson),
    'contact.verify': async ({ who, ...verdict }) => mapped(await engine.verifyContact(who, verdict), safetyJson),

    'presence.get': async () => mapped(await engine.presence(), presenceJson),
    'presence.set': async ({ presence, text }) => mapped(await engine.setPresence(presence, text), presenceJson),
    'presence.autoAway': async ({ afterMs }) => mapped(await engine.setAutoAway(afterMs), presenceJson),

    'notice.list': async ({ limit }) =>
      mapped(await engine.notices(limit), (notices) => ({ items: fitPage(notices.map(noticeJson)) })),

    'notice.dismiss': async ({ id }) => mapped(await engine.dismissNotice(Number(id)), noticeJson),

    'chat.list': async ({ limit, after }) => {
      const chats = await engine.chats({ limit, after: accountNumber(after) });
      return mapped(chats, (views) => firstOf(views.map(chatJson), limit));
    },

    ...messageHandlers(engine),

    'draft.get': async ({ chat }) => mapped(await engine.draft(chat), draftJson),
    'draft.list': async () => mapped(await engine.drafts(), (drafts) => ({ items: fitPage(drafts.map(draftJson)) })),
    'draft.set': async ({ chat, text, replyTo }) =>
      mapped(await engine.setDraft(chat, text, messageId(replyTo)), draftJson),
    'privacy.get': async () => ok(privacyJson(await engine.privacy())),
    'privacy.set': async (patch) => mapped(await engine.setPrivacy(chosen(patch)), privacyJson),

    'page.open': async ({ validMs }) =>
      mapped(await page.open(validMs ?? PAGE_LINK_MS), ({ url, expiresAtMs }) => ({
        url,
        expiresAt: isoTime(expiresAtMs as WallMs),
      })),
    'page.closeAll': async () => mapped(await page.closeAll(), () => ({})),

    status: async () => ok(statusJson(await engine.status())),
    'net.status': async () => ok(netStatusJson(await engine.status())),
    'net.neverDirect': async ({ on }) => mapped(await engine.setNeverDirect(on), () => ({ neverDirect: on })),
    'net.path': async ({ who }) => mapped(await engine.paths(who), (views) => ({ items: views.map(pathJson) })),

    'debug.dropUdp': async ({ drop }) => {
      if (!testHooks) return err({ code: 'UNKNOWN_METHOD' });
      engine.setDropUdp(drop);
      return ok({ dropping: drop });
    },
  };
}

type MessageMethod = Extract<CallMethod, `message.${string}`>;

function messageHandlers(engine: Engine): Pick<RpcHandlers, MessageMethod> {
  return {
    'message.send': async ({ to, text, id, replyTo }) =>
      mapped(await engine.send({ to, text, id: messageId(id), replyTo: messageId(replyTo) }), messageJson),
    'message.nudge': async ({ to }) => mapped(await engine.nudge(to), messageJson),
    'message.edit': async ({ id, text }) =>
      withMessage(id, async (message) => mapped(await engine.editMessage(message, text), messageJson)),
    'message.recall': async ({ id }) =>
      withMessage(id, async (message) => mapped(await engine.recallMessage(message), messageJson)),
    'message.react': async ({ id, emoji, on }) =>
      withMessage(id, async (message) => mapped(await engine.react(message, emoji, on), messageJson)),
    'message.typing': async ({ chat, active }) => mapped(await engine.setTyping(chat, active), () => ({})),
    'message.list': async ({ chat, limit, before, after, around }) => {
      if (around !== undefined && (before !== undefined || after !== undefined)) {
        return err({ code: 'INVALID_ARGUMENT', detail: { field: 'around' } });
      }
      const query = { chat, limit, before: messageId(before), after: messageId(after), around: messageId(around) };
      return mapped(await engine.messages(query), (views) => {
        const items = views.map(messageJson);
        return around === undefined ? messagePage(items, limit, after !== undefined) : pageAround(items, around);
      });
    },
    'message.search': async ({ since, until, before, ...query }) => {
      const range = { since: wallMs(since), until: wallMs(until), before: messageId(before) };
      return mapped(await engine.search({ ...query, ...range }), (views) =>
        firstOf(views.map(messageJson), query.limit),
      );
    },
    'message.delete': async ({ chat, ids, upTo }) => {
      if (ids !== undefined && upTo !== undefined) return err({ code: 'INVALID_ARGUMENT', detail: { field: 'upTo' } });
      const parsed = ids?.flatMap((id) => parseMessageId(id) ?? []);
      return mapped(await engine.deleteMessages({ chat, ids: parsed, upTo: wallMs(upTo) }), (done) => done);
    },
    'message.export': async ({ chat, after, limit }) => {
      const page = await engine.exportPage({ chat, after: Number(after ?? 0), limit });
      return mapped(page, (views) => {
        const items = fitPage(views.map(exportedMessageJson));
        const more = views.length === limit || items.length < views.length;
        return { items, next: more ? (items.at(-1)?.row ?? null) : null };
      });
    },
    'message.show': async ({ id }) =>
      withMessage(id, async (message) => mapped(await engine.message(message), messageJson)),
    'message.markRead': async ({ chat, upTo }) => mapped(await engine.markRead(chat, messageId(upTo)), (done) => done),
  };
}

type AccountMethod = Extract<CallMethod, `account.${string}`>;

function accountHandlers(engine: Engine): Pick<RpcHandlers, AccountMethod> {
  return {
    'account.register': async (params, { signIns }) =>
      mapped(await engine.register({ ...params, label: params.label ?? kindOfSystem() }, signIns), signInJson),
    'account.login': async (params, { signIns }) =>
      mapped(await engine.login({ ...params, label: params.label ?? kindOfSystem() }, signIns), signInJson),
    'account.cancelSignIn': async (_params, caller) => {
      caller.cancelSignIns();
      return ok({});
    },
    'account.logout': async () => mapped(await engine.logout(), () => ({})),
    'account.whoami': async () => mapped(await engine.whoami(), accountJson),
    'account.changePassword': async ({ oldPassword, newPassword }) =>
      mapped(await engine.changePassword(oldPassword, newPassword), () => ({})),
    'account.setProfile': async (patch) => mapped(await engine.setProfile(patch), accountJson),
    'account.policy': async () => mapped(await engine.policy(), policyJson),
    'account.setPolicy': async (patch) => mapped(await engine.setPolicy(withoutAbsent(patch)), policyJson),
    'account.devices': async () => mapped(await engine.devices(), deviceItems),
    'account.revokeDevice': async ({ device }) => mapped(await engine.revokeDevice(device), deviceItems),
    'account.offerApproval': async () =>
      mapped(await engine.offerApproval(), ({ code, expiresAt }) => ({ code, expiresAt: isoTime(expiresAt) })),
    'account.withdrawApproval': async ({ code }) => mapped(await engine.withdrawApproval(code), () => ({})),
    'account.renewRecovery': async () => mapped(await engine.renewRecovery(), ({ recoveryCode }) => ({ recoveryCode })),
    'account.recoveryKept': async () => mapped(await engine.recoveryKept(), () => ({})),
    'account.invitation': async () => mapped(await engine.invitation(), ({ link }) => ({ link })),
    'account.delete': async ({ password }) => mapped(await engine.deleteAccount(password), () => ({})),
  };
}

function deviceItems(devices: readonly DeviceView[]): RpcResult<'account.devices'> {
  return { items: devices.map(deviceJson) };
}

/** As `withoutAbsent`. */
function chosen({ sendTyping, sendReadReceipts }: RpcParams<'privacy.set'>): Partial<PrivacyView> {
  return {
    ...(sendTyping === undefined ? {} : { sendTyping }),
    ...(sendReadReceipts === undefined ? {} : { sendReadReceipts }),
  };
}

/** Only what was given: under `exactOptionalPropertyTypes` an absent field is not an undefined one. */
function withoutAbsent({ ask, question, showLastSeen }: RpcParams<'account.setPolicy'>): Partial<PolicyView> {
  return {
    ...(ask === undefined ? {} : { ask }),
    ...(question === undefined ? {} : { question }),
    ...(showLastSeen === undefined ? {} : { showLastSeen }),
  };
}

function mapped<T, U>(result: Result<T, RpcError>, shape: (value: T) => U): Result<U, RpcError> {
  return result.ok ? ok(shape(result.value)) : result;
}

async function withMessage<T>(
  id: string,
  act: (message: MessageId) => Promise<Result<T, RpcError>>,
): Promise<Result<T, RpcError>> {
  const parsed = parseMessageId(id);
  return parsed ? act(parsed) : err({ code: 'INVALID_ARGUMENT', detail: { field: 'id' } });
}

/** A time whose form the schema has checked. */
function wallMs(iso: string | undefined): WallMs | undefined {
  return iso === undefined ? undefined : (Date.parse(iso) as WallMs);
}

function accountNumber(text: string | undefined): AccountNumber | undefined {
  return text === undefined ? undefined : parseAccountNumber(text);
}

function messageId(text: string | undefined): MessageId | undefined {
  return text === undefined ? undefined : parseMessageId(text);
}

/**
 * Oldest first, as the engine gives them. A page that is too large for one line loses messages at its far end: the
 * oldest when paging backwards, the newest when paging forwards.
 */
function messagePage<T extends { readonly id: string }>(
  all: readonly T[],
  limit: number,
  forwards: boolean,
): { items: T[]; next: string | null } {
  const items = forwards ? fitPage(all) : fitPage([...all].reverse()).reverse();
  const more = all.length === limit || items.length < all.length;
  const edge = forwards ? items.at(-1) : items[0];
  return { items, next: more && edge ? edge.id : null };
}

/** The asked one with its neighbours; where one line does not hold them all, those farthest from it are left out. */
function pageAround<T extends { readonly id: string }>(
  all: readonly T[],
  around: string,
): { items: T[]; next: string | null } {
  const id = parseMessageId(around);
  const middle = all.findIndex((each) => each.id === id);
  const distance = (index: number): number => Math.abs(index - middle);
  const byDistance = all.map((_, index) => index).sort((a, b) => distance(a) - distance(b));
  const kept = new Set(fitPage(byDistance.map((index) => all[index]!)));
  const items = all.filter((each) => kept.has(each));
  return { items, next: items[0]?.id ?? null };
}

/** A page in the order of the list; `next` is its last item. */
function firstOf<T extends { readonly id: string }>(
  all: readonly T[],
  limit: number,
): { items: T[]; next: string | null } {
  const items = fitPage(all);
  const more = all.length === limit || items.length < all.length;
  return { items, next: more ? (items.at(-1)?.id ?? null) : null };
}

/** The first items that fit into one page, at least one. */
function fitPage<T>(items: readonly T[]): T[] {
  let bytes = 0;
  const fitting: T[] = [];
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > PAGE_BYTES_MAX && fitting.length > 0) break;
    fitting.push(item);
  }
  return fitting;
}
