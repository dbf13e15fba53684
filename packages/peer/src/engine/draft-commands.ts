import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import { TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Contact, Draft, PeerStore } from '../store/store.ts';
import { type CommandError, noSuchMessage } from './command-error.ts';
import type { DraftView, Engine } from './engine.ts';
import { orStoreFailed } from './store-failure.ts';

export interface DraftCommandsOptions {
  readonly store: PeerStore;
  readonly wallNow: () => WallMs;
  readonly find: (who: string) => Result<Contact, CommandError>;
  readonly onDraft: (draft: DraftView) => void;
}

type Surface = Pick<Engine, 'draft' | 'drafts' | 'setDraft'>;

/** The part of the engine's surface about what is being written: kept at each change, the same at every face. */
export class DraftCommands implements Surface {
  readonly #options: DraftCommandsOptions;

  constructor(options: DraftCommandsOptions) {
    this.#options = options;
  }

  draft(chat: string): Promise<Result<DraftView, CommandError>> {
    return orStoreFailed(async () => {
      const found = this.#options.find(chat);
      if (!found.ok) return found;
      const { account } = found.value;
      const draft = await this.#options.store.draft(account);
      return ok(draft ? draftView(draft) : noDraft(account));
    });
  }

  drafts(): Promise<Result<readonly DraftView[], CommandError>> {
    return orStoreFailed(async () => ok((await this.#options.store.drafts()).map(draftView)));
  }

  setDraft(chat: string, text: string, replyTo?: MessageId): Promise<Result<DraftView, CommandError>> {
    return orStoreFailed(async () => {
      const { store, wallNow, onDraft } = this.#options;
      const found = this.#options.find(chat);
      if (!found.ok) return found;
      const { account } = found.value;
      if (!text.isWellFormed()) return err({ code: 'BAD_TEXT' });
      if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return err({ code: 'TEXT_TOO_LARGE' });
      if (replyTo !== undefined && (await store.message(replyTo))?.chat !== account) {
        return noSuchMessage(replyTo);
      }
      const draft = { chat: account, text, replyTo: text === '' ? undefined : replyTo, at: wallNow() };
      await store.saveDraft(draft);
      const view = text === '' ? noDraft(account) : draftView(draft);
      onDraft(view);
      return ok(view);
    });
  }
}

function draftView({ chat, text, replyTo, at }: Draft): DraftView {
  return { account: chat, text, replyTo, at };
}

function noDraft(account: AccountNumber): DraftView {
  return { account, text: '', replyTo: undefined, at: undefined };
}
