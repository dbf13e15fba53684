/** Sequence numbers from `from` to `to`, both included; as a friend sent them, so they may be anything. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

export function isWithin(ranges: readonly SequenceRange[], sequence: number): boolean {
  return ranges.some(({ from, to }) => from <= sequence && sequence <= to);
}
