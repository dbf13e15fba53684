const KEY = 'magpie.emoji';
const RECENTS_MAX = 24;

/** The emoji used last on this browser, newest first. */
export function recentEmoji(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.filter((each) => typeof each === 'string' && each.length <= 64).slice(0, RECENTS_MAX);
  } catch {
    return [];
  }
}

export function noteEmoji(emoji: string): void {
  try {
    const others = recentEmoji().filter((each) => each !== emoji);
    localStorage.setItem(KEY, JSON.stringify([emoji, ...others].slice(0, RECENTS_MAX)));
  } catch {
    // Storage is full or forbidden: nothing is remembered.
  }
}
