import { newMessageId } from '../ids.ts';
import type { RandomSource } from '../random.ts';
import type { Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcParams } from '../rpc/rpc-table.ts';
import type { MessageJson } from '../rpc/schemas.ts';
import type { Clock } from '../time.ts';
import { PENDING_MAX } from './limits.ts';
import type { StateWriter } from './state-writer.ts';
import type { PendingMessage } from './view-state.ts';

export interface OutgoingOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly writer: StateWriter;
  readonly send: (params: RpcParams<'message.send'>) => Promise<Result<MessageJson, RpcError>>;
  readonly setPending: (chat: string, pending: readonly PendingMessage[]) => void;
  /** The daemon has it: it takes the place of the pending one. `mark`: when it was asked. */
  readonly onSent: (message: MessageJson, mark: number) => void;
}

/**
 * Messages on their way to the daemon. Of each chat one is asked for at a time, so that their order stands; when the
 * connection goes, they wait and are sent under the same ids, which the daemon takes once.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  /** Chats with a send under way. */
  readonly #sending = new Set<string>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** @returns false when too many wait */
  send(chat: string, text: string, replyTo: string | null): boolean {
    const { clock, random, setPending } = this.#options;
    const pending = this.#pending(chat);
    if (pending.length >= PENDING_MAX) return false;
    const wallMs = clock.wallNow();
    const message = {
      id: newMessageId(wallMs, random),
      text,
      replyTo,
      at: new Date(wallMs).toISOString(),
      error: undefined,
    };
    setPending(chat, [...pending, message]);
    void this.#run(chat);
    return true;
  }

  sendAgain(chat: string, id: string): void {
    this.#patch(chat, id, undefined);
    void this.#run(chat);
  }

  drop(chat: string, id: string): void {
    this.#options.setPending(
      chat,
      this.#pending(chat).filter((each) => each.id !== id),
    );
  }

  /** The connection is back. */
  resume(): void {
    for (const chat of this.#options.writer.state.conversations.keys()) void this.#run(chat);
  }

  async #run(chat: string): Promise<void> {
    if (this.#sending.has(chat)) return;
    this.#sending.add(chat);
    for (let next = this.#next(chat); next; next = this.#next(chat)) {
      const { id, text, replyTo } = next;
      const { mark } = this.#options.writer.touches;
      const sent = await this.#options.send({ to: chat, text, id, ...(replyTo === null ? {} : { replyTo }) });
      if (sent.ok) this.#options.onSent(sent.value, mark);
      else if (sent.error.code === 'CONNECTION_LOST') break;
      else this.#patch(chat, id, sent.error);
    }
    this.#sending.delete(chat);
  }

  #next(chat: string): PendingMessage | undefined {
    return this.#pending(chat).find(({ error }) => error === undefined);
  }

  #patch(chat: string, id: string, error: RpcError | undefined): void {
    const pending = this.#pending(chat);
    if (!pending.some((each) => each.id === id)) return;
    this.#options.setPending(
      chat,
      pending.map((each) => (each.id === id ? { ...each, error } : each)),
    );
  }

  #pending(chat: string): readonly PendingMessage[] {
    return this.#options.writer.conversation(chat)?.pending ?? [];
  }
}
