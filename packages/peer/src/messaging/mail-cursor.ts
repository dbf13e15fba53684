import { assert } from '@magpie/common/assert.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { Instant } from '@magpie/common/time.ts';

/**
 * Where this device stands in its mailbox log: up to where it was read, what of that is still on its way to the disk, and
 * up to where all of it is durable, so that the mailbox may forget it.
 */
export class MailCursor {
  #readTo = 0;
  /** Taken, and not yet durable. */
  readonly #inFlight = new Set<number>();
  /** There was no room for these: they stay in the mailbox, and are read again. */
  readonly #postponed = new Set<number>();
  /** Done with here, but the mailbox is not to forget them yet. */
  readonly #kept = new Set<number>();
  /** Durable above what is still missing. */
  readonly #doneAhead = new Set<number>();
  readonly #postponedSince = new Map<number, Instant>();

  /** The log is read from its beginning: another link, perhaps another server. */
  begin(): void {
    this.#readTo = 0;
    this.#inFlight.clear();
    this.#postponed.clear();
    this.#kept.clear();
    this.#doneAhead.clear();
    this.#postponedSince.clear();
  }

  /** The same log is read again from where not everything is durable. What was in flight is forgotten. */
  again(): void {
    this.#readTo = this.durableTo;
    this.#inFlight.clear();
    this.#postponed.clear();
  }

  /** Position of the last mail read: the next page begins behind it. */
  get readTo(): number {
    return this.#readTo;
  }

  /** Everything up to here is durable here, or dropped for good, and nothing of it is kept. */
  get durableTo(): number {
    let to = this.#readTo;
    for (const waiting of [this.#inFlight, this.#postponed, this.#kept]) {
      for (const position of waiting) to = Math.min(to, position - 1);
    }
    return to;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get postponed(): number {
    return this.#postponed.size;
  }

  /** Positions remembered above `durableTo`. */
  get ahead(): number {
    return this.#inFlight.size + this.#postponed.size + this.#kept.size + this.#doneAhead.size;
  }

  /** @returns those of a page or push that are new here; each is in flight until it is settled or postponed */
  take(entries: readonly MailEntry[]): readonly MailEntry[] {
    const fresh: MailEntry[] = [];
    for (const entry of entries) {
      if (entry.position <= this.#readTo) continue;
      this.#readTo = entry.position;
      if (this.#doneAhead.has(entry.position) || this.#kept.has(entry.position)) continue;
      this.#inFlight.add(entry.position);
      fresh.push(entry);
    }
    return fresh;
  }

  /** It is durable, or dropped for good. */
  settle(position: number): void {
    if (!this.#inFlight.delete(position)) return;
    this.#postponedSince.delete(position);
    this.#doneAhead.add(position);
    this.#prune();
  }

  /** There is nothing left to be done with it here, and the mailbox is to keep it until it is released. */
  keep(position: number): void {
    if (!this.#inFlight.delete(position)) return;
    this.#postponedSince.delete(position);
    this.#kept.add(position);
  }

  release(position: number): void {
    if (!this.#kept.delete(position)) return;
    this.#doneAhead.add(position);
    this.#prune();
  }

  /** There is no room for it now. @returns since when */
  postpone(position: number, now: Instant): Instant {
    assert(this.#inFlight.delete(position), 'only what is in flight is postponed');
    this.#postponed.add(position);
    const since = this.#postponedSince.get(position) ?? now;
    this.#postponedSince.set(position, since);
    return since;
  }

  /** A postponed one is dropped for good. */
  drop(position: number): void {
    this.#postponed.delete(position);
    this.#postponedSince.delete(position);
    this.#doneAhead.add(position);
    this.#prune();
  }

  #prune(): void {
    const { durableTo } = this;
    // Mostly ascending; one that is missed here goes with a later one.
    for (const position of this.#doneAhead) {
      if (position > durableTo) return;
      this.#doneAhead.delete(position);
    }
  }
}
