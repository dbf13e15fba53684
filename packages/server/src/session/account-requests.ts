import type { Result } from '@magpie/common/result.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { LiveSession } from '../bus/directory.ts';
import type { Refusal } from '../refusal.ts';
import type { Connection } from './connection.ts';
import type { SessionRequest } from './requests.ts';

/** Requests about the account itself, its devices and its secrets. */
export type AccountRequest = Extract<
  SessionRequest,
  {
    readonly type:
      | 'device-list-set'
      | 'device-chain-get'
      | 'devices-get'
      | 'approve'
      | 'recovery-set'
      | 'password-change'
      | 'profile-set'
      | 'policy-get'
      | 'policy-set'
      | 'account-delete';
  }
>;

/** Takes them to the accounts service. */
export class AccountRequests {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async serve(connection: Connection, session: LiveSession, request: AccountRequest): Promise<Refusal | undefined> {
    const accounts = this.#accounts;
    const { requestId } = request;
    const done = (result: Result<void, Refusal>): Refusal | undefined => {
      if (!result.ok) return result.error;
      connection.sendFrame({ type: 'done', requestId });
      return undefined;
    };
    switch (request.type) {
      case 'device-list-set':
        return done(await accounts.devices.setList(session, request.deviceList));
      case 'device-chain-get':
        return accounts.devices.sendChain(session, requestId, request.account, request.since);
      case 'devices-get': {
        connection.sendFrame({ type: 'devices', requestId, entries: await accounts.devices.list(session) });
        return undefined;
      }
      case 'approve':
        return done(accounts.enrollment.approve(session, request.exchangeKey, request.sealedSeed));
      case 'recovery-set':
        return done(await accounts.own.setRecovery(session, request));
      case 'password-change':
        return done(await accounts.own.changePassword(session, request.oldPassword, request.newPassword));
      case 'profile-set':
        return done(await accounts.own.setProfile(session, request));
      case 'policy-get': {
        connection.sendFrame({ type: 'policy', requestId, ...(await accounts.own.policy(session)) });
        return undefined;
      }
      case 'policy-set':
        return done(await accounts.own.setPolicy(session, request));
      case 'account-delete': {
        const answer = () => connection.sendFrame({ type: 'done', requestId });
        return accounts.own.delete(session, request.password, answer);
      }
    }
  }
}
