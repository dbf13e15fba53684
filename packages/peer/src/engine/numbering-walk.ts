import type { Content } from '@magpie/common/content/content.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { PeerStore } from '../store/store.ts';
import type { Correspondent } from './delivery-ports.ts';
import { OLDER_EVERY_MS, OLDER_PER_PAGE, RECEIPTS_AGAIN_MAX, TAILS_MAX } from './limits.ts';
import { receipt } from './message-content.ts';

export interface NumberingWalkOptions {
  readonly clock: Clock;
  readonly store: Pick<PeerStore, 'tails' | 'receivedUpTo'>;
  readonly to: Correspondent;
  readonly send: (content: Content, onAcked?: () => void) => void;
  readonly work: (what: string, work: Promise<unknown>) => void;
}

/**
 * A session begins with what concerns the newest numberings. Either side may have been restored from before more of them
 * than that, so the older ones follow, page by page, each a while after the one before it has arrived (DL27, DL29).
 */
export class NumberingWalk {
  readonly #options: NumberingWalkOptions;
  #told = 0;
  #timer: Timer | undefined;
  #ended = false;

  constructor(options: NumberingWalkOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, work } = this.#options;
    if (this.#ended || this.#timer) return;
    this.#timer = clock.setTimer(after(clock.now(), OLDER_EVERY_MS), () => {
      this.#timer = undefined;
      work('older numberings could not be read', this.#next());
    });
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  async #next(): Promise<void> {
    const { store, to, send } = this.#options;
    const { account, device } = to;
    const skip = this.#told;
    const page = { device, limit: OLDER_PER_PAGE, skip: RECEIPTS_AGAIN_MAX + skip };
    const [tails, received] = await Promise.all([
      store.tails(account, device, OLDER_PER_PAGE, TAILS_MAX + skip),
      store.receivedUpTo(account, page),
    ]);
    this.#told += OLDER_PER_PAGE;
    const contents: Content[] = [
      ...tails.map(({ incarnation, upTo }) => ({ type: 'tail', conversation: 0, incarnation, upTo }) as const),
      // What was read was told when it was; this only names the numbering to who may have lost it.
      ...received
        .filter(({ deliveredUpTo }) => deliveredUpTo > 0)
        .map(({ incarnation, deliveredUpTo }) => receipt('delivered', incarnation, deliveredUpTo)),
    ];
    contents.forEach((content, index) => {
      if (!this.#ended) send(content, index === contents.length - 1 ? () => this.start() : undefined);
    });
  }
}
