import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import { verifyRecovery } from '@magpie/common/channel/recovery-code.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { parseAccountName } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { LiveSession } from '../bus/directory.ts';
import type { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account } from '../store/store.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import type { Announcer } from './announcer.ts';
import type { Audit } from './audit.ts';
import { certifyDevice, type DeviceClaim } from './certified-device.ts';
import { type Claimant, type CredentialCheck, type LoginClient, urgencyOf } from './credential-check.ts';
import { parseDeviceLabel, passwordFault } from './credential-rules.ts';
import { type AcceptedLogin, claimSession, refusalOf } from './session-claim.ts';

/** The password is right, and the account's list does not hold the device (R7). */
export interface EnrollNeeded {
  readonly enrollNeeded: Account;
}

/** A device list that changed between so many reads and writes: the login is refused as busy. */
const DEVICE_LIST_READS_MAX = 4;

/** Login by password, by recovery code, by device key; logout. */
export class Logins {
  readonly #ports: AccountsPorts;
  readonly #credentials: CredentialCheck;
  readonly #announcer: Announcer;
  readonly #audit: Audit;
  readonly #lists: RateTable;
  /** What the code of an account without one is checked against: the same work, and nobody has its other half. */
  readonly #nobodysKey: Uint8Array;

  /** @param lists how often the devices of an account may change, however they do */
  constructor(
    ports: AccountsPorts,
    credentials: CredentialCheck,
    announcer: Announcer,
    audit: Audit,
    lists: RateTable,
  ) {
    this.#ports = ports;
    this.#lists = lists;
    this.#credentials = credentials;
    this.#announcer = announcer;
    this.#audit = audit;
    this.#nobodysKey = newSigningKeyPair(ports.random).publicKey;
  }

  async logIn(client: LoginClient, request: FrameOf<'login'>): Promise<Result<AcceptedLogin | EnrollNeeded, Refusal>> {
    const claimant = await this.#credentials.claimantOf(client, request.account);
    if (!claimant.ok) return claimant;
    const proved = await this.#credentials.checkPassword(claimant.value, request.password);
    if (!proved.ok) return proved;
    return this.#enter(proved.value, { ...request, exchangeKey: client.exchangeKey }, request.label);
  }

  /** As `logIn`, with a proof of the recovery code in place of the password, and maybe a new password. */
  async recover(
    client: LoginClient,
    request: FrameOf<'recover'>,
  ): Promise<Result<AcceptedLogin | EnrollNeeded, Refusal>> {
    const { serverKey, store } = this.#ports;
    const claimant = await this.#credentials.claimantOf(client, request.account);
    if (!claimant.ok) return claimant;
    const weak = newPasswordFault(request.newPassword, parseAccountName(request.account.trim()) ?? '');
    if (weak) return err(weak);
    const claim = { ...request, serverKey, exchangeKey: client.exchangeKey };
    const proved = await this.#credentials.checkProof(claimant.value, (account) => {
      const key = account?.recoveryKey.some((byte) => byte !== 0) ? account.recoveryKey : this.#nobodysKey;
      return verifyRecovery(key, claim, request.signature);
    });
    if (!proved.ok) return proved;
    const renewed = await this.#setNewPassword(proved.value, request.newPassword, claimant.value);
    if (!renewed.ok) return renewed;
    const account = renewed.value;
    await this.#audit.note({ actor: account.account, action: 'recovery-used', subject: account.account });
    const device = await store.deviceByExchangeKey(client.exchangeKey);
    if (device?.account !== account.account) return ok({ enrollNeeded: account });
    const { exchangeKey, signKey, label } = device;
    const { accountKey, deviceList } = account;
    return this.#enter(account, { exchangeKey, signKey, accountKey, deviceList }, label);
  }

  /** By the key alone (D3): the connection's first frame has proved it, since it came under the handshake's keys (R4). */
  async resume(client: LoginClient): Promise<Result<AcceptedLogin, Refusal>> {
    const { store, clock, directory } = this.#ports;
    const changesBefore = directory.friendshipChanges;
    const resumed = await store.resumeSession(client.exchangeKey, clock.wallNow());
    if (resumed === 'locked') return err(refusal('account-locked'));
    if (!resumed) return err(refusal('unknown-device'));
    const { account, device, friends } = resumed;
    return ok({ account, device, friends: { accounts: friends, changesBefore } });
  }

  /** The device key no longer logs in; the account and its other devices stay. */
  async logOut(session: LiveSession): Promise<Result<void, Refusal>> {
    const current = await this.#ports.store.deactivateDevice(session.device, session.epoch);
    return current ? ok(undefined) : err(refusal('stale-epoch'));
  }

  /** Every device must give the new password, this one included: it is let in by the code that it has just shown. */
  async #setNewPassword(account: Account, password: string, claimant: Claimant): Promise<Result<Account, Refusal>> {
    if (password === '') return ok(account);
    const weak = newPasswordFault(password, account.name);
    if (weak) return err(weak);
    const hashed = await this.#credentials.hash(password, urgencyOf(claimant));
    if (!hashed.ok) return hashed;
    const { passwordHash, recoveryKey } = account;
    const set = await this.#ports.store.setPassword(account.account, hashed.value, { passwordHash, recoveryKey });
    if (!set.ok) return err(set.error === 'stale-epoch' ? refusal(set.error) : refusalOf(set.error));
    await this.#announcer.revoked(account.account, set.value, 'password-changed');
    await this.#audit.note({ actor: account.account, action: 'password-change', subject: account.account });
    return ok({ ...account, passwordHash: hashed.value });
  }

  /** Judged by the list that is stored in the end: when another login has changed it meanwhile, it is read again. */
  async #enter(
    proved: Account,
    claim: DeviceClaim,
    label: string,
  ): Promise<Result<AcceptedLogin | EnrollNeeded, Refusal>> {
    const { store, clock } = this.#ports;
    let account: Account | undefined = proved;
    for (let attempt = 0; account && attempt < DEVICE_LIST_READS_MAX; attempt++) {
      const certified = certifyDevice(claim, account);
      if (!certified.ok) return certified;
      if (certified.value === 'not-listed') {
        return ok({ enrollNeeded: { ...account, passwordHash: proved.passwordHash } });
      }
      const { deviceList, deviceListVersion, listed, accountKey: _, ...keys } = certified.value;
      const isNewList = deviceListVersion > account.deviceListVersion;
      const waitMs = isNewList ? this.#lists.take(account.account, clock.now()) : 0;
      if (waitMs > 0) return err(refusal('rate-limited', 'device lists', waitMs));
      const activated = await store.activateDevice(
        ...([account.account, keys, deviceList, deviceListVersion, listed] as const),
        parseDeviceLabel(label),
        proved.passwordHash,
      );
      if (activated.ok) {
        if (isNewList) await this.#announcer.deviceList(account.account, activated.value);
        else await this.#announcer.revoked(account.account, activated.value, 'revoked');
        return claimSession(this.#ports, account.account, keys.device);
      }
      if (activated.error === 'device-taken') {
        return err(refusal('device-not-certified', 'this device belongs to another account'));
      }
      if (activated.error !== 'older-list') return err(refusalOf(activated.error));
      account = await store.accountByNumber(account.account);
    }
    return err(refusal('busy', 'device list is changing', 1_000));
  }
}

/** No new password is none that is weak. */
function newPasswordFault(password: string, accountName: string): Refusal | undefined {
  const fault = password === '' ? undefined : passwordFault(password, accountName);
  return fault === undefined ? undefined : refusal('weak-password', fault);
}
