import type { Brand } from './ids.ts';

/** Milliseconds on a monotonic clock, from an arbitrary start; may have a fraction. */
export type Instant = Brand<number, 'Instant'>;

/** Milliseconds since 1970 UTC: for people, message stamps and expiry, never for durations. */
export type WallMs = Brand<number, 'WallMs'>;

/** What `Clock.setTimer` returns; `cancel` is safe to call twice and after the timer fired. */
export interface Timer {
  cancel(): void;
}

/**
 * The one source of time, made in main.ts (or by the simulator) and passed down. Sans-IO machines never
 * hold it: they take `now`. Only shells (the loops that drive a machine) set timers.
 */
export interface Clock {
  now(): Instant;
  wallNow(): WallMs;
  /** Calls `fire` once `now() >= at`, never synchronously. */
  setTimer(at: Instant, fire: () => void): Timer;
}

export function after(now: Instant, ms: number): Instant {
  return (now + ms) as Instant;
}

/** The earlier of two deadlines, either of which may be absent. */
export function earliest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}

/** A promise for `ms` from now on the injected clock, cut short (resolved) when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(after(clock.now(), ms), done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
