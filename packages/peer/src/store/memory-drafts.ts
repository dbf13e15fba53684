import type { AccountNumber } from '@magpie/common/ids.ts';
import { DRAFTS_MAX } from '../messaging/limits.ts';
import type { Draft } from './store.ts';

/** What is typed and not sent, in the memory store. */
export class MemoryDrafts {
  #drafts = new Map<AccountNumber, Draft>();

  copy(): MemoryDrafts {
    const copy = new MemoryDrafts();
    copy.#drafts = new Map(this.#drafts);
    return copy;
  }

  draft(chat: AccountNumber): Draft | undefined {
    return this.#drafts.get(chat);
  }

  /** The newest first. */
  drafts(): readonly Draft[] {
    return [...this.#drafts.values()].sort((a, b) => b.at - a.at || a.chat - b.chat);
  }

  saveDraft(draft: Draft): void {
    this.#drafts.delete(draft.chat);
    if (draft.text === '') return;
    const others = this.drafts();
    for (const { chat } of others.slice(DRAFTS_MAX - 1)) this.#drafts.delete(chat);
    this.#drafts.set(draft.chat, { ...draft });
  }
}
