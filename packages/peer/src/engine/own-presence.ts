import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { CLOSE_GOODBYE } from '../session/session.ts';
import type { AccountLink } from './account-link.ts';
import type { CommandError } from './command-error.ts';
import { requestError } from './link-errors.ts';
import type { PeerSessions } from './peer-sessions.ts';

export interface OwnPresenceOptions {
  readonly account: AccountLink;
  readonly sessions: PeerSessions;
  /** Resolves to whether the try to connect that is under way succeeds. */
  readonly connected: () => Promise<boolean>;
}

/** What the user wants friends to see, and what they can see right now. */
export class OwnPresence {
  readonly #options: OwnPresenceOptions;
  #wish: PresenceStatus = 'online';

  constructor(options: OwnPresenceOptions) {
    this.#options = options;
  }

  /** Without a link nobody sees us, whatever we want. */
  get shown(): PresenceStatus {
    return this.#options.account.up ? this.#wish : 'offline';
  }

  /** Whoever logs in wants to be seen. */
  handleLogin(): void {
    if (this.#wish === 'offline') this.#wish = 'online';
  }

  /** A new session of ours is online on the server until told otherwise. */
  handleLinkUp(): void {
    if (this.#wish === 'away') void this.#options.account.request({ type: 'presence-set', status: 'away' });
  }

  async set(status: PresenceStatus): Promise<Result<PresenceStatus, CommandError>> {
    const { account, sessions, connected } = this.#options;
    if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const before = this.#wish;
    this.#wish = status;
    if (status === 'offline') {
      // R32: offline closes the link; a later online or away brings it back.
      sessions.closeAll(CLOSE_GOODBYE);
      await account.disconnect();
      return ok(status);
    }
    sessions.reopen();
    if (!account.up) {
      // The wish holds and is told at the next login; the answer is what is true now.
      const up = await connected();
      return up ? ok(status) : err({ code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } });
    }
    const set = await account.request({ type: 'presence-set', status });
    if (set.ok) return ok(status);
    this.#wish = before;
    return err(requestError(set.error));
  }
}
