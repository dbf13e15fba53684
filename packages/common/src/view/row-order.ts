import type { MessageJson } from '../rpc/schemas.ts';

type Placed = Pick<MessageJson, 'id' | 'at' | 'counter' | 'device' | 'sequence'>;

/**
 * The order of a conversation, the same on every device and in the daemon's own pages (R16): hybrid stamp, then device; a
 * device that used a stamp twice is ordered by its sequence and by message id.
 */
export function compareRows(a: Placed, b: Placed): number {
  return (
    compareTimes(a.at, b.at) ||
    a.counter - b.counter ||
    compareText(a.device, b.device) ||
    a.sequence - b.sequence ||
    compareText(a.id, b.id)
  );
}

/** ISO 8601 in UTC with milliseconds, as the daemon writes every time: of one length, texts stand as times do. */
export function compareTimes(a: string, b: string): number {
  return a.length === b.length ? compareText(a, b) : Date.parse(a) - Date.parse(b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
