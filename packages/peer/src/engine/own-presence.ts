import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { SHORT_TEXT_CODE_POINTS_MAX, STATUS_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import { isPlainLine } from '@magpie/common/plain-line.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock, Timer } from '@magpie/common/time.ts';
import type { Answer, RequestError } from '../server-link/server-connection.ts';
import { CLOSE_GOODBYE } from '../session/session.ts';
import type { PeerStore, PresenceWish, Settings } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import { AutoAway } from './auto-away.ts';
import { inBackground } from './background.ts';
import type { CommandError } from './command-error.ts';
import type { PresenceView } from './engine.ts';
import { AUTO_AWAY_MS_MAX } from './limits.ts';
import { requestError } from './link-errors.ts';
import type { PeerSessions } from './peer-sessions.ts';
import { shortText } from './short-text.ts';
import { orStoreFailed } from './store-failure.ts';

export interface OwnPresenceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: PeerStore;
  readonly account: AccountLink;
  readonly sessions: PeerSessions;
  /** Resolves to whether the try to connect that is under way succeeds. */
  readonly connected: () => Promise<boolean>;
  /** Friends may learn again that this device is here: what was kept back toward them goes. */
  readonly onVisible: () => void;
  /** No friend may learn of this device from now on (R23). */
  readonly onInvisible: () => void;
  /** Another wish, text or time, or away by itself. */
  readonly onChanged: () => void;
}

const TEXT_MAX = { codePoints: SHORT_TEXT_CODE_POINTS_MAX, bytes: STATUS_TEXT_BYTES_MAX };

/** What the user wants friends to see, kept over restarts, and what they can see right now. */
export class OwnPresence {
  readonly #options: OwnPresenceOptions;
  readonly #autoAway: AutoAway;
  #text = '';
  #told: PresenceStatus = 'online';
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: OwnPresenceOptions) {
    this.#options = options;
    this.#autoAway = new AutoAway(options.clock.now());
  }

  /** Before anything else: as the user left it. */
  load({ presence, statusText, autoAwayMs }: Settings): void {
    const now = this.#options.clock.now();
    this.#autoAway.setWish(presence, now);
    this.#autoAway.setAfter(autoAwayMs, now);
    this.#text = statusText;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  get wish(): PresenceWish {
    return this.#autoAway.wish;
  }

  /** There is, or shall be, a link, and no friend may learn of it (R23). */
  get invisible(): boolean {
    return this.wish === 'invisible';
  }

  /** Without a link nobody sees us, whatever we want. */
  get shown(): PresenceStatus {
    return this.#options.account.up ? this.#autoAway.status : 'offline';
  }

  view(): PresenceView {
    const { wish, afterMs: autoAwayMs } = this.#autoAway;
    return { status: this.shown, text: this.#text, wish, autoAwayMs };
  }

  /** Whoever logs in wants to be seen, but for somebody who asked not to be. */
  handleLogin(): void {
    if (this.wish !== 'offline') return;
    this.#adopt('online', this.#text);
    void this.#tell();
    inBackground(this.#options.log, 'a choice could not be stored', this.#save('online', this.#text));
  }

  /** Always: the server may remember another choice, of a connection that was lost a moment ago. */
  handleLinkUp(): void {
    if (this.wish !== 'offline') void this.#tell();
  }

  handleActivity(): void {
    this.#autoAway.handleActivity(this.#options.clock.now());
    this.#follow();
  }

  /** @param text absent: stays */
  set(wish: PresenceWish, text?: string): Promise<Result<PresenceView, CommandError>> {
    return orStoreFailed(() => this.#set(wish, text));
  }

  setAutoAway(afterMs: number): Promise<Result<PresenceView, CommandError>> {
    return orStoreFailed(async () => {
      if (!Number.isInteger(afterMs) || afterMs < 0 || afterMs > AUTO_AWAY_MS_MAX) {
        return err({ code: 'INVALID_ARGUMENT', detail: { argument: 'afterMs' } });
      }
      await this.#options.store.saveSettings({ autoAwayMs: afterMs });
      this.#autoAway.setAfter(afterMs, this.#options.clock.now());
      this.#follow();
      this.#options.onChanged();
      return ok(this.view());
    });
  }

  async #set(wish: PresenceWish, text = this.#text): Promise<Result<PresenceView, CommandError>> {
    const { account, sessions, connected } = this.#options;
    if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const line = shortText(text, TEXT_MAX);
    if (!line.ok) return line;
    // SV48, as the server judges it.
    if (!isPlainLine(line.value)) return err({ code: 'BAD_TEXT' });
    const before = { wish: this.wish, text: this.#text };
    await this.#save(wish, line.value);
    this.#adopt(wish, line.value);
    if (wish === 'invisible' && before.wish !== 'invisible') this.#options.onInvisible();
    // Friends see the end of every session, as of a program that ends; the link tells the server only.
    if (wish === 'invisible' && before.wish !== 'invisible') sessions.closeAll(CLOSE_GOODBYE);
    if (wish === 'offline') {
      // R32: offline closes the link; a later online or away brings it back.
      sessions.closeAll(CLOSE_GOODBYE);
      await account.disconnect();
      return ok(this.view());
    }
    if (wish !== 'invisible') sessions.reopen();
    if (!account.up) {
      // The wish holds and is told at the next login; the answer is what is true now.
      const up = await connected();
      return up ? ok(this.view()) : err({ code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } });
    }
    const told = await this.#tell();
    if (told.ok) {
      if (before.wish === 'invisible' && wish !== 'invisible') this.#options.onVisible();
      return ok(this.view());
    }
    this.#adopt(before.wish, before.text);
    if (wish === 'invisible' && before.wish !== 'offline') sessions.reopen();
    // What came up meanwhile would go on telling somebody that this device is here.
    if (before.wish === 'invisible' && wish !== 'invisible') sessions.closeAll(CLOSE_GOODBYE);
    // Friends have been told nothing, or the part that the server took: again what holds here.
    if (this.wish !== 'offline') void this.#tell();
    await this.#save(before.wish, before.text);
    return err(requestError(told.error));
  }

  #save(presence: PresenceWish, statusText: string): Promise<void> {
    return this.#options.store.saveSettings({ presence, statusText });
  }

  #adopt(wish: PresenceWish, text: string): void {
    this.#autoAway.setWish(wish, this.#options.clock.now());
    this.#text = text;
    this.#arm();
    this.#options.onChanged();
  }

  /** The status may have changed by itself. */
  #follow(): void {
    this.#arm();
    const { status } = this.#autoAway;
    if (!this.#options.account.up || this.wish === 'offline' || status === this.#told) return;
    void this.#tell();
    this.#options.onChanged();
  }

  async #tell(): Promise<Result<Answer, RequestError>> {
    const { account } = this.#options;
    const told = { status: this.#autoAway.status, text: this.#text };
    const before = this.#told;
    this.#told = told.status;
    const answer = await account.request({ type: 'presence-set', ...told });
    if (!answer.ok && this.#told === told.status) this.#told = before;
    // A text that the server does not take must not keep the status back.
    const badText = !answer.ok && answer.error.kind === 'refused' && answer.error.code === 'bad-text';
    if (badText) void account.request({ type: 'presence-set', status: told.status, text: '' });
    return answer;
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const at = this.#stopped ? undefined : this.#autoAway.pollTimeout();
    this.#timer =
      at === undefined
        ? undefined
        : clock.setTimer(at, () => {
            this.#autoAway.handleTimeout(clock.now());
            this.#follow();
          });
  }
}
