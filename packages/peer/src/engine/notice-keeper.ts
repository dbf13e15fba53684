import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { Log } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { PeerStore } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { NoticeView } from './engine.ts';
import { MESSAGES_PER_QUERY_MAX, NOTICES_WAITING_MAX } from './limits.ts';

export interface NoticeKeeperOptions {
  readonly store: PeerStore;
  readonly log: Log;
  /** For the first time. */
  readonly onNew: (notice: NoticeView) => void;
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

  async #keep(notice: NoticeView): Promise<void> {
    const { store, onNew, acknowledge } = this.#options;
    try {
      if (await store.saveNotice(notice)) onNew(notice);
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
