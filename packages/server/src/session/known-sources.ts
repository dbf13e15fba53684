import type { Instant } from '@magpie/common/time.ts';
import { KNOWN_SOURCE_MS, KNOWN_SOURCES_MAX } from '../limits.ts';

/** Sources from which somebody logged in lately. Strangers cannot fill it: each entry has cost a login. */
export class KnownSources {
  /** The one longest without a login first. */
  readonly #loggedInAt = new Map<string, Instant>();

  note(source: string, now: Instant): void {
    this.#loggedInAt.delete(source);
    this.#loggedInAt.set(source, now);
    const oldest = this.#loggedInAt.size > KNOWN_SOURCES_MAX ? this.#loggedInAt.keys().next().value : undefined;
    if (oldest !== undefined) this.#loggedInAt.delete(oldest);
  }

  has(source: string, now: Instant): boolean {
    const at = this.#loggedInAt.get(source);
    return at !== undefined && now - at < KNOWN_SOURCE_MS;
  }
}
