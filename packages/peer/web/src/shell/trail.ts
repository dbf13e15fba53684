import type { Navigation } from './navigation.ts';

/** What the main part shows. A screen lies over whatever conversation is open, which then is no part of the place. */
export interface Place {
  readonly screen: Exclude<Navigation['screen'], 'sign-in'>;
  readonly chat: string | undefined;
  readonly panel: Navigation['panel'];
}

/** The places on the way to the present one, which is the last; kept in the entry of the browser's history. */
export type Trail = readonly Place[];

/** What the browser's history has to do so that it agrees with where the person went. */
export type Step =
  | { readonly type: 'stay' }
  | { readonly type: 'push'; readonly trail: Trail }
  | { readonly type: 'replace'; readonly trail: Trail }
  | { readonly type: 'back'; readonly entries: number };

/** Older places are reached through the browser, and only no longer known beforehand. */
const PLACES_MAX = 32;

/**
 * Opening something is a step forward. Closing it is a step back to where it was opened from, so that Back does not open
 * it again.
 * @param isNarrow one part at a time: the list is home, and closing what was chosen from it leads there
 */
export function stepTo(trail: Trail, to: Place, isNarrow: boolean): Step {
  const from = trail.at(-1);
  if (!from) return { type: 'replace', trail: [to] };
  if (isSame(from, to)) return { type: 'stay' };
  const origin = originOf(trail, from, to, isNarrow);
  if (origin === undefined) return { type: 'push', trail: [...trail, to].slice(-PLACES_MAX) };
  if (origin < 0) return { type: 'replace', trail: [...trail.slice(0, -1), to] };
  return { type: 'back', entries: trail.length - 1 - origin };
}

/** @returns where in the trail this closing leads, -1 when that is not known, undefined when it is no closing */
function originOf(trail: Trail, from: Place, to: Place, isNarrow: boolean): number | undefined {
  if (to.screen !== 'none') return undefined;
  if (from.screen !== 'none') {
    const under = trail.findLastIndex(({ screen }) => screen === 'none');
    if (under >= 0 && isSame(trail[under]!, to)) return under;
  }
  const last = trail.length - 2;
  const isLast = last >= 0 && isSame(trail[last]!, to);
  if (to.chat === undefined) {
    if (isNarrow) return trail.findLastIndex((place) => isSame(place, to));
    return isLast ? last : undefined;
  }
  const isPanelClosed = from.screen === 'none' && from.chat === to.chat && to.panel === 'none';
  return isPanelClosed ? (isLast ? last : -1) : undefined;
}

export function isSame(one: Place, other: Place): boolean {
  return one.screen === other.screen && one.chat === other.chat && one.panel === other.panel;
}

const SCREENS: readonly unknown[] = ['none', 'settings', 'notices', 'add-friend', 'search'] satisfies Place['screen'][];
const PANELS: readonly unknown[] = ['none', 'about', 'find'] satisfies Place['panel'][];

/** Of an entry of the history; undefined when it is none of ours. */
export function parseTrail(state: unknown): Trail | undefined {
  if (typeof state !== 'object' || state === null || !('places' in state)) return undefined;
  const { places } = state;
  return Array.isArray(places) && places.length > 0 && places.every(isPlace) ? places : undefined;
}

function isPlace(place: unknown): place is Place {
  if (typeof place !== 'object' || place === null) return false;
  const { screen, chat, panel } = place as Partial<Record<keyof Place, unknown>>;
  return SCREENS.includes(screen) && PANELS.includes(panel) && (chat === undefined || typeof chat === 'string');
}
