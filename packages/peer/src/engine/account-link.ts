import type { Frame } from '@magpie/common/frames/frame.ts';
import { newIncarnation } from '@magpie/common/ids.ts';
import { DEVICE_LIST_VERSION_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Timer, type WallMs } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import { ServerLink, type ServerTarget, type Welcome } from '../server-link/server-link.ts';
import type { Profile, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { CommandError } from './command-error.ts';
import { isSelf } from './contact-book.ts';
import type { LinkState, LoginInput, RegisterInput, SignInView, StatusView } from './engine.ts';
import { EARLY_FRAMES_MAX, LIST_RETRY_MS_MAX, LIST_RETRY_MS_MIN, STAMP_BLOCK_MS } from './limits.ts';
import { loginError, SIGNED_OUT_BY } from './link-errors.ts';
import type { OwnDevices } from './own-devices.ts';
import type { EnginePorts } from './ports.ts';
import { knownTarget, leadsTo, targetOf } from './server-target.ts';
import type { ServerTime } from './server-time.ts';
import { registration, type SignIn, signIn } from './sign-in.ts';
import { orStoreFailed } from './store-failure.ts';
import { accountView } from './views.ts';

export interface AccountLinkOptions {
  readonly ports: EnginePorts;
  readonly own: OwnDevices;
  readonly time: ServerTime;
  /** Logged in and the profile saved: friend list and the rest are fetched now; frames wait until it resolves. */
  readonly onUp: (welcome: Welcome) => Promise<void>;
  /** A new incarnation: the store has numbered what is undelivered anew (R17), and stamped these (R16). Before `onUp`. */
  readonly onRenumbered: (stamped: readonly StoredMessage[]) => void;
  readonly onDown: () => void;
  /**
   * Nobody may talk from here any more: by the user's logout, because the server knows this device no more, or while the
   * account is locked.
   */
  readonly onSilenced: () => void;
  readonly onFrame: (frame: Frame) => void;
  /** Whether a login that begins now is to begin invisible (R23). */
  readonly unseen: () => boolean;
  readonly onState: (state: LinkState, error: string | undefined) => void;
}

/** The account of this profile and its standing link: registration, login, logout, and what of them is remembered. */
export class AccountLink {
  readonly #options: AccountLinkOptions;
  readonly #link: ServerLink;
  #profile: Profile | undefined;
  /** The newest login that was worked in; the stored profile knows of one less while it is in use (see `#remember`). */
  #loginCount: number | undefined;
  #state: LinkState = 'signed-out';
  #lastError: string | undefined;
  #retryAt: WallMs | undefined;
  /** Frames that came while `onUp` was still working; undefined when they pass straight on. */
  #early: Frame[] | undefined;
  #listRetry: Timer | undefined;
  #lastCommand: Promise<unknown> = Promise.resolve();
  /** What the first profile will say: of a sign-in that is not stored yet, see `recoveryUnseen` there. */
  #recoveryUnseen = false;
  /** Settles when the last login has been worked in. */
  #settled: Promise<CommandError | undefined> = Promise.resolve(undefined);

  constructor(options: AccountLinkOptions) {
    this.#options = options;
    const { clock, random, tcp, log } = options.ports;
    this.#link = new ServerLink({
      clock,
      random,
      tcp,
      log,
      staticKey: options.own.keys.exchange,
      unseen: options.unseen,
      handlers: {
        onUp: (welcome, at) => {
          const early: Frame[] = [];
          this.#early = early;
          this.#settled = this.#settled.then(() => this.#handleUp(welcome, at, early));
        },
        onDown: (error, retryAt) => this.#handleDown(error, retryAt),
        onFrame: (frame) => this.#handleFrame(frame),
      },
    });
  }

  get profile(): Profile | undefined {
    return this.#profile;
  }

  get up(): boolean {
    return this.#state === 'connected';
  }

  /** The server as an IP address, while connected. */
  get remoteAddress(): string | undefined {
    return this.#link.remoteAddress;
  }

  get status(): StatusView['server'] {
    return {
      state: this.#state,
      rttMs: this.#link.rttMs,
      lastError: this.#lastError,
      retryAt: this.#retryAt,
    };
  }

  /** Loads the profile and, when it is signed in, keeps the link up; or leaves it down, since the user wants to be away. */
  async start(wanted: 'up' | 'down' = 'up'): Promise<void> {
    this.#profile = await this.#options.ports.store.profile();
    await this.#options.own.load();
    if (!this.#profile?.signedIn) return;
    if (wanted === 'up') this.keepUp();
    else this.#setState('stopped', undefined);
  }

  keepUp(): void {
    const profile = this.#profile;
    if (!profile) return;
    this.#setState('connecting', undefined);
    this.#link.keepUp(knownTarget(profile));
  }

  /** Says goodbye and stays down, still signed in. */
  async disconnect(): Promise<void> {
    await this.#link.close();
    this.#leave();
    this.#setState('stopped', undefined);
    await this.#rest({}).catch((cause: unknown) => {
      this.#options.ports.log.error({ code: codeOf(cause) }, 'the profile could not be stored');
    });
  }

  /** @param signal ends this very sign-in, under way or waiting; its connection goes, and the command fails */
  register(input: RegisterInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    return this.#inTurn(() => this.#register(input, signal));
  }

  login(input: LoginInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    return this.#inTurn(() => this.#loginAs(input, signal));
  }

  /** The server forgets this device's key; history stays (R32). */
  logout(): Promise<Result<void, CommandError>> {
    return this.#inTurn(() => this.#logout());
  }

  send(frame: Frame): void {
    this.#link.send(frame);
  }

  sendRelay(frame: Extract<Frame, { readonly type: 'relay' }>): boolean {
    return this.#link.sendRelay(frame);
  }

  request(request: Request): Promise<Result<Answer, RequestError>> {
    return this.#link.request(request);
  }

  requestAll(request: Request): Promise<Result<readonly Answer[], RequestError>> {
    return this.#link.requestAll(request);
  }

  /** Remembers the newest friend list version; the store has it already. */
  noteRosterVersion(rosterVersion: number): void {
    if (this.#profile) this.#profile = { ...this.#profile, rosterVersion };
  }

  /** What this device or another one of the account has changed of the profile that friends see. */
  async noteProfile(patch: Pick<Profile, 'displayName' | 'signatureLine'>): Promise<void> {
    await this.#update({ displayName: patch.displayName, signatureLine: patch.signatureLine });
  }

  /** R7: a recovery code was made that perhaps nobody has seen. */
  get recoveryUnseen(): boolean {
    return this.#profile?.recoveryUnseen ?? this.#recoveryUnseen;
  }

  /** Durable when it resolves, as soon as there is a profile. */
  async noteRecovery(unseen: boolean): Promise<void> {
    if (this.#profile && this.#profile.recoveryUnseen !== unseen) await this.#update({ recoveryUnseen: unseen });
    this.#recoveryUnseen = unseen;
  }

  /** Takes over what the server has of our lists, or gives it what it lacks. */
  async syncDevices(version: number, retryMs = LIST_RETRY_MS_MIN): Promise<boolean> {
    // No list has such a version: nothing could be fetched.
    if (!this.#profile || version > DEVICE_LIST_VERSION_MAX) return false;
    const { own } = this.#options;
    this.#listRetry?.cancel();
    const changed = await own.sync(this.#profile.account, version, this);
    if (this.#profile.deviceListVersion !== own.listVersion) await this.#update({ deviceListVersion: own.listVersion });
    if (own.listVersion < version) this.#syncAgain(version, retryMs);
    return changed;
  }

  /** Until it has what the server has, this device is silent: friends refuse the version that it shows (ID10). */
  #syncAgain(version: number, waitMs: number): void {
    const { clock, log } = this.#options.ports;
    this.#listRetry?.cancel();
    this.#listRetry = clock.setTimer(after(clock.now(), waitMs), () => {
      const nextMs = Math.min(waitMs * 2, LIST_RETRY_MS_MAX);
      inBackground(log, 'the own device lists could not be stored', this.syncDevices(version, nextMs));
    });
  }

  /** The account is deleted: the server has closed the connection or will; history stays. */
  leaveForGood(): Promise<Result<void, CommandError>> {
    return this.#inTurn(() => this.#signOut('account-deleted'));
  }

  /** One command about the account at a time: the second of two registrations finds the first one's account. */
  #inTurn<T>(command: () => Promise<T>): Promise<T> {
    const result = this.#lastCommand.then(command);
    this.#lastCommand = result.catch(() => undefined);
    return result;
  }

  async #register(input: RegisterInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    if (this.#profile) return err({ code: 'ALREADY_SIGNED_IN', detail: { name: this.#profile.name } });
    const target = targetOf(input.server, input.trustFirst);
    if (!target) return err({ code: 'BAD_SERVER_ADDRESS', detail: { server: input.server } });
    const prepared = registration(input, this.#signInOptions());
    return prepared.ok ? this.#login(target, prepared.value, signal) : prepared;
  }

  async #loginAs(input: LoginInput, signal?: AbortSignal): Promise<Result<SignInView, CommandError>> {
    const profile = this.#profile;
    const named = input.server ? targetOf(input.server, input.trustFirst) : profile && knownTarget(profile);
    // R10: the key is known there, and only a pin that the user names vouches for another.
    const known = profile && named && !named.pin && leadsTo(named, profile);
    const target = known ? knownTarget(profile) : named;
    if (!target) {
      return err({
        code: input.server ? 'BAD_SERVER_ADDRESS' : 'NOT_SIGNED_IN',
        detail: { server: input.server ?? '' },
      });
    }
    const account = input.account ?? profile?.name;
    if (!account) return err({ code: 'INVALID_ARGUMENT', detail: { argument: 'account' } });
    // One account a profile: another one's history and friends must never mix with this one's.
    if (profile && !isSelf(account, profile)) {
      return err({ code: 'ALREADY_SIGNED_IN', detail: { name: profile.name } });
    }
    const prepared = signIn(account, input, this.#signInOptions());
    if (!prepared.ok) return prepared;
    // A server that knows this device although nothing is stored here: an earlier sign-in broke off, and if it made a
    // recovery code, nobody has seen it. Who came by a code has one, or another device that can make one.
    if (!profile) this.#recoveryUnseen = input.approvalCode === undefined && input.recoveryCode === undefined;
    return this.#login(target, prepared.value, signal);
  }

  async #logout(): Promise<Result<void, CommandError>> {
    if (!this.#profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const result = await this.#link.request({ type: 'logout' });
    // Unknown to the server already is as good as forgotten.
    if (!result.ok && result.error.kind !== 'refused') {
      return err(NOT_CONNECTED);
    }
    return this.#signOut(undefined);
  }

  async #signOut(why: 'account-deleted' | undefined): Promise<Result<void, CommandError>> {
    await this.#link.close();
    this.#leave();
    this.#options.onSilenced();
    const stored = await orStoreFailed(async () => ok(await this.#rest({ signedIn: false })));
    this.#setState('signed-out', why);
    return stored;
  }

  async #login(
    target: ServerTarget,
    { script, recoveryCode }: SignIn,
    signal: AbortSignal | undefined,
  ): Promise<Result<SignInView, CommandError>> {
    if (signal?.aborted) return err(CANCELLED);
    const before = this.#state;
    this.#leave();
    this.#setState('connecting', undefined);
    const end = (): void => void this.#link.close();
    signal?.addEventListener('abort', end, { once: true });
    const result = await this.#link.login(target, script);
    signal?.removeEventListener('abort', end);
    if (!result.ok) {
      const failed = result.error.kind === 'sign-in' ? result.error.error : loginError(result.error);
      const error = signal?.aborted ? CANCELLED : failed;
      // Somebody went offline meanwhile, or the program ends.
      if (this.#state !== 'connecting') return err(error);
      this.#standAgain(before, error);
      return err(error);
    }
    const failed = await this.#settled;
    if (failed?.code === 'ALREADY_SIGNED_IN') this.#standAgain(before, failed);
    if (failed) return err(failed);
    return ok({
      account: accountView(this.#profile!, this.#options.own.keys.device),
      recoveryCode: recoveryCode(),
    });
  }

  /** A login that came to nothing leaves the link as it was before: kept up, or down because the user wants that. */
  #standAgain(before: LinkState, error: CommandError): void {
    const code = error.refusal ?? error.code;
    if (!this.#profile) this.#setState('signed-out', code);
    else if (before === 'stopped' || before === 'signed-out') this.#setState(before, code);
    else this.keepUp();
  }

  #signInOptions() {
    return {
      own: this.#options.own,
      random: this.#options.ports.random,
      profile: () => this.#profile,
      recoveryUnseen: () => this.recoveryUnseen,
      noteRecovery: (unseen: boolean) => this.noteRecovery(unseen),
    };
  }

  /** @returns why the login came to nothing all the same */
  async #handleUp(
    welcome: Welcome,
    at: ServerTarget & { readonly serverKey: Uint8Array },
    early: readonly Frame[],
  ): Promise<CommandError | undefined> {
    // Overtaken by the loss of that connection, perhaps by a newer one: nothing of it counts any more.
    if (this.#early !== early) return NOT_CONNECTED;
    if (this.#profile && this.#profile.account !== welcome.account) return this.#refuseStranger(this.#profile);
    this.#options.time.learn(welcome.serverWallMs);
    this.#options.own.handleWelcome();
    try {
      await this.#remember(welcome, at);
      // Before any handshake: our list's version rides in it, and friends refuse a lower one than they know (R6).
      await this.syncDevices(welcome.deviceListVersion);
    } catch (cause) {
      this.#options.ports.log.error({ code: codeOf(cause) }, 'a login could not be stored');
      if (this.#early === early) this.#link.giveUp('store-failed');
      return { code: 'STORE_FAILED' };
    }
    if (this.#early !== early) return NOT_CONNECTED;
    await this.#options.onUp(welcome).catch((cause: unknown) => {
      this.#options.ports.log.error({ code: codeOf(cause) }, 'login could not be worked in');
    });
    if (this.#early !== early) return NOT_CONNECTED;
    this.#early = undefined;
    this.#setState('connected', undefined);
    for (const frame of early) this.#options.onFrame(frame);
    return undefined;
  }

  /** An account of the same name on another server: that one forgets our key again, and we have never been there. */
  async #refuseStranger({ name }: Profile): Promise<CommandError> {
    await this.#link.request({ type: 'logout' });
    await this.#link.close();
    this.#early = undefined;
    this.#setState('stopped', 'ALREADY_SIGNED_IN');
    return { code: 'ALREADY_SIGNED_IN', detail: { name } };
  }

  /**
   * In the store first: what it does not have must not be gone by, above all no new incarnation (R17). While the profile
   * is in use the store's login count stays one behind: whatever is copied from it then, or left by a crash, takes
   * another incarnation, since numbers given afterwards are not in it. An orderly end sets it right.
   */
  async #remember(welcome: Welcome, at: ServerTarget & { readonly serverKey: Uint8Array }): Promise<void> {
    const { store, random } = this.#options.ports;
    const { account, name, displayName, signatureLine, loginCount } = welcome;
    const { host: serverHost, port: serverPort, serverKey } = at;
    const known = this.#profile;
    // R17: logins that this profile does not remember were made by a copy of it, which also used its numbers.
    const behind = loginCount !== (this.#loginCount ?? known?.loginCount ?? 0) + 1;
    const fresh = newIncarnation(random);
    const stamped = known ? await store.stampAnew(fresh, this.#options.time.wallNow()) : [];
    const incarnation = known && !behind && stamped.length === 0 ? known.incarnation : fresh;
    const told = { account, name, displayName, signatureLine, serverHost, serverPort, serverKey };
    const news = { ...told, signedIn: true, incarnation, loginCount: loginCount - 1 };
    if (known) {
      await this.#update(news);
      this.#loginCount = loginCount;
      if (incarnation === fresh) this.#options.onRenumbered(stamped);
      return;
    }
    const profile: Profile = {
      ...news,
      rosterVersion: 0,
      stampReserved: this.#options.time.wallNow() + STAMP_BLOCK_MS,
      deviceListVersion: this.#options.own.listVersion,
      recoveryUnseen: this.#recoveryUnseen,
    };
    await store.saveProfile(profile);
    this.#profile = profile;
    this.#loginCount = loginCount;
  }

  /** The profile is at rest: a copy of it from now on has all numbers that were given until the next login. */
  async #rest(patch: Partial<Profile>): Promise<void> {
    const loginCount = this.#loginCount ?? this.#profile?.loginCount;
    if (this.#profile && loginCount !== undefined) await this.#update({ ...patch, loginCount });
  }

  /** Only these fields: others have changed in the store since the profile was read (reserved stamps, R5). */
  async #update(patch: Partial<Profile>): Promise<void> {
    await this.#options.ports.store.updateProfile(patch);
    if (this.#profile) this.#profile = { ...this.#profile, ...patch };
  }

  #handleDown(error: string, retryAt: WallMs | undefined): void {
    this.#lastError = error;
    this.#retryAt = retryAt;
    this.#leave();
    this.#setState(retryAt === undefined ? 'stopped' : 'waiting', error);
    if (error === 'account-locked') this.#options.onSilenced();
    if (SIGNED_OUT_BY.has(error) && this.#profile) {
      this.#options.onSilenced();
      // True at once, whatever the disk says: a start after a crash would learn it from the server again.
      this.#profile = { ...this.#profile, signedIn: false };
      inBackground(this.#options.ports.log, 'the profile could not be stored', this.#update({ signedIn: false }));
      this.#setState('signed-out', error);
    }
  }

  /** The connection is gone, whether its login was worked in or still is. */
  #leave(): void {
    this.#listRetry?.cancel();
    const wasUp = this.#state === 'connected' || this.#early !== undefined;
    this.#early = undefined;
    if (wasUp) this.#options.onDown();
  }

  #handleFrame(frame: Frame): void {
    if (!this.#early) return this.#options.onFrame(frame);
    if (this.#early.length < EARLY_FRAMES_MAX) this.#early.push(frame);
  }

  #setState(state: LinkState, error: string | undefined): void {
    if (state === 'connected') this.#retryAt = undefined;
    if (state === 'connected' || error !== undefined) this.#lastError = error;
    if (state === this.#state && error === undefined) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}

const CANCELLED: CommandError = { code: 'CANCELLED' };

/** Also what became of a connection that was lost while its login was worked in. */
const NOT_CONNECTED: CommandError = { code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } };

function codeOf(cause: unknown): string {
  return (cause as { readonly code?: string }).code ?? 'unknown';
}
