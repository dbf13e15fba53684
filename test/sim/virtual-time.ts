import type { Clock, Instant, Timer, WallMs } from '@magpie/common/time.ts';

interface ScheduledEvent {
  readonly at: number;
  readonly sequence: number;
  fire: (() => void) | undefined;
}

/** Time moves in steps that doubles hold exactly, so that differences of clocks never lose a bit. */
const STEPS_PER_MS = 1024;

/** 2026-01-01T00:00:00Z: what every wall clock shows at virtual time 0, plus its host's skew. */
const WALL_START_MS = Date.UTC(2026, 0, 1);

/** The world's time: a heap of events ordered by (time, order of scheduling). It jumps from event to event. */
export class VirtualTime {
  readonly #heap: ScheduledEvent[] = [];
  #nowMs = 0;
  #sequence = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Time of the next event, undefined when nothing is left. */
  get nextAtMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  schedule(atMs: number, fire: () => void): Timer {
    const event: ScheduledEvent = {
      at: Math.max(Math.ceil(atMs * STEPS_PER_MS) / STEPS_PER_MS, this.#nowMs),
      sequence: this.#sequence++,
      fire,
    };
    this.#push(event);
    return {
      cancel: () => {
        event.fire = undefined;
      },
    };
  }

  /** Jumps to the next event and runs it. @returns false when there is none */
  runNext(): boolean {
    this.#dropCancelled();
    const event = this.#pop();
    if (!event) return false;
    this.#nowMs = event.at;
    const fire = event.fire;
    event.fire = undefined;
    fire?.();
    return true;
  }

  /** Lets time pass up to `atMs` where nothing happens before. */
  jumpTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, Math.ceil(atMs * STEPS_PER_MS) / STEPS_PER_MS);
  }

  #dropCancelled(): void {
    while (this.#heap[0] && this.#heap[0].fire === undefined) this.#pop();
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): ScheduledEvent | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function before(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** What one process reads as time: its own monotonic start and its own error of the wall clock. Dies with the process. */
export class ProcessClock implements Clock {
  readonly #time: VirtualTime;
  readonly #startMs: number;
  readonly #wallSkewMs: number;
  readonly #wallStepMs: () => number;
  #alive = true;

  /** @param options.wallStepMs how far somebody has set the wall clock off by now */
  constructor(
    time: VirtualTime,
    options: { readonly startMs: number; readonly wallSkewMs: number; readonly wallStepMs?: () => number },
  ) {
    this.#time = time;
    this.#startMs = Math.floor(options.startMs);
    this.#wallSkewMs = options.wallSkewMs;
    this.#wallStepMs = options.wallStepMs ?? (() => 0);
  }

  now(): Instant {
    return (this.#time.nowMs + this.#startMs) as Instant;
  }

  wallNow(): WallMs {
    return Math.floor(WALL_START_MS + this.#time.nowMs + this.#wallSkewMs + this.#wallStepMs()) as WallMs;
  }

  setTimer(at: Instant, fire: () => void): Timer {
    const atMs = at - this.#startMs;
    // A deadline between two steps may come out a rounding error early; a timer never fires before its time.
    return this.#time.schedule(atMs + this.#startMs < at ? atMs + 1 / STEPS_PER_MS : atMs, () => {
      if (this.#alive) fire();
    });
  }

  /** No timer fires any more. */
  kill(): void {
    this.#alive = false;
  }
}
