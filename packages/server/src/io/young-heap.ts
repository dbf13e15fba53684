import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * New objects may take this much of memory. V8 goes on to 128 MiB while they come fast, as in every flood, and gives it
 * back only when nothing happens: after a burst of logins that room was most of what an idle connection seemed to cost
 * (16 KiB each with 32 MiB, 7 with this). With this much the cost of collecting is still below what can be measured.
 */
const YOUNG_BYTES_MAX = 2 * 1024 * 1024;
/** V8 doubles the space at most once in a collection, of which there are a few a second. */
const LOOK_MS = 100;
/** V8's own. */
const GROWTH_FACTOR = 2;

/** Lets the space for new objects grow only so far. @returns ends that */
export function boundYoungHeap(bytesMax = YOUNG_BYTES_MAX): () => void {
  let growing = true;
  const look = (): void => {
    const mayGrow = youngHeapBytes() * GROWTH_FACTOR <= bytesMax;
    if (mayGrow === growing) return;
    growing = mayGrow;
    // The one setting of the space that V8 reads each time it would grow; when it shrinks it may grow again.
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? GROWTH_FACTOR : 1}`);
  };
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    if (!growing) setFlagsFromString(`--semi-space-growth-factor=${GROWTH_FACTOR}`);
  };
}

export function youngHeapBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
