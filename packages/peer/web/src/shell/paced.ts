/** Lets what is about one thing through at most every so often; of what comes meanwhile only the newest follows. */
export class Paced {
  readonly #everyMs: number;
  readonly #held = new Map<string, { next: (() => void) | undefined; readonly timer: ReturnType<typeof setTimeout> }>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  run(about: string, task: () => void): void {
    const held = this.#held.get(about);
    if (held) {
      held.next = task;
      return;
    }
    const timer = setTimeout(() => this.#goOn(about), this.#everyMs);
    this.#held.set(about, { next: undefined, timer });
    task();
  }

  /** What waits is not wanted any more. */
  drop(about: string): void {
    const held = this.#held.get(about);
    if (held) held.next = undefined;
  }

  stop(): void {
    for (const { timer } of this.#held.values()) clearTimeout(timer);
    this.#held.clear();
  }

  #goOn(about: string): void {
    const next = this.#held.get(about)?.next;
    this.#held.delete(about);
    if (next) this.run(about, next);
  }
}
