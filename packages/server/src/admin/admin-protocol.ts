import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { z } from 'zod';

/** One JSON object per line; a notice in \uXXXX escapes is the longest one. */
export const ADMIN_LINE_BYTES_MAX = 64 * 1024;
/** A page of accounts with the longest display names, twice over. */
export const ADMIN_REPLY_BYTES_MAX = 1024 * 1024;
/** Operators, not clients: a handful of commands at a time. */
export const ADMIN_CONNECTIONS_MAX = 8;
/** A connection that says nothing for this long, and waits for nothing, is closed. */
export const ADMIN_IDLE_MS_MAX = 30_000;
/** Rows of one page; the command line asks for as many pages as there are. */
export const ADMIN_PAGE_MAX = 500;
/** A class, a company: more people than one invitation should let in. */
export const INVITE_USES_MAX = 10_000;
export const INVITE_MS_MIN = 60_000;
export const INVITE_MS_MAX = 90 * 86_400_000;
/** Faster than any machine closes connections. */
export const DRAIN_PER_SECOND_MAX = 1_000_000;

/** A name or a number as typed. */
const who = z.string().min(1).max(64);
/** Far above what a password or a name may have: the rules of accounts/ say what is wrong with it. */
const credential = z.string().max(1_024);
const page = z.int().min(1).max(ADMIN_PAGE_MAX);
const after = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const adminRequest = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('user-list'), after, limit: page, text: z.string().max(256) }),
  z.strictObject({ command: z.literal('user-show'), who }),
  z.strictObject({
    command: z.literal('user-add'),
    name: credential,
    displayName: credential,
    password: credential,
  }),
  z.strictObject({
    command: z.literal('user-invite'),
    uses: z.int().min(1).max(INVITE_USES_MAX),
    validMs: z.int().min(INVITE_MS_MIN).max(INVITE_MS_MAX),
  }),
  z.strictObject({ command: z.literal('user-invites') }),
  z.strictObject({ command: z.literal('user-lock'), who }),
  z.strictObject({ command: z.literal('user-unlock'), who }),
  z.strictObject({ command: z.literal('user-passwd'), who, password: credential }),
  z.strictObject({ command: z.literal('user-delete'), who }),
  z.strictObject({ command: z.literal('notice-send'), text: z.string().min(1).refine(fitsNotice) }),
  z.strictObject({ command: z.literal('stats') }),
  z.strictObject({ command: z.literal('limits') }),
  z.strictObject({ command: z.literal('audit'), before: after, limit: page }),
  z.strictObject({ command: z.literal('snapshot') }),
  z.strictObject({
    command: z.literal('stop'),
    drainPerSecond: z.int().min(1).max(DRAIN_PER_SECOND_MAX).optional(),
  }),
]);
export type AdminRequest = z.infer<typeof adminRequest>;
export type AdminCommand = AdminRequest['command'];

const count = z.number();
/** ISO 8601 in UTC. */
const time = z.string();

const account = z.object({
  number: count,
  name: z.string(),
  displayName: z.string(),
  state: z.enum(['active', 'locked', 'deleted']),
  createdAt: time,
  /** Null: never. */
  lastLoginAt: time.nullable(),
  devices: count,
});
export type AccountJson = z.infer<typeof account>;
const oneAccount = z.object({ account });

const auditEntry = z.object({
  id: count,
  at: time,
  actor: z.union([z.literal('operator'), count]),
  action: z.string(),
  subject: count.nullable(),
  detail: z.string(),
});
export type AuditJson = z.infer<typeof auditEntry>;

const limit = z.object({ key: z.string(), value: count, default: count, changed: z.boolean() });
export type LimitJson = z.infer<typeof limit>;

/** What each command answers; the command line shows the same objects with `--json`. */
export const ADMIN_RESULTS = {
  'user-list': z.object({ accounts: z.array(account) }),
  'user-show': oneAccount,
  'user-add': oneAccount,
  'user-invite': z.object({
    code: z.string(),
    link: z.string(),
    uses: count,
    expiresAt: time,
    registration: z.enum(['open', 'invite', 'closed']),
  }),
  'user-invites': z.object({
    invites: z.array(z.object({ usesLeft: count, createdAt: time, expiresAt: time })),
  }),
  'user-lock': oneAccount,
  'user-unlock': oneAccount,
  'user-passwd': oneAccount,
  'user-delete': z.object({ number: count, name: z.string() }),
  'notice-send': z.object({ id: count, reached: count }),
  stats: z.object({
    version: z.string(),
    pid: count,
    uptimeSeconds: count,
    residentBytes: count,
    stopping: z.boolean(),
    now: z.record(z.string(), count),
    /** Since the start, by request. */
    logins: z.record(z.string(), z.object({ accepted: count, refused: count })),
    stored: z.record(z.string(), count),
  }),
  limits: z.object({ limits: z.array(limit) }),
  audit: z.object({ entries: z.array(auditEntry) }),
  /** The name of a file in the data folder: a copy of the database, to be taken away. */
  snapshot: z.object({ file: z.string() }),
  /** `withinSeconds`: the process is gone by then. */
  stop: z.object({ pid: count, withinSeconds: count }),
} as const satisfies Record<AdminCommand, z.ZodType>;
export type AdminResult<C extends AdminCommand> = z.infer<(typeof ADMIN_RESULTS)[C]>;

const adminError = z.object({ code: z.string(), message: z.string(), retryAfterMs: z.number().optional() });
/** `code`: one of common/src/refusal.ts, or `bad-request`, `too-large`, `failed`. */
export type AdminError = z.infer<typeof adminError>;

export const adminReply = z.union([
  z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
  z.object({ ok: z.literal(false), error: adminError }),
]);
export type AdminReply = z.infer<typeof adminReply>;

export function fitsNotice(text: string): boolean {
  return Buffer.byteLength(text) <= NOTICE_TEXT_BYTES_MAX && text.isWellFormed();
}
