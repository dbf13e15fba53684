import { READ_AFTER_MS } from '@magpie/common/view/limits.ts';

/** Looks at the log at most so often while it moves. */
const LOOK_EVERY_MS = 100;

/**
 * What a person has read: a row that stayed in view for READ_AFTER_MS in a window that had focus all the while. A hidden
 * tab and a window behind another one read nothing, even when the log follows its end.
 */
export class ReadCursor {
  readonly #lastSeen: () => string | undefined;
  readonly #read: (id: string) => void;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #looked: string | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;

  /** @param lastSeen id of the row furthest down in view that is from the other side */
  constructor(lastSeen: () => string | undefined, read: (id: string) => void) {
    this.#lastSeen = lastSeen;
    this.#read = read;
  }

  start(): void {
    window.addEventListener('focus', this.look);
    window.addEventListener('blur', this.#forget);
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.look();
  }

  stop(): void {
    window.removeEventListener('focus', this.look);
    window.removeEventListener('blur', this.#forget);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#forget();
    clearTimeout(this.#looking);
    this.#looking = undefined;
  }

  /** Something may have come into view. */
  readonly look = (): void => {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.#lookNow();
    }, LOOK_EVERY_MS);
  };

  /** Also a row that was looked at before may count anew. */
  lookAgain(): void {
    this.#looked = undefined;
    this.look();
  }

  #lookNow(): void {
    if (!isWatched()) return this.#forget();
    const id = this.#lastSeen();
    if (id === undefined || id === this.#looked) return;
    this.#looked = id;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (isWatched()) this.#read(id);
    }, READ_AFTER_MS);
    this.#timers.add(timer);
  }

  readonly #forget = (): void => {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#looked = undefined;
  };

  readonly #onVisibility = (): void => {
    if (document.visibilityState === 'hidden') this.#forget();
    else this.look();
  };
}

function isWatched(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}
