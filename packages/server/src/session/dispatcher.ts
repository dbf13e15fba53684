import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { Log } from '@magpie/common/log.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { EnrollNeeded } from '../accounts/logins.ts';
import type { AcceptedLogin } from '../accounts/session-claim.ts';
import type { Directory, LiveSession } from '../bus/directory.ts';
import type { Friends } from '../friends/friends.ts';
import type { LastSeen } from '../last-seen/last-seen.ts';
import { SHUTDOWN_RETRY_AFTER_MS } from '../limits.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import type { Notices } from '../notices/notices.ts';
import type { Presence } from '../presence/presence.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { ReflectTokens } from '../rendezvous/reflect-tokens.ts';
import type { Rendezvous } from '../rendezvous/rendezvous.ts';
import { AccountRequests } from './account-requests.ts';
import type { Connection } from './connection.ts';
import type { Anonymous, RequestDispatcher } from './connection-context.ts';
import { isMailRequest, MailRequests } from './mail-requests.ts';
import type { LoginRequest, SessionRequest } from './requests.ts';

export interface DispatcherServices {
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly accounts: Accounts;
  readonly friends: Friends;
  readonly lastSeen: LastSeen;
  readonly presence: Presence;
  readonly notices: Notices;
  readonly mailbox: Mailbox;
  readonly rendezvous: Rendezvous;
  readonly reflectTokens: ReflectTokens;
  /** Known once the sockets are bound. */
  readonly udpPorts: () => readonly number[];
  /** Presence may have a new deadline. */
  readonly afterRequest: () => void;
  /** Nobody logs in any more. */
  readonly stopping: () => boolean;
}

/** By the request, since the start. */
export type LoginCounts = Readonly<
  Record<LoginRequest['type'], { readonly accepted: number; readonly refused: number }>
>;

