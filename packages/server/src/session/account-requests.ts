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
        return done(await accounts.setDeviceList(session, request.deviceList));
      case 'device-chain-get':
        return accounts.sendDeviceChain(session, requestId, request.account, request.since);
      case 'devices-get': {
        connection.sendFrame({ type: 'devices', requestId, entries: await accounts.devices(session) });
        return undefined;
      }
      case 'approve':
        return done(await accounts.approve(session, request.exchangeKey, request.sealedSeed));
      case 'recovery-set':
        return done(await accounts.setRecovery(session, request));
      case 'password-change':
        return done(await accounts.changePassword(session, request.oldPassword, request.newPassword));
      case 'profile-set':
        return done(await accounts.setProfile(session, request));
      case 'policy-get': {
        connection.sendFrame({ type: 'policy', requestId, ...(await accounts.policy(session)) });
        return undefined;
      }
      case 'policy-set':
        return done(await accounts.setPolicy(session, request));
      case 'account-delete': {
        const refused = done(await accounts.deleteSelf(session, request.password));
        if (!refused) connection.goodbye();
        return refused;
      }
    }
  }
}
