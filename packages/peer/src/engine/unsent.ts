import type { MessageId } from '@magpie/common/ids.ts';
import type { StoredMessage } from '../store/store.ts';
import { NEVER_SENT_MAX } from './limits.ts';

/**
 * Messages of this run that were put on no road yet: only of these is it certain that nobody has them (R14). A message
 * that was put into a mailbox has left, whatever the server answered.
 */
export class Unsent {
  readonly #ids = new Set<MessageId>();
  /** Being cancelled: they leave by no road until that is decided. */
  readonly #held = new Set<MessageId>();
  /** Cancelled in this run: only a void may leave in their place. */
  readonly #cancelled = new Set<MessageId>();

  /** A new message is about to be committed to the outbox. */
  add(id: MessageId): void {
    if (this.#ids.size < NEVER_SENT_MAX) this.#ids.add(id);
  }

  has(id: MessageId): boolean {
    return this.#ids.has(id);
  }

  all(): readonly MessageId[] {
    return [...this.#ids];
  }

  /** It goes on a road now, or is settled: nothing is certain of it any more. */
  remove(id: MessageId): void {
    this.#ids.delete(id);
  }

  /** @param message as it would leave */
  mayLeave({ id, kind }: Pick<StoredMessage, 'id' | 'kind'>): boolean {
    return !this.#held.has(id) && (kind === 'void' || !this.#cancelled.has(id));
  }

  /** @returns false when it may have left already */
  hold(id: MessageId): boolean {
    if (!this.#ids.has(id) || this.#held.has(id)) return false;
    this.#held.add(id);
    return true;
  }

  /** @param cancelled whether it was */
  release(id: MessageId, cancelled: boolean): void {
    this.#held.delete(id);
    if (!cancelled) return;
    this.#ids.delete(id);
    this.#cancelled.add(id);
  }
}
