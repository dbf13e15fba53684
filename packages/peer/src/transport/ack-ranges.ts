import { ACK_RANGES_MAX } from '@magpie/common/limits.ts';
import { type Range, RangeSet } from './range-set.ts';

/** The packet numbers received and still worth reporting: the 32 highest ranges of them. */
export class AckRanges {
  readonly #received = new RangeSet();
  #largest = -1;

  get largest(): number {
    return this.#largest;
  }

  /** True while there is nothing to report. */
  get empty(): boolean {
    return this.#received.size === 0;
  }

  /** @returns true when the number came in order, right after the largest so far */
  add(packetNumber: number): boolean {
    const inOrder = packetNumber === this.#largest + 1;
    this.#received.add(packetNumber, packetNumber);
    if (this.#received.size > ACK_RANGES_MAX) this.#received.removeLowest();
    this.#largest = Math.max(this.#largest, packetNumber);
    return inOrder;
  }

  /** The peer knows that we have everything reported up to here. */
  forget(upTo: number): void {
    this.#received.remove(0, upTo);
  }

  /** Highest first, as the frame wants them. */
  descending(): Range[] {
    const ranges: Range[] = [];
    for (let i = this.#received.size - 1; i >= 0; i--) ranges.push(this.#received.at(i)!);
    return ranges;
  }
}
