import { type ApprovalCode, approvalProof, openSeedFrom, parseApprovalCode } from '@magpie/common/channel/approval.ts';
import {
  formatRecoveryCode,
  newRecoveryCode,
  openSeed,
  parseRecoveryCode,
  type RecoveryCode,
  recoveryKeyPair,
  sealSeed,
  signRecovery,
} from '@magpie/common/channel/recovery-code.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { DEVICE_LIST_VERSION_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import {
  type LoginDialog,
  type LoginError,
  type LoginScript,
  UNEXPECTED,
  type Welcome,
} from '../server-link/login-dialog.ts';
import type { RequestError } from '../server-link/server-connection.ts';
import type { Profile } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import { type KnownList, knownList } from './device-chain.ts';
import type { LoginInput, RegisterInput } from './engine.ts';
import { fitsInvite, fitsLogin, fitsNewPassword, fitsRegistration, fittingLabel } from './input-limits.ts';
import { APPROVAL_WAIT_MS } from './limits.ts';
import { loginError } from './link-errors.ts';
import type { OwnDevices } from './own-devices.ts';

/** Why a sign-in itself saw no way on. */
export interface SignInFailure {
  readonly kind: 'sign-in';
  readonly error: CommandError;
}

export interface SignIn {
  readonly script: LoginScript<SignInFailure>;
  /** Made by this very sign-in and known to the server once it succeeded; undefined when none was needed. */
  readonly recoveryCode: () => string | undefined;
}

export interface SignInOptions {
  readonly own: OwnDevices;
  readonly random: RandomSource;
  readonly profile: () => Profile | undefined;
  readonly recoveryUnseen: () => boolean;
  /** A recovery code is about to count that nobody has seen yet (true), or does not count after all. */
  readonly noteRecovery: (unseen: boolean) => Promise<void>;
}

type Answer<T> = Result<T, LoginError | SignInFailure>;
type Refusal = {
  readonly ok: false;
  readonly error: { readonly kind: 'request'; readonly error: RequestError & { readonly kind: 'refused' } };
};
type EnrollNeeded = FrameOf<'enroll-needed'>;

/** How a device that the account's list does not hold gets the account's key (R7). */
interface Codes {
  readonly approval: ApprovalCode | undefined;
  readonly recovery: RecoveryCode | undefined;
  readonly newIdentity: boolean;
}

const NO_KEY = new Uint8Array(32);
const NO_SEAL = new Uint8Array(0);

/** A new account, with the recovery code that opens its seed later. */
export function registration(input: RegisterInput, options: SignInOptions): Result<SignIn, CommandError> {
  const invite = input.invite ?? '';
  for (const fits of [fitsRegistration(input), fitsInvite(invite)]) if (!fits.ok) return fits;
  const { name, displayName, password } = input;
  const { own, random, noteRecovery } = options;
  const code = newRecoveryCode(random);
  const script: LoginScript<SignInFailure> = async (dialog) => {
    const { signKey } = own.keys;
    const { accountKey } = own;
    const deviceList = own.beginList(1).blob;
    const account = { name, displayName, password, invite, ...sealedBy(code, own.seed) };
    const label = fittingLabel(input.label);
    // Nothing is stored yet: it goes into the profile that begins with the welcome.
    await noteRecovery(true);
    const answer = await dialog.request({ type: 'register', ...account, signKey, accountKey, deviceList, label });
    if (isRefusal(answer)) await noteRecovery(false);
    return welcomed(answer);
  };
  return ok({ script, recoveryCode: () => formatRecoveryCode(code) });
}

/** A sign-in to an account that exists. @param account name or number */
export function signIn(account: string, input: LoginInput, options: SignInOptions): Result<SignIn, CommandError> {
  const codes = codesOf(input);
  if (!codes.ok) return codes;
  const fits = fitsLogin(account, input.password ?? '');
  if (!fits.ok) return fits;
  if (input.newPassword !== undefined) {
    if (codes.value.recovery === undefined || input.password !== undefined) return invalid('newPassword');
    const fitting = fitsNewPassword(input.newPassword);
    if (!fitting.ok) return fitting;
  }
  const joining = new Joining(account, input, codes.value, options);
  return ok({ script: (dialog) => joining.run(dialog), recoveryCode: () => joining.recoveryCode });
}

/** One sign-in, from the password or the recovery code to the welcome. */
class Joining {
  readonly #account: string;
  readonly #input: LoginInput;
  readonly #codes: Codes;
  readonly #options: SignInOptions;
  #newCode: RecoveryCode | undefined;
  /** This sign-in made up another key in place of the one that was here. */
  #replacedKey = false;

  constructor(account: string, input: LoginInput, codes: Codes, options: SignInOptions) {
    this.#account = account;
    this.#input = input;
    this.#codes = codes;
    this.#options = options;
  }

  get recoveryCode(): string | undefined {
    return this.#newCode && formatRecoveryCode(this.#newCode);
  }

