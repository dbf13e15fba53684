import { formatRecoveryCode, newRecoveryCode } from '@magpie/common/channel/recovery-code.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { DISPLAY_NAME_BYTES_MAX, QUESTION_BYTES_MAX, SIGNATURE_LINE_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Answer, Request } from '../server-link/server-connection.ts';
import type { Profile } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import type { Approvals } from './approvals.ts';
import { inBackground } from './background.ts';
import type { CommandError } from './command-error.ts';
import { DeviceCommands } from './device-commands.ts';
import type { AccountView, DeviceView, Engine, LoginInput, PolicyView, RegisterInput, SignInView } from './engine.ts';
import { fitsNewPassword, fitsPassword, fitsText } from './input-limits.ts';
import { requestError } from './link-errors.ts';
import type { OwnDevices } from './own-devices.ts';
import { sealedBy } from './sign-in.ts';
import { orStoreFailed } from './store-failure.ts';
import { accountView } from './views.ts';

export interface AccountCommandsOptions {
  readonly account: AccountLink;
  readonly own: OwnDevices;
  readonly approvals: Approvals;
  readonly random: RandomSource;
  readonly log: Log;
  /** Somebody has signed in by a command: a wish to be offline is over. */
  readonly onSignedIn: () => void;
  /** Profile, devices or sign-in are others now. */
  readonly onChanged: (account: AccountView) => void;
  /** Nothing that concerns its devices. */
  readonly onTold: (account: AccountView) => void;
  readonly onRevoked: () => Promise<void>;
}

type Surface = Pick<
  Engine,
  | 'register'
  | 'login'
  | 'logout'
  | 'whoami'
  | 'changePassword'
  | 'setProfile'
  | 'policy'
  | 'setPolicy'
  | 'devices'
  | 'revokeDevice'
  | 'offerApproval'
  | 'withdrawApproval'
  | 'renewRecovery'
  | 'recoveryKept'
  | 'deleteAccount'
>;

/** The part of the engine's surface that is about the own account: sign-in, secrets, devices, profile, policy. */
export class AccountCommands implements Surface {
  readonly #options: AccountCommandsOptions;
  readonly #devices: DeviceCommands;

  constructor(options: AccountCommandsOptions) {
    this.#options = options;
    this.#devices = new DeviceCommands(options);
  }

  async register(input: RegisterInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    return this.#signedIn(await this.#options.account.register(input, signal));
  }

  async login(input: LoginInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    const { account } = this.#options;
    const signedIn = this.#signedIn(await account.login(input, signal));
    if (!signedIn.ok || signedIn.value.recoveryCode !== undefined || !account.recoveryUnseen) return signedIn;
    const renewed = await this.renewRecovery();
    return renewed.ok ? ok({ ...signedIn.value, ...renewed.value }) : signedIn;
  }

  async logout(): Promise<Result<void, CommandError>> {
    return this.#told(await this.#options.account.logout());
  }

