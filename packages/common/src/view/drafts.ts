import type { Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { DraftJson } from '../rpc/schemas.ts';
import { after, type Clock, type Timer } from '../time.ts';
import { DRAFT_SAVED_AFTER_MS } from './limits.ts';
import type { StateWriter } from './state-writer.ts';

export interface DraftsOptions {
  readonly clock: Clock;
  readonly writer: StateWriter;
  readonly save: (draft: DraftJson) => Promise<Result<DraftJson, RpcError>>;
}

/** What was typed here and is not at the daemon yet. */
interface Unsaved {
  timer: Timer | undefined;
  /** Removed by a send that was not answered yet: until then the daemon's copy is the only durable one. */
  held: boolean;
}

/** Drafts as they are typed: in the state at once, at the daemon a moment after the last key, never overwritten while newer here. */
export class Drafts {
  readonly #options: DraftsOptions;
  readonly #unsaved = new Map<string, Unsaved>();
  /** Saves under way, by chat: one at a time, so that the newest text is also the last to arrive. */
  readonly #saving = new Set<string>();

  constructor(options: DraftsOptions) {
    this.#options = options;
  }

  /** What the daemon says of it is older than what is here. */
  isDirty(chat: string): boolean {
    const { text, replyTo } = this.#options.writer.state.drafts.get(chat) ?? {};
    // An answer that has no text yet is known here only: the daemon keeps no empty draft.
    const isBareReply = text === '' && replyTo !== null;
    return isBareReply || this.#unsaved.has(chat) || this.#saving.has(chat);
  }

  /** The daemon has everything that was typed here. */
  get areSaved(): boolean {
    return this.#unsaved.size === 0 && this.#saving.size === 0;
  }

  set(chat: string, text: string, replyTo: string | undefined): void {
    const { clock, writer } = this.#options;
    const before = writer.state.drafts.get(chat);
    if ((before?.text ?? '') === text && (before?.replyTo ?? undefined) === replyTo) return;
    this.#unsaved.get(chat)?.timer?.cancel();
    const at = new Date(clock.wallNow()).toISOString();
    const isEmpty = text === '' && replyTo === undefined;
    writer.set('drafts', chat, isEmpty ? undefined : { chat, text, replyTo: replyTo ?? null, at });
    const timer = clock.setTimer(after(clock.now(), DRAFT_SAVED_AFTER_MS), () => void this.#save(chat));
    this.#unsaved.set(chat, { timer, held: false });
  }

  /** Its text was sent: gone here at once, at the daemon by `release`. */
  handleSent(chat: string): void {
    this.#unsaved.get(chat)?.timer?.cancel();
    this.#options.writer.set('drafts', chat, undefined);
    this.#unsaved.set(chat, { timer: undefined, held: true });
  }

  /** The daemon has the text as a message. */
  release(chat: string): void {
    const unsaved = this.#unsaved.get(chat);
    if (!unsaved?.held) return;
    unsaved.held = false;
    void this.#save(chat);
  }

  flush(): void {
    for (const [chat, { held }] of this.#unsaved) if (!held) void this.#save(chat);
  }

  clear(): void {
    for (const { timer } of this.#unsaved.values()) timer?.cancel();
    this.#unsaved.clear();
  }

  async #save(chat: string): Promise<void> {
    const { writer, save } = this.#options;
    const unsaved = this.#unsaved.get(chat);
    if (!unsaved || unsaved.held) return;
    unsaved.timer?.cancel();
    unsaved.timer = undefined;
    // The save under way goes on with this one.
    if (this.#saving.has(chat)) return;
    this.#unsaved.delete(chat);
    this.#saving.add(chat);
    const saved = await save(writer.state.drafts.get(chat) ?? { chat, text: '', replyTo: null, at: null });
    this.#saving.delete(chat);
    const isNewer = this.#unsaved.has(chat);
    // It is saved when the connection is back, or with the next key; other errors would come again for the same text.
    if (!saved.ok && saved.error.code === 'CONNECTION_LOST' && !isNewer) {
      this.#unsaved.set(chat, { timer: undefined, held: false });
    } else if (isNewer && this.#unsaved.get(chat)?.timer === undefined) {
      await this.#save(chat);
    }
  }
}