  async run(dialog: LoginDialog): Promise<Answer<Welcome>> {
    const answer = await this.#prove(dialog);
    if (!answer.ok) return answer;
    if (answer.value.type === 'welcome') return ok(answer.value);
    if (answer.value.type !== 'enroll-needed') return err(UNEXPECTED);
    const enrolled = await this.#enroll(dialog, answer.value);
    return enrolled.ok || !this.#input.newPassword ? enrolled : err(afterNewPassword(enrolled.error));
  }

  /** That we are who we say: by password, by recovery code, or by the device key alone. */
  async #prove(dialog: LoginDialog) {
    const { own } = this.#options;
    const account = this.#account;
    const { password } = this.#input;
    const { recovery } = this.#codes;
    if (password !== undefined) {
      return dialog.request({ type: 'login', account, password, ...this.#device(own.newest?.blob ?? NO_SEAL) });
    }
    if (recovery === undefined) return dialog.request({ type: 'resume' });
    const newPassword = this.#input.newPassword ?? '';
    const { serverKey } = dialog;
    const claim = { serverKey, exchangeKey: own.keys.exchange.publicKey, account, newPassword };
    const answer = await dialog.request({
      type: 'recover',
      account,
      newPassword,
      signature: signRecovery(recovery, claim),
    });
    // The server says one and the same of an account that is not there and of a code that is not its own.
    return isRefused(answer, 'wrong-credentials')
      ? failed({ code: 'WRONG_CODE', refusal: 'wrong-credentials' })
      : answer;
  }

  async #enroll(dialog: LoginDialog, needed: EnrollNeeded): Promise<Answer<Welcome>> {
    const profile = this.#options.profile();
    // One account a profile, and the key of another one would take the place of this one's.
    if (profile && (profile.account !== needed.account || profile.name !== needed.name)) {
      return failed({ code: 'ALREADY_SIGNED_IN', detail: { name: profile.name } });
    }
    const list = await this.#nextList(dialog, needed);
    if (!list.ok) return list;
    const { own } = this.#options;
    const begins = !sameKey(needed.accountKey, own.accountKey);
    if (begins) this.#newCode = newRecoveryCode(this.#options.random);
    const recovery = this.#newCode ? sealedBy(this.#newCode, own.seed) : { recoveryKey: NO_KEY, sealedSeed: NO_SEAL };
    const replaceKey = begins && !sameKey(needed.accountKey, NO_KEY);
    const device = this.#device(list.value.blob);
    const unseenBefore = this.#options.recoveryUnseen();
    if (begins && !(await this.#noted(true))) return failed({ code: 'STORE_FAILED' });
    const answer = await dialog.request({ type: 'enroll', ...device, ...recovery, replaceKey });
    if (begins && isRefusal(answer)) await this.#noted(unseenBefore);
    // Refused for certain: the key of before is still that of the account. After a loss nobody knows.
    if (this.#replacedKey && isRefusal(answer) && !(await this.#tookBack())) return failed({ code: 'STORE_FAILED' });
    return welcomed(answer);
  }

  /** The list that holds this device, signed by the account's key, which has come to this device by then. */
  async #nextList(dialog: LoginDialog, needed: EnrollNeeded): Promise<Answer<KnownList>> {
    const { own } = this.#options;
    const { accountKey, deviceListVersion } = needed;
    // It could not ride in a handshake (PK11).
    if (deviceListVersion >= DEVICE_LIST_VERSION_MAX) return refused('bad-device-list');
    if (sameKey(accountKey, NO_KEY)) return this.#firstList(needed);
    if (!sameKey(accountKey, own.accountKey) && !(await own.takeBack(accountKey))) {
      const seed = await this.#accountSeed(dialog, needed);
      if (!seed.ok) return seed;
      if (seed.value === 'new') return this.#begun(deviceListVersion + 1);
      if (!(await this.#taken(seed.value))) return failed({ code: 'STORE_FAILED' });
    }
    // A restored server may have forgotten lists that friends have seen: they go on, no other takes their place.
    const ahead = own.listsAbove(deviceListVersion);
    const known = ahead.find(({ list }) => list.devices.some((device) => own.isThis(device)));
    if (known) return ok(known);
    const before = ahead.at(-1) ?? knownList(needed.deviceList, own.accountKey);
    if (!before || before.list.version < deviceListVersion) return refused('bad-device-list');
    const next = own.listWithThis(before);
    return next ? ok(next) : refused('too-many');
  }

  /**
   * The server knows no key of this account: the operator made it, or the server has lost it. The first device gives it
   * its key; but one that friends have pinned is not given up on the server's word, only on the user's.
   */
  async #firstList({ name, deviceListVersion }: EnrollNeeded): Promise<Answer<KnownList>> {
    const { own, profile } = this.#options;
    const { approval, recovery, newIdentity } = this.#codes;
    const version = deviceListVersion + 1;
    if (approval || recovery) return failed({ code: 'WRONG_CODE' });
    if (newIdentity || (!profile() && !own.newest)) return this.#begun(version);
    const again = own.listsAbove(deviceListVersion).find(({ list }) => list.version === version);
    const holdsThis = again?.list.devices.some((device) => own.isThis(device));
    return again && holdsThis ? ok(again) : failed({ code: 'NEW_DEVICE', detail: { name } });
  }

  /** A key that has signed before begins no second chain: friends would see it fork. */
  async #begun(version: number): Promise<Answer<KnownList>> {
    const { own, random } = this.#options;
    if (own.newest) {
      if (!(await this.#taken(random.bytes(32)))) return failed({ code: 'STORE_FAILED' });
      this.#replacedKey = true;
    }
    return ok(own.beginList(version));
  }

  /** Durable before anything is signed with it: a crash from here on leaves a device that can enroll by itself. */
  #taken(seed: Uint8Array): Promise<boolean> {
    return succeeds(this.#options.own.takeSeed(seed));
  }

  #tookBack(): Promise<boolean> {
    return succeeds(this.#options.own.takeBack());
  }

  #noted(unseen: boolean): Promise<boolean> {
    return succeeds(this.#options.noteRecovery(unseen));
  }

  async #accountSeed(dialog: LoginDialog, needed: EnrollNeeded): Promise<Answer<Uint8Array | 'new'>> {
    const { approval, recovery, newIdentity } = this.#codes;
    if (recovery) {
      const seed = openSeed(recovery, needed.accountKey, needed.sealedSeed);
      return seed ? ok(seed) : failed({ code: 'WRONG_CODE' });
    }
    if (approval) return this.#approvedSeed(dialog, needed, approval);
    return newIdentity ? ok('new') : failed({ code: 'NEW_DEVICE', detail: { name: needed.name } });
  }

  async #approvedSeed(
    dialog: LoginDialog,
    { accountKey }: EnrollNeeded,
    code: ApprovalCode,
  ): Promise<Answer<Uint8Array>> {
    const { exchange, signKey } = this.#options.own.keys;
    const proof = approvalProof(code, { exchangeKey: exchange.publicKey, signKey }, accountKey);
    const label = fittingLabel(this.#input.label);
    const asked = await dialog.request({ type: 'approval-ask', signKey, label, proof });
    if (isRefused(asked, 'peer-gone')) return failed({ code: 'NOT_APPROVED', refusal: 'peer-gone' });
    if (!asked.ok) return asked;
    const approved = await dialog.approved(APPROVAL_WAIT_MS);
    if (!approved.ok) return approved.error === 'lost' ? err(UNEXPECTED) : failed({ code: 'NOT_APPROVED' });
    const seed = openSeedFrom(code, exchange, accountKey, approved.value);
    return seed ? ok(seed) : failed({ code: 'WRONG_CODE' });
  }

  #device(deviceList: Uint8Array) {
    const { own } = this.#options;
    const label = fittingLabel(this.#input.label);
    return { signKey: own.keys.signKey, accountKey: own.accountKey, deviceList, label };
  }
}

function codesOf(input: LoginInput): Result<Codes, CommandError> {
  const given = [input.approvalCode, input.recoveryCode, input.newIdentity || undefined];
  if (given.filter((way) => way !== undefined).length > 1) return invalid('code');
  const approval = input.approvalCode === undefined ? undefined : parseApprovalCode(input.approvalCode);
  const recovery = input.recoveryCode === undefined ? undefined : parseRecoveryCode(input.recoveryCode);
  if (input.approvalCode !== undefined && !approval) return err({ code: 'WRONG_CODE' });
  if (input.recoveryCode !== undefined && !recovery) return err({ code: 'WRONG_CODE' });
  return ok({ approval, recovery, newIdentity: input.newIdentity ?? false });
}

/** What the server keeps for whoever has the code. */
export function sealedBy(code: RecoveryCode, seed: Uint8Array) {
  return { recoveryKey: recoveryKeyPair(code).publicKey, sealedSeed: sealSeed(code, seed) };
}

/** Whether the disk took it. */
function succeeds(written: Promise<unknown>): Promise<boolean> {
  return written.then(
    () => true,
    () => false,
  );
}

function welcomed(answer: Awaited<ReturnType<LoginDialog['request']>>): Answer<Welcome> {
  if (!answer.ok) return answer;
  return answer.value.type === 'welcome' ? ok(answer.value) : err(UNEXPECTED);
}

function isRefused(answer: Result<unknown, LoginError>, code: string): boolean {
  return isRefusal(answer) && answer.error.error.code === code;
}

function isRefusal(answer: Result<unknown, LoginError>): answer is Refusal {
  return !answer.ok && answer.error.kind === 'request' && answer.error.error.kind === 'refused';
}

function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The password was changed before the rest failed: whoever hears of the failure must hear of that. */
function afterNewPassword(failure: LoginError | SignInFailure): SignInFailure {
  const error = failure.kind === 'sign-in' ? failure.error : loginError(failure);
  return { kind: 'sign-in', error: { ...error, detail: { ...error.detail, passwordChanged: 1 } } };
}

function invalid(argument: string): Result<never, CommandError> {
  return err({ code: 'INVALID_ARGUMENT', detail: { argument } });
}

function refused(refusal: 'bad-device-list' | 'too-many'): Result<never, SignInFailure> {
  return failed({ code: 'SERVER_REFUSED', refusal });
}

function failed(error: CommandError): Result<never, SignInFailure> {
  return err({ kind: 'sign-in', error });
}
