import { TOLD_IDS_MAX } from './limits.ts';

/** The newest ids that were told of, so that nothing is told twice. */
export class ToldIds {
  readonly #ids = new Set<string>();

  /** @returns false when it was told before */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > TOLD_IDS_MAX) this.#ids.delete(this.#ids.values().next().value!);
    return true;
  }
}
