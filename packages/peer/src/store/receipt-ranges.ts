export interface SequenceSpan {
  readonly from: number;
  readonly to: number;
}

/** A receipt can only speak of numbers that were meant for the device that gives it. */
export function clipped(ranges: readonly SequenceSpan[], from: number): readonly SequenceSpan[] {
  return ranges
    .filter((range) => range.to >= from)
    .map((range) => ({ from: Math.max(range.from, from), to: range.to }));
}

/**
 * How far a numbering is committed without a gap once the ranges are added.
 * @param givenUpTo numbers above were never given: whoever receipts them is not believed
 */
export function reachedBy(ranges: readonly SequenceSpan[], committedUpTo: number, givenUpTo: number): number {
  let reached = committedUpTo;
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    if (from <= reached + 1 && to > reached) reached = Math.min(to, givenUpTo);
  }
  return Math.max(reached, committedUpTo);
}
