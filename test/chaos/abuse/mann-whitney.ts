/**
 * Two-sided p of the Mann-Whitney U test by its normal approximation, with the corrections for ties and for continuity
 * (Mann and Whitney 1947; Lehmann, Nonparametrics, section 1.3). For samples of 20 and more.
 * @returns how likely a difference as large as this one is when both come from the same distribution
 */
export function mannWhitneyP(a: readonly number[], b: readonly number[]): number {
  const { rankSum, tieTerm } = rank(a, b);
  const [m, n] = [a.length, b.length];
  const all = m + n;
  const u = rankSum - (m * (m + 1)) / 2;
  const variance = ((m * n) / 12) * (all + 1 - tieTerm / (all * (all - 1)));
  if (variance === 0) return 1;
  const z = Math.max(0, Math.abs(u - (m * n) / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * normalTail(z));
}

/** The sum of the ranks of `a`, equal values sharing theirs, and the sum of t³ - t over groups of t equal values. */
function rank(a: readonly number[], b: readonly number[]): { readonly rankSum: number; readonly tieTerm: number } {
  const all = [...a.map((value) => ({ value, ofA: true })), ...b.map((value) => ({ value, ofA: false }))];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  let tieTerm = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to++;
    const sharedRank = (from + 1 + to) / 2;
    rankSum += sharedRank * all.slice(from, to).filter(({ ofA }) => ofA).length;
    tieTerm += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { rankSum, tieTerm };
}

/** P(Z > z) for z >= 0: Abramowitz and Stegun 26.2.17, to 7.5e-8. */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
