import { type InvitingServer, invitationText } from '@magpie/common/invitation.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { RegistrationMode } from '../accounts/registration.ts';
import { limitKeyOf } from '../config-settings.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import type { Server } from '../server.ts';
import type { AccountSummary, StoredAuditEntry } from '../store/store.ts';
import type {
  AccountJson,
  AdminCommand,
  AdminError,
  AdminRequest,
  AdminResult,
  AuditJson,
  LimitJson,
} from './admin-protocol.ts';

/** The program around a server, as far as operators command it. */
export interface AdminHost {
  readonly server: Server;
  /** What the server handed out at its start. */
  readonly address: InvitingServer;
  /** Who may register: without an invitation, with one, nobody. */
  readonly registration: RegistrationMode;
  /** Writes a copy of the database into the data folder. @returns the file's name there; `busy` while another is made */
  snapshot(): Promise<Result<string, 'busy'>>;
  isStopping(): boolean;
  /** Begins the orderly stop. @returns seconds after which the process is gone at the latest */
  requestStop(drainPerSecond: number | undefined): number;
}

type Performed = Result<object, AdminError>;
type Outcome<C extends AdminCommand> = Promise<Result<AdminResult<C>, AdminError>>;

/** Does what an operator asks. Rejects when the store fails. */
export function performAdmin(request: AdminRequest, host: AdminHost): Promise<Performed> {
  const { users } = host.server;
  switch (request.command) {
    case 'user-list':
      return listUsers(request, host);
    case 'user-show':
      return withAccount(users.show(request.who));
    case 'user-add':
      return withAccount(users.add(request));
    case 'user-invite':
      return invite(request, host);
    case 'user-invites':
      return invites(host);
    case 'user-lock':
      return withAccount(users.lock(request.who));
    case 'user-unlock':
      return withAccount(users.unlock(request.who));
    case 'user-passwd':
      return withAccount(users.setPassword(request.who, request.password));
    case 'user-delete':
      return deleteUser(request.who, host);
    case 'notice-send':
      return sendNotice(request.text, host);
    case 'stats':
      return stats(host);
    case 'limits':
      return limits(host);
    case 'audit':
      return audit(request, host);
    case 'snapshot':
      return snapshot(host);
    case 'stop':
      return stop(request.drainPerSecond, host);
  }
}

async function listUsers(
  query: { readonly after: number; readonly limit: number; readonly text: string },
  { server }: AdminHost,
): Outcome<'user-list'> {
  return ok({ accounts: (await server.users.list(query)).map(accountJson) });
}

async function withAccount(done: Promise<Result<AccountSummary, Refusal>>): Outcome<'user-show'> {
  const result = await done;
  return result.ok ? ok({ account: accountJson(result.value) }) : err(errorOf(result.error));
}

async function invite(
  { uses, validMs }: { readonly uses: number; readonly validMs: number },
  { server, address, registration }: AdminHost,
): Outcome<'user-invite'> {
  const made = await server.users.invite({ uses, validMs });
  if (!made.ok) return err(errorOf(made.error));
  const { code, expiresAt } = made.value;
  const link = invitationText({ kind: 'join', server: address, invite: code });
  return ok({ code, link, uses, expiresAt: isoTime(expiresAt), registration });
}

async function invites({ server }: AdminHost): Outcome<'user-invites'> {
  const found = await server.users.invites();
  return ok({
    invites: found.map(({ usesLeft, createdAt, expiresAt }) => {
      return { usesLeft, createdAt: isoTime(createdAt), expiresAt: isoTime(expiresAt) };
    }),
  });
}

async function deleteUser(who: string, { server }: AdminHost): Outcome<'user-delete'> {
  const deleted = await server.users.delete(who);
  return deleted.ok ? ok({ number: deleted.value.account, name: deleted.value.name }) : err(errorOf(deleted.error));
}

async function sendNotice(text: string, { server }: AdminHost): Outcome<'notice-send'> {
  const { id, reached } = await server.sendNotice(text);
  return ok({ id, reached });
}

async function stats({ server, isStopping }: AdminHost): Outcome<'stats'> {
  const { logins, ...now } = server.stats();
  return ok({
    version: packageJson.version,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    residentBytes: process.memoryUsage.rss(),
    stopping: isStopping(),
    now,
    logins,
    stored: { ...(await server.counts()) },
  });
}

async function limits({ server }: AdminHost): Outcome<'limits'> {
  const defaults = Object.entries(DEFAULT_LIMITS) as [keyof typeof DEFAULT_LIMITS, number][];
  const found = defaults.map(([name, byDefault]): LimitJson => {
    const value = server.limits[name];
    return { key: limitKeyOf(name), value, default: byDefault, changed: value !== byDefault };
  });
  return ok({ limits: found });
}

async function audit(
  query: { readonly before: number; readonly limit: number },
  { server }: AdminHost,
): Outcome<'audit'> {
  return ok({ entries: (await server.users.audit(query)).map(auditJson) });
}

async function snapshot(host: AdminHost): Outcome<'snapshot'> {
  const made = await host.snapshot();
  if (made.ok) await host.server.users.note('backup');
  return made.ok ? ok({ file: made.value }) : err({ code: 'busy', message: 'another backup is being made' });
}

async function stop(drainPerSecond: number | undefined, host: AdminHost): Outcome<'stop'> {
  await host.server.users.note('server-stop');
  return ok({ pid: process.pid, withinSeconds: host.requestStop(drainPerSecond) });
}

function accountJson({
  account,
  name,
  displayName,
  state,
  createdAt,
  lastLoginAt,
  devices,
}: AccountSummary): AccountJson {
  return {
    ...{ number: account, name, displayName, state, createdAt: isoTime(createdAt) },
    ...{ lastLoginAt: lastLoginAt === 0 ? null : isoTime(lastLoginAt), devices },
  };
}

function auditJson({ id, at, actor, action, subject, detail }: StoredAuditEntry): AuditJson {
  return { id, at: isoTime(at), actor, action, subject: subject ?? null, detail };
}

function errorOf({ code, detail, retryAfterMs }: Refusal): AdminError {
  return { code, message: detail || code, ...(retryAfterMs > 0 && { retryAfterMs }) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
