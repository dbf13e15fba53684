import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Notice, PeerStore } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { CommandError } from './command-error.ts';
import type { NoticeView } from './engine.ts';
import { MESSAGES_PER_QUERY_MAX, NOTICES_WAITING_MAX } from './limits.ts';

export interface NoticeKeeperOptions {
  readonly store: PeerStore;
  readonly log: Log;
  /** It came for the first time, or was dismissed. */
  readonly onChange: (notice: NoticeView) => void;
  /** Every notice that came up to this one is stored: the server need not keep them for us. */
  readonly acknowledge: (upTo: number) => void;
}

/** The operator's notices: stored, then shown once, then acknowledged, in the order in which they came. */
export class NoticeKeeper {
  readonly #options: NoticeKeeperOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** One was not stored, or had no room: acknowledging a later one would lose it. The next connection brings it again. */
  #failed = false;

  constructor(options: NoticeKeeperOptions) {
    this.#options = options;
  }

  handleLinkUp(): void {
    this.#failed = false;
  }

  handleFrame({ id, atWallMs, text }: FrameOf<'notice'>): void {
    if (this.#waiting >= NOTICES_WAITING_MAX) {
      this.#failed = true;
      return;
    }
    this.#waiting++;
    this.#queue = this.#queue.then(() => this.#keep({ id, at: atWallMs as WallMs, text }));
    inBackground(this.#options.log, 'a notice could not be stored', this.#queue);
    this.#queue = this.#queue.catch(() => undefined);
  }

  /** Newest first. */
  newest(limit: number): Promise<readonly NoticeView[]> {
    return this.#options.store.notices(Math.max(1, Math.min(limit, MESSAGES_PER_QUERY_MAX)));
  }

  async dismiss(id: number): Promise<Result<NoticeView, CommandError>> {
    const notice = await this.#options.store.dismissNotice(id);
    if (!notice) return err({ code: 'NOT_FOUND', detail: { who: String(id) } });
    this.#options.onChange(notice);
    return ok(notice);
  }

  async #keep(notice: Notice): Promise<void> {
    const { store, onChange, acknowledge } = this.#options;
    try {
      if (await store.saveNotice(notice)) onChange({ ...notice, dismissed: false });
    } catch (cause) {
      this.#failed = true;
      throw cause;
    } finally {
      this.#waiting--;
    }
    // Of several that come together, the last says it for all.
    if (this.#waiting === 0 && !this.#failed) acknowledge(notice.id);
  }
}