  async whoami(): Promise<Result<AccountView, CommandError>> {
    const { profile } = this.#options.account;
    return profile ? ok(this.#view(profile)) : err({ code: 'NOT_SIGNED_IN' });
  }

  async changePassword(oldPassword: string, newPassword: string): Promise<Result<void, CommandError>> {
    for (const fits of [fitsPassword(oldPassword), fitsNewPassword(newPassword)]) if (!fits.ok) return fits;
    return this.#done({ type: 'password-change', oldPassword, newPassword });
  }

  setProfile(patch: Parameters<Surface['setProfile']>[0]): Promise<Result<AccountView, CommandError>> {
    return orStoreFailed(async () => {
      const { account } = this.#options;
      const { profile } = account;
      if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
      // As the server keeps them, so that what is shown here is what friends see.
      const displayName = asKept(patch.displayName ?? profile.displayName);
      const signatureLine = asKept(patch.signatureLine ?? profile.signatureLine);
      const fits = fitsText(displayName, DISPLAY_NAME_BYTES_MAX, 'bad-display-name');
      if (!fits.ok) return fits;
      const lineFits = fitsText(signatureLine, SIGNATURE_LINE_BYTES_MAX, 'bad-text');
      if (!lineFits.ok) return lineFits;
      const set = await this.#done({ type: 'profile-set', displayName, signatureLine });
      if (!set.ok) return set;
      await account.noteProfile({ displayName, signatureLine });
      return ok(this.#tell());
    });
  }

  async policy(): Promise<Result<PolicyView, CommandError>> {
    const answer = await this.#ask({ type: 'policy-get' });
    if (!answer.ok) return answer;
    return answer.value.type === 'policy' ? ok(policyView(answer.value)) : err({ code: 'INTERNAL' });
  }

  async setPolicy(patch: Partial<PolicyView>): Promise<Result<PolicyView, CommandError>> {
    const before = await this.policy();
    if (!before.ok) return before;
    const policy = { ...before.value, ...patch };
    const fits = fitsText(policy.question, QUESTION_BYTES_MAX, 'bad-text');
    if (!fits.ok) return fits;
    const set = await this.#done({ type: 'policy-set', ...policy });
    return set.ok ? this.#told(await this.policy()) : set;
  }

  devices(): Promise<Result<readonly DeviceView[], CommandError>> {
    return this.#devices.list();
  }

  async revokeDevice(device: string): Promise<Result<readonly DeviceView[], CommandError>> {
    const revoked = await orStoreFailed(() => this.#devices.revoke(device));
    if (revoked.ok) this.#tell();
    return revoked;
  }

  async offerApproval(): Promise<Result<{ readonly code: string; readonly expiresAt: WallMs }, CommandError>> {
    const { account, approvals } = this.#options;
    if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    // A code that no question can reach would only be waited for.
    if (!account.up) return err({ code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } });
    return ok(approvals.offer());
  }

  async withdrawApproval(code: string): Promise<Result<void, CommandError>> {
    return ok(this.#options.approvals.withdraw(code));
  }

  renewRecovery(): Promise<Result<{ readonly recoveryCode: string }, CommandError>> {
    return orStoreFailed(async () => {
      const { account, random, own } = this.#options;
      if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
      if (!account.up) return err({ code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } });
      const unseenBefore = account.recoveryUnseen;
      const code = newRecoveryCode(random);
      // From the request on the old one may count no more, whatever becomes of the answer.
      await account.noteRecovery(true);
      const set = await this.#done({ type: 'recovery-set', ...sealedBy(code, own.seed) });
      if (!set.ok && set.error.refusal !== undefined) await account.noteRecovery(unseenBefore);
      return set.ok ? this.#told(ok({ recoveryCode: formatRecoveryCode(code) })) : set;
    });
  }

  recoveryKept(): Promise<Result<void, CommandError>> {
    const noted = orStoreFailed(async () => ok(await this.#options.account.noteRecovery(false)));
    return noted.then((result) => this.#told(result));
  }

  async deleteAccount(password: string): Promise<Result<void, CommandError>> {
    const fits = fitsPassword(password);
    if (!fits.ok) return fits;
    const deleted = await this.#done({ type: 'account-delete', password });
    return deleted.ok ? this.#told(await this.#options.account.leaveForGood()) : deleted;
  }

  /** Another device of the account changed the profile or the list of devices. */
  handleOwnProfile(frame: FrameOf<'own-profile'>): void {
    const { account, log } = this.#options;
    const worked = async (): Promise<void> => {
      await account.noteProfile(frame);
      await account.syncDevices(frame.deviceListVersion);
      this.#tell();
    };
    if (account.profile) inBackground(log, 'the own profile could not be stored', worked());
  }

  #signedIn(result: Result<SignInView, CommandError>): Result<SignInView, CommandError> {
    if (!result.ok) return result;
    this.#options.onSignedIn();
    this.#tell();
    return result;
  }

  async #ask(request: Request): Promise<Result<Answer, CommandError>> {
    const { account } = this.#options;
    if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const answer = await account.request(request);
    return answer.ok ? answer : err(requestError(answer.error));
  }

  async #done(request: Request): Promise<Result<void, CommandError>> {
    const answer = await this.#ask(request);
    return answer.ok ? ok(undefined) : answer;
  }

  /** Every face is to read the account anew when this was done. */
  #told<T>(result: Result<T, CommandError>): Result<T, CommandError> {
    const { account, onTold } = this.#options;
    if (result.ok && account.profile) onTold(this.#view(account.profile));
    return result;
  }

  #tell(): AccountView {
    const view = this.#view(this.#options.account.profile!);
    this.#options.onChanged(view);
    return view;
  }

  #view(profile: Profile): AccountView {
    return accountView(profile, this.#options.own.keys.device);
  }
}

function policyView({ ask, question, showLastSeen }: FrameOf<'policy'>): PolicyView {
  return { ask, question, showLastSeen };
}

function asKept(text: string): string {
  return text.normalize('NFC').trim();
}
