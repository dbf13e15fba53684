import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { parseAccountName } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import { certifyFirstDevice } from './certified-device.ts';
import type { CredentialCheck, LoginClient } from './credential-check.ts';
import { NO_RECOVERY, parseDeviceLabel, parseDisplayName, parseRecovery, passwordFault } from './credential-rules.ts';
import { inviteHashOf } from './invite-code.ts';
import { type AcceptedLogin, claimSession } from './session-claim.ts';

/** `invite` wants a code that the operator made. */
export type RegistrationMode = 'open' | 'invite' | 'closed';

const HOUR_SECONDS = 3_600;
/** Names and passwords that one source has judged, for each account that it may make: people miss the rules a few times. */
const TRIES_PER_REGISTRATION = 10;

/** New accounts. */
export class Registration {
  readonly #ports: AccountsPorts;
  readonly #credentials: CredentialCheck;
  readonly #mode: RegistrationMode;
  readonly #perSource: RateTable;
  readonly #triesPerSource: RateTable;

  constructor(ports: AccountsPorts, credentials: CredentialCheck, mode: RegistrationMode, limits: ServerLimits) {
    this.#ports = ports;
    this.#credentials = credentials;
    this.#mode = mode;
    const table = (perHour: number) => new RateTable(perHour / HOUR_SECONDS, perHour, RATE_BUCKETS, ports.random);
    this.#perSource = table(limits.registrationsPerSourcePerHour);
    this.#triesPerSource = table(TRIES_PER_REGISTRATION * limits.registrationsPerSourcePerHour);
  }

  /**
   * Rules first, as often as a source may try; then its registrations, then signature and invitation, then the name, and
   * only then a hash.
   */
  async register(client: LoginClient, request: FrameOf<'register'>): Promise<Result<AcceptedLogin, Refusal>> {
    const { store, clock } = this.#ports;
    if (this.#mode === 'closed') return err(refusal('registration-closed'));
    const tryWaitMs = this.#triesPerSource.take(client.source, clock.now());
    if (tryWaitMs > 0) return err(refusal('rate-limited', 'registrations', tryWaitMs));
    const credentials = checkNewAccount(request);
    if (!credentials.ok) return credentials;
    const recovery = parseRecovery(request);
    if (!recovery) return err(refusal('malformed', 'recovery key without its seal'));
    const waitMs = this.#perSource.take(client.source, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'registrations', waitMs));
    const device = certifyFirstDevice({ ...request, exchangeKey: client.exchangeKey });
    if (!device.ok) return device;
    const inviteHash = this.#mode === 'invite' ? inviteHashOf(request.invite) : undefined;
    if (this.#mode === 'invite' && !(inviteHash && (await store.inviteIsGood(inviteHash, clock.wallNow())))) {
      return err(refusal('bad-invite'));
    }
    const { name, displayName } = credentials.value;
    if (await store.accountByName(name)) return err(refusal('name-taken'));
    const hashed = await this.#credentials.hash(request.password, 'stranger');
    if (!hashed.ok) return hashed;
    const { listed: _, ...keys } = device.value;
    const registered = await store.register({
      ...{ name, displayName, inviteHash },
      passwordHash: hashed.value,
      createdAt: clock.wallNow(),
      label: parseDeviceLabel(request.label),
      ...keys,
      ...(recovery === 'none' ? NO_RECOVERY : recovery),
    });
    if (registered.ok) return claimSession(this.#ports, registered.value.account, keys.device);
    if (registered.error !== 'device-taken') return err(refusal(registered.error));
    return err(refusal('bad-device-list', 'this device belongs to another account'));
  }
}

/** SV20: the same rules for whoever registers and for an operator who makes an account. */
export function checkNewAccount(given: {
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
}) {
  const name = parseAccountName(given.name);
  if (name === undefined) return err(refusal('bad-name', 'a-z, then a-z 0-9 _, 3 to 32 characters'));
  const displayName = parseDisplayName(given.displayName);
  if (displayName === undefined) return err(refusal('bad-display-name', '1 to 64 characters that can be seen'));
  const fault = passwordFault(given.password, name);
  if (fault !== undefined) return err(refusal('weak-password', fault));
  return ok({ name, displayName });
}
