import type { RoadName } from '../design/road-badge.tsx';

const SINCE = new Map<string, { readonly road: RoadName; readonly changedAtMs: number | undefined }>();
/** Friends of whom it is remembered. */
const KEPT_MAX = 200;

/**
 * Since when this page has seen a friend's road as it is; undefined while it has seen no change, because the road may be
 * older than the page.
 */
export function roadSince(chat: string, road: RoadName, nowMs: number): number | undefined {
  const known = SINCE.get(chat);
  if (known?.road === road) return known.changedAtMs;
  const oldest = SINCE.keys().next();
  if (SINCE.size >= KEPT_MAX && !oldest.done) SINCE.delete(oldest.value);
  const changedAtMs = known && nowMs;
  SINCE.set(chat, { road, changedAtMs });
  return changedAtMs;
}
