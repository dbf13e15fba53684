/** The candidate that somebody who typed `given` most likely meant: a third of its letters may differ. */
export function didYouMean(given: string, candidates: readonly string[]): string | undefined {
  const distanceMax = Math.max(1, Math.floor(given.length / 3));
  let best: { readonly text: string; readonly distance: number } | undefined;
  for (const text of candidates) {
    const distance = editDistance(given, text);
    if (distance <= distanceMax && (!best || distance < best.distance)) best = { text, distance };
  }
  return best?.text;
}

/** Levenshtein: insertions, deletions and replacements, row by row. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[b.length]!;
}
