import { TOUCHES_KEPT_MAX } from './limits.ts';

/**
 * When which thing was last told of. An answer may be overtaken by events that are newer than it; whoever asks notes
 * `mark` before, and leaves alone what was touched since.
 */
export class Touches {
  readonly #last = new Map<string, number>();
  #count = 0;

  get mark(): number {
    return this.#count;
  }

  touch(thing: string): void {
    this.#last.delete(thing);
    this.#last.set(thing, ++this.#count);
    if (this.#last.size > TOUCHES_KEPT_MAX) this.#last.delete(this.#last.keys().next().value!);
  }

  isTouchedSince(thing: string, mark: number): boolean {
    return (this.#last.get(thing) ?? 0) > mark;
  }
}
