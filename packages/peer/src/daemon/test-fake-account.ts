import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { CommandError } from '../engine/command-error.ts';
import type { AccountView, DeviceView, Engine, EngineEvent, PolicyView } from '../engine/engine.ts';
import { accountOf, deviceOf } from './test-fake-views.ts';

/** The part of the fake engine about the own account, and what all its commands share. */
export class FakeAccount {
  account: AccountView | undefined;
  readonly calls: { readonly name: string; readonly input: unknown }[] = [];
  /** When set, the next command fails with it. */
  nextError: CommandError | undefined;
  /** What `register` and `login` answer to an address without a pin unless `trustFirst`. */
  serverPin = 'PINPINPIN';
  running = false;
  /** What the next sign-in shows beside the account. */
  recoveryCode: string | undefined;
  /** How long a login with an approval code waits, unless it is cancelled. */
  approvalMs = 0;
  /** How long a registration takes. */
  registerMs = 0;
  /** Sign-ins that were ended by whoever asked for them. */
  cancelled = 0;
  recoveryUnseen = false;
  expiresAt = 4_000_000_000_000 as WallMs;
  ownPolicy: PolicyView = { ask: 'anyone', question: '', showLastSeen: true };
  ownDevices: DeviceView[] = [deviceOf('d', 'Linux', true), deviceOf('e', 'Windows', false)];
  #listeners = new Set<(event: EngineEvent) => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  async start(): Promise<void> {
    this.running = true;
  }

  async stop(): Promise<void> {
    this.running = false;
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async register(input: Parameters<Engine['register']>[0], signal?: AbortSignal) {
    if (!(await this.#waited(this.registerMs, signal))) return err<CommandError>({ code: 'CANCELLED' });
    return this.#signIn('register', input, input.name, input.server, input.trustFirst);
  }

  async login(input: Parameters<Engine['login']>[0], signal?: AbortSignal) {
    const server = input.server ?? 'host:1#known';
    if (input.password === undefined && input.recoveryCode === undefined && !this.account) {
      return err<CommandError>({ code: 'SERVER_REFUSED', refusal: 'unknown-device' });
    }
    const waitMs = input.approvalCode === undefined ? 0 : this.approvalMs;
    if (!(await this.#waited(waitMs, signal))) return err<CommandError>({ code: 'CANCELLED' });
    return this.#signIn('login', input, input.account ?? 'alice', server, input.trustFirst);
  }

  async changePassword(oldPassword: string, newPassword: string) {
    return this.did('changePassword', { oldPassword, newPassword }, () => undefined);
  }

  async setProfile(patch: Parameters<Engine['setProfile']>[0]) {
    return this.did('setProfile', patch, () => {
      const { displayName, signatureLine } = { ...accountOf('alice', 'host:1#known'), ...this.account, ...patch };
      this.account = {
        ...(this.account ?? accountOf('alice', 'host:1#known')),
        displayName: displayName ?? '',
        signatureLine: signatureLine ?? '',
      };
      return this.account;
    });
  }

  async policy() {
    return this.did('policy', {}, () => this.ownPolicy);
  }

  async setPolicy(patch: Parameters<Engine['setPolicy']>[0]) {
    return this.did('setPolicy', patch, () => {
      this.ownPolicy = { ...this.ownPolicy, ...patch };
      return this.ownPolicy;
    });
  }

  async devices() {
    return this.did('devices', {}, () => this.ownDevices);
  }

  async revokeDevice(device: string) {
    return this.did('revokeDevice', { device }, () => {
      this.ownDevices = this.ownDevices.filter((each) => !each.device.startsWith(device));
      return this.ownDevices;
    });
  }

  async offerApproval() {
    return this.did('offerApproval', {}, () => ({ code: 'aaaa-bbbb-cccc-dddd', expiresAt: this.expiresAt }));
  }

  async withdrawApproval(code: string) {
    return this.did('withdrawApproval', { code }, () => undefined);
  }

  async renewRecovery() {
    return this.did('renewRecovery', {}, () => {
      this.recoveryUnseen = true;
      return { recoveryCode: 'abcd-efgh-new' };
    });
  }

  async deleteAccount(password: string) {
    return this.did('deleteAccount', { password }, () => undefined);
  }

  async invitation() {
    return this.did('invitation', {}, () => ({ link: 'magpie://host:1/friend?pin=P&number=10001&name=alice&key=K' }));
  }

  async recoveryKept() {
    this.recoveryUnseen = false;
    return ok(undefined);
  }

  async logout() {
    return this.did('logout', {}, () => undefined);
  }

  async whoami() {
    if (!this.account) return err<CommandError>({ code: 'NOT_SIGNED_IN' });
    return ok(this.account);
  }

  signedIn(name = 'alice'): this {
    this.account = accountOf(name, 'host:1#known');
    return this;
  }

  /** @returns false when the signal came first */
  #waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (ms === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        this.cancelled++;
        resolve(false);
      });
    });
  }

  #signIn(name: string, input: object, account: string, server: string, trustFirst: boolean) {
    if (!this.nextError && !server.includes('#') && !trustFirst) {
      this.calls.push({ name, input });
      return err<CommandError>({ code: 'SERVER_KEY_UNKNOWN', detail: { pin: this.serverPin } });
    }
    return this.did(name, input, () => {
      this.account = accountOf(account, server);
      this.recoveryUnseen ||= this.recoveryCode !== undefined;
      return { account: this.account, recoveryCode: this.recoveryCode };
    });
  }

  protected did<T>(name: string, input: object, value: () => T): Result<T, CommandError> {
    this.calls.push({ name, input });
    const error = this.nextError;
    this.nextError = undefined;
    return error ? err(error) : ok(value());
  }
}
