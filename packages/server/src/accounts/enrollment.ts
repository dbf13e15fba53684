import { equalBytes } from '@magpie/common/channel/keys.ts';
import { encodeFrame, type FrameOf } from '@magpie/common/frames/frame.ts';
import { APPROVED_SEED_BYTES } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import { type Account, NO_ACCOUNT_KEY, type Recovery, type Store } from '../store/store.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import type { Announcer } from './announcer.ts';
import type { Audit } from './audit.ts';
import { certifyEnrollment } from './certified-device.ts';
import type { LoginClient } from './credential-check.ts';
import { NO_RECOVERY, parseDeviceLabel, parseRecovery } from './credential-rules.ts';
import type { ProvedLogin, ProvedLogins, ProvedWire } from './proved-logins.ts';
import { type AcceptedLogin, claimSession } from './session-claim.ts';

const HOUR_SECONDS = 3_600;

type EnrollError = Extract<Awaited<ReturnType<Store['enroll']>>, { readonly ok: false }>['error'];

/** How a device that its account's list does not hold gets into it (R7): by the account key itself, or by a new one. */
export class Enrollment {
  readonly #ports: AccountsPorts;
  readonly #announcer: Announcer;
  readonly #audit: Audit;
  readonly #proved: ProvedLogins;
  readonly #lists: RateTable;
  readonly #asks: RateTable;

  /** @param lists how often the devices of an account may change, however they do */
  constructor(
    ports: AccountsPorts,
    proved: ProvedLogins,
    announcer: Announcer,
    audit: Audit,
    lists: RateTable,
    limits: ServerLimits,
  ) {
    this.#ports = ports;
    this.#proved = proved;
    this.#announcer = announcer;
    this.#audit = audit;
    this.#lists = lists;
    const perHour = limits.approvalAsksPerHour;
    this.#asks = new RateTable(perHour / HOUR_SECONDS, perHour, RATE_BUCKETS, ports.random);
  }

  /** Connections that may enroll. */
  get provedCount(): number {
    return this.#proved.count;
  }

  /** @param account as it was proved, with the hash of the password that holds */
  prove(account: Account, client: LoginClient, wire: ProvedWire): Result<ProvedLogin, Refusal> {
    const proved = this.#proved.enter(account, client, wire);
    return proved ? ok(proved) : err(refusal('busy', 'too many devices wait to be let in', 10_000));
  }

  async enroll(proved: ProvedLogin | undefined, request: FrameOf<'enroll'>): Promise<Result<AcceptedLogin, Refusal>> {
    if (!proved) return err(refusal('out-of-state', 'nothing is proved'));
    const account = await this.#accountOf(proved);
    if (!account.ok) return account;
    const before = account.value;
    const waitMs = this.#lists.take(before.account, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'device lists', waitMs));
    const device = certifyEnrollment({ ...request, exchangeKey: proved.exchangeKey }, before, request.replaceKey);
    if (!device.ok) return device;
    const recovery = recoveryOf(request, before);
    if (!recovery.ok) return recovery;
    const enrolled = await this.#ports.store.enroll(before.account, {
      ...device.value,
      expectedAccountKey: before.accountKey,
      expectedPasswordHash: proved.passwordHash,
      label: parseDeviceLabel(request.label),
      recovery: recovery.value,
    });
    if (!enrolled.ok) return err(enrollRefusalOf(enrolled.error));
    await this.#announcer.deviceList(before.account, enrolled.value);
    const newKey = equalBytes(device.value.accountKey, before.accountKey) ? '' : 'new account key';
    await this.#audit.note({
      ...{ actor: before.account, action: 'device-enrolled', subject: before.account },
      detail: newKey,
    });
    return claimSession(this.#ports, before.account, device.value.device);
  }

  /** Shows the account's devices that are here that another one asks to be let in. */
  async ask(proved: ProvedLogin | undefined, request: FrameOf<'approval-ask'>): Promise<Result<void, Refusal>> {
    if (!proved) return err(refusal('out-of-state', 'nothing is proved'));
    const account = await this.#accountOf(proved);
    if (!account.ok) return account;
    const { clock, directory } = this.#ports;
    const waitMs = this.#asks.take(proved.account, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'requests to be let in', waitMs));
    const sessions = [...(directory.account(proved.account)?.sessions.values() ?? [])];
    if (sessions.length === 0) return err(refusal('peer-gone', 'no device of the account is here'));
    const { signKey, proof } = request;
    const label = parseDeviceLabel(request.label);
    const { exchangeKey } = proved;
    proved.asking = true;
    for (const session of sessions) {
      session.wire.send(encodeFrame({ type: 'approval-asked', exchangeKey, signKey, label, proof }));
    }
    return ok(undefined);
  }

  /** Passes the seed on, which only the device that asked can open. */
  approve(by: LiveSession, exchangeKey: Uint8Array, sealedSeed: Uint8Array): Result<void, Refusal> {
    if (sealedSeed.length !== APPROVED_SEED_BYTES) return err(refusal('malformed', 'sealed seed'));
    const asking = this.#proved.asking(by.account.number, exchangeKey);
    if (asking.length === 0) return err(refusal('not-found', 'it does not wait any more'));
    for (const proved of asking) proved.wire.send(encodeFrame({ type: 'approved', sealedSeed }));
    return ok(undefined);
  }

  /** What was proved holds no longer once the password is another one. */
  async #accountOf(proved: ProvedLogin): Promise<Result<Account, Refusal>> {
    const account = await this.#ports.store.accountByNumber(proved.account);
    if (account?.state === 'locked') return err(refusal('account-locked'));
    const holds = proved.counts && account?.passwordHash === proved.passwordHash;
    return holds && account.state === 'active' ? ok(account) : err(PROOF_LOST);
  }
}

const PROOF_LOST = refusal('out-of-state', 'what was proved holds no longer');

function enrollRefusalOf(error: EnrollError): Refusal {
  switch (error) {
    case 'password-changed':
      return PROOF_LOST;
    case 'locked':
      return refusal('account-locked');
    case 'device-taken':
      return refusal('device-not-certified', 'this device belongs to another account');
    case 'key-changed':
    case 'older-list':
      return refusal('busy', 'another device came first', 1_000);
  }
}

/**
 * What is to be stored: nothing new for a device that joins, but under another key the old seal opens nothing any more.
 * An account without keys gets its recovery with the first one.
 */
function recoveryOf(request: Recovery & { readonly accountKey: Uint8Array }, account: Account) {
  const recovery = parseRecovery(request);
  if (!recovery) return err(refusal('malformed', 'recovery key without its seal'));
  if (recovery !== 'none') return ok(recovery);
  if (equalBytes(account.accountKey, NO_ACCOUNT_KEY)) return err(refusal('malformed', 'recovery is missing'));
  return ok(equalBytes(request.accountKey, account.accountKey) ? undefined : NO_RECOVERY);
}
