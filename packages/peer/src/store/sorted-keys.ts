/** Keys in the order of a place each has; several may share one. Mostly appended to, so an array does best. */
export class SortedKeys<P, K> {
  readonly #compare: (a: P, b: P) => number;
  readonly #entries: { readonly place: P; readonly key: K }[] = [];

  constructor(compare: (a: P, b: P) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(place: P, key: K): void {
    this.#entries.splice(this.#indexAfter(place), 0, { place, key });
  }

  remove(place: P, key: K): void {
    for (let at = this.#indexOf(place); at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (this.#compare(entry.place, place) !== 0) return;
      if (entry.key !== key) continue;
      this.#entries.splice(at, 1);
      return;
    }
  }

  lowest(): P | undefined {
    return this.#entries[0]?.place;
  }

  first(limit: number): readonly K[] {
    return this.#entries.slice(0, limit).map(({ key }) => key);
  }

  /** Both ends included. */
  within(from: P, to: P, limit = Number.POSITIVE_INFINITY): readonly K[] {
    const begin = this.#indexOf(from);
    const end = Math.min(this.#indexAfter(to), begin + limit);
    return this.#entries.slice(begin, end).map(({ key }) => key);
  }

  /** Both ends left out. @param side which ones, when there are more than `limit` */
  between(after: P | undefined, before: P | undefined, limit: number, side: 'first' | 'last'): readonly K[] {
    const begin = after === undefined ? 0 : this.#indexAfter(after);
    const end = before === undefined ? this.#entries.length : this.#indexOf(before);
    const from = side === 'first' ? begin : Math.max(begin, end - limit);
    return this.#entries.slice(from, Math.min(end, from + limit)).map(({ key }) => key);
  }

  /** Of the first that is not before it. */
  #indexOf(place: P): number {
    return this.#search((entry) => this.#compare(entry, place) < 0);
  }

  /** Of the first that is behind it. */
  #indexAfter(place: P): number {
    const last = this.#entries.at(-1);
    if (last && this.#compare(last.place, place) <= 0) return this.#entries.length;
    return this.#search((entry) => this.#compare(entry, place) <= 0);
  }

  #search(isBefore: (place: P) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#entries[middle]!.place)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
