import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { type AccountNumber, type DeviceId, parseAccountName, parseAccountNumber } from '@magpie/common/ids.ts';
import { PASSWORD_CODE_POINTS_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Bus } from '../bus/bus.ts';
import type { LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Account, Device, DeviceListChange, RosterChange, Store } from '../store/store.ts';
import { AdmissionQueue } from './admission-queue.ts';
import { certifyDevice, certifyFirstDevice, type DeviceClaim } from './certified-device.ts';
import { parseDisplayName, passwordFault } from './credential-rules.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** `invite` has no codes yet, so it refuses like `closed`. */
export type RegistrationMode = 'open' | 'invite' | 'closed';

export interface AccountsPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Who asks: the key that the handshake proved, and the source that budgets count by. */
export interface LoginClient {
  readonly exchangeKey: Uint8Array;
  readonly source: string;
}

export interface AcceptedLogin {
  readonly account: Account;
  readonly device: Device;
  /** A new device list that friends are to hear of. */
  readonly change?: RosterChange;
}

const HOUR_SECONDS = 3_600;
const MINUTE_SECONDS = 60;
/** A device list that changed between so many reads and writes: the login is refused as busy. */
const DEVICE_LIST_READS_MAX = 4;

/** Registration, login by password, login by device key, logout. */
export class Accounts {
  readonly #ports: AccountsPorts;
  readonly #registration: RegistrationMode;
  readonly #hashing: AdmissionQueue;
  readonly #logins: RateTable;
  readonly #registrations: RateTable;
  readonly #failures: RateTable;

  constructor(ports: AccountsPorts, registration: RegistrationMode, limits: ServerLimits) {
    this.#ports = ports;
    this.#registration = registration;
    this.#hashing = new AdmissionQueue(ports.clock);
    const table = (perSecond: number, burst: number) => new RateTable(perSecond, burst, RATE_BUCKETS, ports.random);
    const { passwordLoginsPerSourcePerMinute, registrationsPerSourcePerHour } = limits;
    this.#logins = table(passwordLoginsPerSourcePerMinute / MINUTE_SECONDS, passwordLoginsPerSourcePerMinute);
    this.#registrations = table(registrationsPerSourcePerHour / HOUR_SECONDS, registrationsPerSourcePerHour);
    this.#failures = table(limits.passwordFailuresPerNamePerHour / HOUR_SECONDS, limits.passwordFailuresPerNameBurst);
  }

  /** Rules first, then the budget, then the signature, then the name, and only then a hash. */
  async register(client: LoginClient, request: FrameOf<'register'>): Promise<Result<AcceptedLogin, Refusal>> {
    const { store, hasher, clock } = this.#ports;
    if (this.#registration !== 'open') return err(refusal('registration-closed'));
    const name = parseAccountName(request.name);
    if (name === undefined) return err(refusal('bad-name', 'a-z, then a-z 0-9 _, 3 to 32 characters'));
    const displayName = parseDisplayName(request.displayName);
    if (displayName === undefined) return err(refusal('bad-display-name', '1 to 64 characters that can be seen'));
    const fault = passwordFault(request.password, name);
    if (fault !== undefined) return err(refusal('weak-password', fault));
    const waitMs = this.#registrations.take(client.source, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'registrations', waitMs));
    const device = certifyFirstDevice({ ...request, exchangeKey: client.exchangeKey });
    if (!device.ok) return device;
    if (await store.accountByName(name)) return err(refusal('name-taken'));
    const hashed = await this.#hashing.run(() => hasher.hash(request.password));
    if (!hashed.ok) return err(refusal('busy', 'password queue', hashed.error.retryAfterMs));
    const registered = await store.register({
      name,
      displayName,
      passwordHash: hashed.value,
      createdAt: clock.wallNow(),
      ...device.value,
    });
    if (registered.ok) return this.#claim(registered.value.account, device.value.device);
    if (registered.error === 'name-taken') return err(refusal('name-taken'));
    return err(refusal('bad-device-list', 'this device belongs to another account'));
  }

  /** The same answer, size and cost for an unknown name as for a wrong password. */
  async logIn(client: LoginClient, request: FrameOf<'login'>): Promise<Result<AcceptedLogin, Refusal>> {
    const { store, clock, bus } = this.#ports;
    const waitMs = this.#logins.take(client.source, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'password logins', waitMs));
    const typed = request.account.trim().toLowerCase();
    const found = await this.#accountByText(typed);
    const knownDevice = await store.deviceByExchangeKey(client.exchangeKey);
    const proved = await this.#checkPassword(guesserOf(typed, found, knownDevice), found, request.password);
    if (!proved.ok) return proved;
    const account = proved.value;
    const activated = await this.#activate(account, { ...request, exchangeKey: client.exchangeKey });
    if (!activated.ok) return activated;
    const { device, change } = activated.value;
    for (const revoked of change.revoked) {
      await bus.publish({ type: 'device-revoked', account: account.account, ...revoked });
    }
    const claimed = await this.#claim(account.account, device);
    return claimed.ok ? ok({ ...claimed.value, change }) : claimed;
  }

  /** By the key alone (D3): the connection's first frame has proved it, since it came under the handshake's keys (R4). */
  async resume(client: LoginClient): Promise<Result<AcceptedLogin, Refusal>> {
    const device = await this.#ports.store.deviceByExchangeKey(client.exchangeKey);
    if (!device?.active) return err(refusal('unknown-device'));
    return this.#claim(device.account, device.device);
  }

  /** The device key no longer logs in; the account and its other devices stay. */
  async logOut(session: LiveSession): Promise<Result<void, Refusal>> {
    const current = await this.#ports.store.deactivateDevice(session.device, session.epoch);
    return current ? ok(undefined) : err(refusal('stale-epoch'));
  }

  friendsOf(account: AccountNumber): Promise<readonly AccountNumber[]> {
    return this.#ports.store.friendsOf(account);
  }

  /** A try counts before its hash, so that tries at the same time count too; only a wrong password stays counted. */
  async #checkPassword(
    guesser: string,
    account: Account | undefined,
    password: string,
  ): Promise<Result<Account, Refusal>> {
    const { hasher, clock } = this.#ports;
    const waitMs = this.#failures.take(guesser, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'wrong passwords', waitMs));
    let wrong = false;
    try {
      const verified = await this.#hashing.run(() => verify(hasher, account, password));
      if (!verified.ok) return err(refusal('busy', 'password queue', verified.error.retryAfterMs));
      wrong = !verified.value;
      return account && !wrong ? ok(account) : err(refusal('wrong-credentials'));
    } finally {
      if (!wrong) this.#failures.giveBack(guesser);
    }
  }

