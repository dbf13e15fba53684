import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const MIB = 1024 * 1024;
/** Makes objects of which many live on for a while, as requests do, and says how large their space became. */
const CHURN = (bytesMax: string): string => `
  import { boundYoungHeap, youngHeapBytes } from '${new URL('young-heap.ts', import.meta.url).href}';
  boundYoungHeap(${bytesMax});
  const kept = [];
  let most = 0;
  for (let turn = 0; turn < 500; turn++) {
    for (let i = 0; i < 1_500; i++) kept[(turn * 1_500 + i) % 100_000] = { turn, i, list: [i, turn] };
    await new Promise((resolve) => setTimeout(resolve, 4));
    most = Math.max(most, youngHeapBytes());
  }
  console.log(most);`;

describe('the space for new objects', () => {
  it('[SV12] grows no further than it may, where it would have grown', () => {
    expect(mostBytes('Number.POSITIVE_INFINITY')).toBeGreaterThan(16 * MIB);
    // One doubling may happen between two looks.
    expect(mostBytes(`${4 * MIB}`)).toBeLessThanOrEqual(8.5 * MIB);
  });
});

function mostBytes(bytesMax: string): number {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', CHURN(bytesMax)], { encoding: 'utf8' });
  return Number(stdout);
}
