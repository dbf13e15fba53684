/** Inclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * A set of whole numbers as sorted, disjoint, non-touching ranges. Finding is O(log ranges); adding at the end, the
 * usual case, is O(1). The owner bounds `size`.
 */
export class RangeSet {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** How many ranges, not how many numbers. */
  get size(): number {
    return this.#from.length;
  }

  /** The range of that rank from below. */
  at(index: number): Range | undefined {
    const from = this.#from[index];
    return from === undefined ? undefined : { from, to: this.#to[index]! };
  }

  get max(): number | undefined {
    return this.#to[this.#to.length - 1];
  }

  has(value: number): boolean {
    const index = this.#firstEndingAtOrAfter(value);
    return index < this.#from.length && this.#from[index]! <= value;
  }

  /** True when every number from `from` to `to` is in the set. */
  covers(from: number, to: number): boolean {
    const index = this.#firstEndingAtOrAfter(from);
    return index < this.#from.length && this.#from[index]! <= from && this.#to[index]! >= to;
  }

  add(from: number, to: number): void {
    const last = this.#from.length - 1;
    if (last >= 0 && from === this.#to[last]! + 1) {
      this.#to[last] = to;
      return;
    }
    const first = this.#firstEndingAtOrAfter(from - 1);
    let end = first;
    let newFrom = from;
    let newTo = to;
    while (end < this.#from.length && this.#from[end]! <= to + 1) {
      newFrom = Math.min(newFrom, this.#from[end]!);
      newTo = Math.max(newTo, this.#to[end]!);
      end++;
    }
    this.#from.splice(first, end - first, newFrom);
    this.#to.splice(first, end - first, newTo);
  }

  remove(from: number, to: number): void {
    const first = this.#firstEndingAtOrAfter(from);
    const keptFrom: number[] = [];
    const keptTo: number[] = [];
    let end = first;
    while (end < this.#from.length && this.#from[end]! <= to) {
      if (this.#from[end]! < from) {
        keptFrom.push(this.#from[end]!);
        keptTo.push(from - 1);
      }
      if (this.#to[end]! > to) {
        keptFrom.push(to + 1);
        keptTo.push(this.#to[end]!);
      }
      end++;
    }
    this.#from.splice(first, end - first, ...keptFrom);
    this.#to.splice(first, end - first, ...keptTo);
  }

  removeLowest(): void {
    this.#from.shift();
    this.#to.shift();
  }

  /** The parts of `from`..`to` that are not in the set, ascending. */
  missing(from: number, to: number): Range[] {
    const gaps: Range[] = [];
    let next = from;
    for (let i = this.#firstEndingAtOrAfter(from); i < this.#from.length && this.#from[i]! <= to; i++) {
      if (this.#from[i]! > next) gaps.push({ from: next, to: this.#from[i]! - 1 });
      next = this.#to[i]! + 1;
    }
    if (next <= to) gaps.push({ from: next, to });
    return gaps;
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.#to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#to[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
