const LOCK = 'magpie.bell';

/** Of several tabs of one profile, one rings: the one that was looked at last, or any when that is gone. */
export class ElectedTab {
  #isElected = false;
  #isStopped = false;
  #release: (() => void) | undefined;

  get isElected(): boolean {
    return this.#isElected;
  }

  start(): void {
    window.addEventListener('focus', this.#takeOver);
    this.#ask(document.hasFocus());
  }

  stop(): void {
    this.#isStopped = true;
    window.removeEventListener('focus', this.#takeOver);
    this.#release?.();
  }

  readonly #takeOver = (): void => {
    if (!this.#isElected) this.#ask(true);
  };

  /** Taken from another tab, its wait ends with an error, and it asks again behind the others. */
  #ask(steal: boolean): void {
    if (this.#isStopped) return;
    void navigator.locks
      .request(LOCK, steal ? { steal } : {}, () => this.#hold())
      .catch(() => {
        this.#isElected = false;
        this.#ask(false);
      });
  }

  #hold(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#isElected = true;
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }
}
