import type { EngineEvent } from './engine.ts';

type Listener = (event: EngineEvent) => void;

/** Hands events to listeners in order, after the command or input that caused them has returned. */
export class EventBus {
  readonly #listeners = new Set<Listener>();
  #queue: EngineEvent[] = [];

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: EngineEvent): void {
    this.#queue.push(event);
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const events = this.#queue;
    this.#queue = [];
    for (const event of events) for (const listener of this.#listeners) listener(event);
  }
}
