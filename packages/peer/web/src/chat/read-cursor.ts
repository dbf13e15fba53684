import { READ_AFTER_MS } from '@magpie/common/view/limits.ts';

export interface WatchedLog {
  /** Id of the row furthest down in view that is from the other side. */
  lastSeen(): string | undefined;
  /** Whether this row is in view, or one behind it. */
  isSeen(id: string): boolean;
}

/** Looks at the log at most so often while it moves. */
const LOOK_EVERY_MS = 100;

/**
 * What a person has read: a row that stayed in view for READ_AFTER_MS in a window that had focus all the while. A hidden
 * tab and a window behind another one read nothing, even when the log follows its end.
 */
export class ReadCursor {
  readonly #log: WatchedLog;
  readonly #read: (id: string) => void;
  /** Of rows that are in view and do not count yet. */
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #looked: string | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(log: WatchedLog, read: (id: string) => void) {
    this.#log = log;
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
    // Passed over on the way to somewhere else: it counts anew when it is in view again.
    for (const id of [...this.#timers.keys()]) if (!this.#log.isSeen(id)) this.#drop(id);
    const id = this.#log.lastSeen();
    if (id === undefined || id === this.#looked) return;
    this.#looked = id;
    if (!this.#timers.has(id))
      this.#timers.set(
        id,
        setTimeout(() => this.#count(id), READ_AFTER_MS),
      );
  }

  #count(id: string): void {
    if (!isWatched() || !this.#log.isSeen(id)) return this.#drop(id);
    this.#timers.delete(id);
    this.#read(id);
  }

  #drop(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.#looked === id) this.#looked = undefined;
  }

  readonly #forget = (): void => {
    for (const timer of this.#timers.values()) clearTimeout(timer);
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
