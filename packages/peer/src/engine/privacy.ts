import { ok, type Result } from '@magpie/common/result.ts';
import type { PeerStore, Settings } from '../store/store.ts';
import { DEFAULT_SETTINGS } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import type { PrivacyView } from './engine.ts';
import { orStoreFailed } from './store-failure.ts';

/** What friends may learn of what one does at the keyboard, kept over restarts. */
export class Privacy {
  readonly #store: PeerStore;
  readonly #onChanged: () => void;
  #view: PrivacyView = DEFAULT_SETTINGS;

  constructor(store: PeerStore, onChanged: () => void) {
    this.#store = store;
    this.#onChanged = onChanged;
  }

  /** Before anything else: as the user left it. */
  load({ sendTyping, sendReadReceipts }: Settings): void {
    this.#view = { sendTyping, sendReadReceipts };
  }

  get sendTyping(): boolean {
    return this.#view.sendTyping;
  }

  get sendReadReceipts(): boolean {
    return this.#view.sendReadReceipts;
  }

  view(): PrivacyView {
    return { sendTyping: this.sendTyping, sendReadReceipts: this.sendReadReceipts };
  }

  set(patch: Partial<PrivacyView>): Promise<Result<PrivacyView, CommandError>> {
    return orStoreFailed(async () => {
      const wanted = { ...this.view(), ...patch };
      // Off at once, on only when it is kept: nothing is told against a wish.
      this.#view = {
        sendTyping: this.sendTyping && wanted.sendTyping,
        sendReadReceipts: this.sendReadReceipts && wanted.sendReadReceipts,
      };
      await this.#store.saveSettings(wanted);
      this.#view = wanted;
      this.#onChanged();
      return ok(this.view());
    });
  }
}
