import { RESETS_MAX } from './limits.ts';

export interface PendingReset {
  readonly stream: number;
  readonly code: number;
  readonly finalBytes: number;
}

/** RESET frames until acked. The peer drives this queue (by STOP), so beyond its limit the oldest is overwritten. */
export class ResetOutbox {
  readonly #unacked = new Map<number, PendingReset>();
  readonly #pending = new Set<number>();

  get pending(): boolean {
    return this.#pending.size > 0;
  }

  get size(): number {
    return this.#unacked.size;
  }

  put(reset: PendingReset): void {
    this.#unacked.set(reset.stream, reset);
    this.#pending.add(reset.stream);
    if (this.#unacked.size <= RESETS_MAX) return;
    for (const oldest of this.#unacked.keys()) {
      this.onAcked(oldest);
      return;
    }
  }

  next(): PendingReset | undefined {
    for (const stream of this.#pending) {
      this.#pending.delete(stream);
      return this.#unacked.get(stream);
    }
    return undefined;
  }

  onAcked(stream: number): void {
    this.#unacked.delete(stream);
    this.#pending.delete(stream);
  }

  onLost(stream: number): void {
    if (this.#unacked.has(stream)) this.#pending.add(stream);
  }
}