/** Takes each request to the service that does it, and sends what comes of it. */
export class Dispatcher implements RequestDispatcher {
  readonly #services: DispatcherServices;
  readonly #accountRequests: AccountRequests;
  readonly #mailRequests: MailRequests;
  readonly #loginCounts: Record<LoginRequest['type'], { accepted: number; refused: number }> = {
    register: { accepted: 0, refused: 0 },
    login: { accepted: 0, refused: 0 },
    resume: { accepted: 0, refused: 0 },
    recover: { accepted: 0, refused: 0 },
    enroll: { accepted: 0, refused: 0 },
    'approval-ask': { accepted: 0, refused: 0 },
  };

  constructor(services: DispatcherServices) {
    this.#services = services;
    this.#accountRequests = new AccountRequests(services.accounts);
    this.#mailRequests = new MailRequests(services.mailbox, (request, error) => this.#failed(request, error));
  }

  async logIn(connection: Connection, client: Anonymous, request: LoginRequest): Promise<Refusal | undefined> {
    let refused: Refusal | undefined;
    try {
      refused = this.#services.stopping()
        ? refusal('shutting-down', 'the server is stopping', SHUTDOWN_RETRY_AFTER_MS)
        : await this.#logIn(connection, client, request);
    } catch (error) {
      refused = this.#failed(request.type, error);
    } finally {
      this.#services.afterRequest();
    }
    this.#loginCounts[request.type][refused ? 'refused' : 'accepted'] += 1;
    return refused;
  }

  /** How many requests before the welcome there were, and how they were answered. */
  get loginCounts(): LoginCounts {
    return this.#loginCounts;
  }

  async serve(connection: Connection, session: LiveSession, request: SessionRequest): Promise<Refusal | undefined> {
    try {
      return await this.#serve(connection, session, request);
    } catch (error) {
      return this.#failed(request.type, error);
    } finally {
      this.#services.afterRequest();
    }
  }

  async #logIn(connection: Connection, client: Anonymous, request: LoginRequest): Promise<Refusal | undefined> {
    const { registration, logins, enrollment } = this.#services.accounts;
    const from = { exchangeKey: client.exchangeKey, source: connection.source };
    switch (request.type) {
      case 'approval-ask': {
        const asked = await enrollment.ask(client.proved, request);
        if (!asked.ok) return asked.error;
        connection.waitForApproval();
        connection.sendFrame({ type: 'done', requestId: request.requestId });
        return undefined;
      }
      case 'register':
        return this.#finish(connection, client, request, await registration.register(from, request));
      case 'login':
        return this.#finish(connection, client, request, await logins.logIn(from, request));
      case 'resume':
        return this.#finish(connection, client, request, await logins.resume(from));
      case 'recover':
        return this.#finish(connection, client, request, await logins.recover(from, request));
      case 'enroll':
        return this.#finish(connection, client, request, await enrollment.enroll(client.proved, request));
    }
  }

  async #finish(
    connection: Connection,
    client: Anonymous,
    request: LoginRequest,
    result: Result<AcceptedLogin | EnrollNeeded, Refusal>,
  ): Promise<Refusal | undefined> {
    if (!result.ok) return result.error;
    if (!('enrollNeeded' in result.value)) return this.#enter(connection, client, request, result.value);
    const account = result.value.enrollNeeded;
    const from = { exchangeKey: client.exchangeKey, source: connection.source };
    const proved = this.#services.accounts.enrollment.prove(account, from, connection);
    if (!proved.ok) return proved.error;
    connection.prove(proved.value);
    const { account: number, name, accountKey, deviceList, deviceListVersion, sealedSeed } = account;
    const { requestId } = request;
    connection.sendFrame({
      ...{ type: 'enroll-needed', requestId, account: number, name },
      ...{ accountKey, deviceList, deviceListVersion, sealedSeed },
    });
    return undefined;
  }

  /** From the welcome on the session is live: what friends do in the same turn already reaches it, behind the welcome. */
  async #enter(
    connection: Connection,
    client: Anonymous,
    request: LoginRequest,
    login: AcceptedLogin,
  ): Promise<Refusal | undefined> {
    const { directory, accounts, presence, notices, mailbox, clock } = this.#services;
    const { account, device } = login;
    const mailboxId = await mailbox.id();
    const entry = {
      account: account.account,
      device: device.device,
      epoch: device.epoch,
      rosterVersion: account.rosterVersion,
      showLastSeen: account.showLastSeen,
      friends: login.friends,
    };
    const readFriends = () => accounts.friendsOf(account.account);
    const entered = await directory.enter(entry, connection, readFriends, (session, replaced) => {
      connection.authenticated(session);
      this.#welcome(connection, request, login, session, mailboxId);
      replaced?.wire.close('replaced', 'this device logged in again');
      presence.sessionOpened(session, replaced, client.unseen, clock.now());
      notices.sessionOpened(session, account.noticeAckedId);
    });
    switch (entered) {
      case 'entered':
      case 'closed':
        return undefined;
      case 'superseded':
        connection.close('replaced', 'this device logged in again');
        return undefined;
      case 'unsettled':
        return refusal('busy', 'friend list is changing', 1_000);
    }
  }

  #welcome(
    connection: Connection,
    request: LoginRequest,
    login: AcceptedLogin,
    session: LiveSession,
    mailboxId: Uint8Array,
  ): void {
    const { clock, reflectTokens, udpPorts } = this.#services;
    const { account, device } = login;
    const { token, tokenMs } = reflectTokens.issue(session.deviceBytes, clock.now());
    connection.sendFrame({
      type: 'welcome',
      requestId: request.requestId,
      account: account.account,
      name: account.name,
      displayName: account.displayName,
      signatureLine: account.signatureLine,
      epoch: device.epoch,
      loginCount: device.loginCount,
      serverWallMs: clock.wallNow(),
      rosterVersion: account.rosterVersion,
      deviceListVersion: account.deviceListVersion,
      observed: connection.remote,
      udpPorts: udpPorts(),
      reflectToken: token,
      reflectTokenMs: tokenMs,
      mailboxId,
    });
  }

  async #serve(connection: Connection, session: LiveSession, request: SessionRequest): Promise<Refusal | undefined> {
    const { accounts, friends, lastSeen, presence, notices, rendezvous, reflectTokens, clock } = this.#services;
    const { requestId } = request;
    const done = (result: { ok: true } | { ok: false; error: Refusal }): Refusal | undefined => {
      if (!result.ok) return result.error;
      connection.sendFrame({ type: 'done', requestId });
      return undefined;
    };
    switch (request.type) {
      case 'logout': {
        const refused = done(await accounts.logins.logOut(session));
        if (!refused) connection.goodbye();
        return refused;
      }
      case 'lookup': {
        const found = await friends.lookup(session, request.account);
        if (!found.ok) return found.error;
        const { account, name, displayName, accountKey, ask, question } = found.value;
        connection.sendFrame({ type: 'account', requestId, account, name, displayName, accountKey, ask, question });
        return undefined;
      }
      case 'friend-add':
        return done(await friends.add(session, request.account, request.text));
      case 'friend-answer':
        return done(await friends.answer(session, request.account, request.accept));
      case 'friend-remove':
        return done(await friends.remove(session, request.account));
      case 'block':
        return done(await friends.block(session, request.account));
      case 'unblock':
        return done(await friends.unblock(session, request.account));
      case 'last-seen-get': {
        const seen = await lastSeen.ask(session, request.accounts, (account) => presence.isShown(account));
        if (!seen.ok) return seen.error;
        connection.sendFrame({ type: 'last-seen', requestId, entries: seen.value });
        return undefined;
      }
      case 'notice-ack':
        return done(await notices.ack(session, request.upTo));
      case 'roster-get':
        return friends.sendRoster(session, requestId, request.since);
      case 'presence-set':
        return done(presence.setStatus(session, request.status, request.text, clock.now()));
      case 'introduce': {
        const introduced = rendezvous.introduce(session, request, clock.now());
        if (!introduced.ok) return introduced.error;
        connection.send(encodeFrame({ type: 'introduced', requestId, to: request.to, ...introduced.value }));
        return undefined;
      }
      case 'device-list-get': {
        const found = await friends.deviceList(session, request.account);
        if (!found.ok) return found.error;
        const { accountKey, deviceList } = found.value;
        connection.sendFrame({ type: 'device-list', requestId, account: request.account, accountKey, deviceList });
        return undefined;
      }
      case 'reflect-token-get': {
        const { token, tokenMs } = reflectTokens.issue(session.deviceBytes, clock.now());
        connection.sendFrame({ type: 'reflect-token', requestId, token, tokenMs });
        return undefined;
      }
      default:
        return isMailRequest(request)
          ? this.#mailRequests.serve(connection, session, request)
          : this.#accountRequests.serve(connection, session, request);
    }
  }

  /** A store that fails refuses this request; the connection and everybody else go on. */
  #failed(request: string, error: unknown): Refusal {
    this.#services.log.error({ request, error: String(error) }, 'request failed');
    return refusal('internal', 'the server could not do this now', 1_000);
  }
}