  /** Judged by the list that is stored in the end: when another login has changed it meanwhile, it is read again. */
  async #activate(
    found: Account,
    claim: DeviceClaim,
  ): Promise<Result<{ readonly device: DeviceId; readonly change: DeviceListChange }, Refusal>> {
    const { store } = this.#ports;
    let account: Account | undefined = found;
    for (let attempt = 0; account && attempt < DEVICE_LIST_READS_MAX; attempt++) {
      const certified = certifyDevice(claim, account);
      if (!certified.ok) return certified;
      const { deviceList, deviceListVersion, listed, ...keys } = certified.value;
      const activated = await store.activateDevice(account.account, keys, deviceList, deviceListVersion, listed);
      if (activated.ok) return ok({ device: keys.device, change: activated.value });
      if (activated.error === 'device-taken') {
        return err(refusal('device-not-certified', 'this device belongs to another account'));
      }
      account = await store.accountByNumber(account.account);
    }
    return err(refusal('busy', 'device list is changing', 1_000));
  }

  async #claim(account: AccountNumber, device: Device['device']): Promise<Result<AcceptedLogin, Refusal>> {
    const claimed = await this.#ports.store.claimSession(device, this.#ports.clock.wallNow());
    if (!claimed || claimed.account.account !== account) return err(refusal('unknown-device'));
    return ok(claimed);
  }

  /** One look-up whatever was typed, so that a malformed name costs what an unknown one costs. */
  async #accountByText(typed: string): Promise<Account | undefined> {
    const number = parseAccountNumber(typed);
    const name = parseAccountName(typed);
    if (number !== undefined) return this.#ports.store.accountByNumber(number);
    const found = await this.#ports.store.accountByName(name ?? NAME_OF_NOBODY);
    return name === undefined ? undefined : found;
  }
}

/** A well-formed name, asked for in place of what is none. */
const NAME_OF_NOBODY = parseAccountName('nobody')!;

/**
 * Whose budget of wrong passwords a try counts against. A device that once logged in to the account has its own, so
 * that nobody who guesses from elsewhere can keep its owner out.
 */
function guesserOf(typed: string, account: Account | undefined, known: Device | undefined): string {
  if (!account) return `name ${typed}`;
  return known?.account === account.account ? `device ${known.device}` : `account ${account.account}`;
}

async function verify(hasher: PasswordHasher, account: Account | undefined, password: string): Promise<boolean> {
  const tooLong = [...password].length > PASSWORD_CODE_POINTS_MAX;
  const right = await hasher.verify(account?.passwordHash ?? hasher.decoyHash, password);
  return right && account !== undefined && !tooLong;
}
