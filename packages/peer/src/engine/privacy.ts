import { ok, type Result } from '@magpie/common/result.ts';
import type { PeerStore, Settings } from '../store/store.ts';
import { DEFAULT_SETTINGS } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import type { PrivacyView } from './engine.ts';
import { orStoreFailed } from './store-failure.ts';

export interface PrivacyOptions {
  readonly store: PeerStore;
  /** What was read and not told may be told from now on. */
  readonly onReadReceiptsOn: () => void;
}

/** What friends may learn of what one does at the keyboard, kept over restarts. */
export class Privacy {
  readonly #options: PrivacyOptions;
  #view: PrivacyView = DEFAULT_SETTINGS;

  constructor(options: PrivacyOptions) {
    this.#options = options;
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
      const turnedOn = wanted.sendReadReceipts && !this.sendReadReceipts;
      // Off at once, on only when it is kept: nothing is told against a wish.
      this.#view = {
        sendTyping: this.sendTyping && wanted.sendTyping,
        sendReadReceipts: this.sendReadReceipts && wanted.sendReadReceipts,
      };
      await this.#options.store.saveSettings(wanted);
      this.#view = wanted;
      if (turnedOn) this.#options.onReadReceiptsOn();
      return ok(this.view());
    });
  }
}
