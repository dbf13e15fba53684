import { compareStamps } from '../store/hybrid-clock.ts';
import type { StoredMessage } from '../store/store.ts';

/**
 * The order of a conversation, the same on every device (R16): hybrid stamp, then device id. A device that used a
 * stamp twice is ordered by its sequence and by message id, so that the order is total and pages never overlap.
 */
export function compareMessages(a: StoredMessage, b: StoredMessage): number {
  return (
    compareStamps(a.stamp, b.stamp) ||
    compareText(a.device, b.device) ||
    a.sequence - b.sequence ||
    compareText(a.id, b.id)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
