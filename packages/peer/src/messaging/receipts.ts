import type { ContentOf } from '@magpie/common/content/content.ts';
import type { Incarnation } from '@magpie/common/ids.ts';
import type { ReceivedNumbering } from '../store/store.ts';

/** Inclusive. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

export type Receipt = ContentOf<'receipt'>;

/** The direct conversation of the two accounts of a session. */
const DIRECT_CONVERSATION = 0;

/** Everything of one numbering up to `to` (R18): a lost receipt is covered by the next one. */
export function cumulativeReceipt(kind: Receipt['kind'], incarnation: Incarnation, to: number): Receipt {
  return { type: 'receipt', conversation: DIRECT_CONVERSATION, incarnation, kind, ranges: [{ from: 1, to }] };
}

/** All that is owed for what the store has committed: to be said anew on every new session. */
export function receiptsOf(numbering: ReceivedNumbering): readonly Receipt[] {
  const { incarnation, deliveredUpTo, readUpTo } = numbering;
  const receipts: Receipt[] = [];
  if (deliveredUpTo > 0) receipts.push(cumulativeReceipt('delivered', incarnation, deliveredUpTo));
  if (readUpTo > 0) receipts.push(cumulativeReceipt('read', incarnation, readUpTo));
  return receipts;
}

export function isWithin(ranges: readonly SequenceRange[], sequence: number): boolean {
  return ranges.some(({ from, to }) => from <= sequence && sequence <= to);
}
