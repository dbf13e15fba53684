import { type ContentOf, decodeContent, isNumbered } from '@magpie/common/content/content.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { stampTooFarAhead } from '../messaging/text.ts';
import type { PeerStore } from '../store/store.ts';
import { announce, type MessageHandler } from './announce.ts';
import type { Correspondent, OwnCopy } from './delivery-ports.ts';

export interface OwnCopiesInOptions {
  readonly store: Pick<PeerStore, 'commitCopies' | 'applyCopyReceipt'>;
  readonly wallNow: () => WallMs;
  /** Another device of the own account that stands in its signed list. */
  readonly isOwn: (device: DeviceId) => boolean;
  readonly onMessages: MessageHandler;
}

/** What the own other devices have sent to friends, and what became of it (R19). */
export class OwnCopiesIn {
  readonly #options: OwnCopiesInOptions;

  constructor(options: OwnCopiesInOptions) {
    this.#options = options;
  }

  /** Resolves when it is durable, or of no use; rejects when the store failed. */
  async handleCopy(from: Correspondent, copy: OwnCopy): Promise<void> {
    if (!this.#options.isOwn(from.device)) return;
    if (copy.type === 'copy') return this.#commit(from.device, copy);
    const { chat, incarnation, kind, ranges } = copy;
    const { store, onMessages } = this.#options;
    const changed = await store.applyCopyReceipt(chat, from.device, incarnation, kind, ranges);
    if (changed.length > 0) onMessages(changed, false);
  }

  async #commit(device: DeviceId, { chat, refused, content: bytes }: ContentOf<'copy'>): Promise<void> {
    const { store, wallNow, onMessages } = this.#options;
    const decoded = decodeContent(bytes);
    if (!decoded.ok || !isNumbered(decoded.value) || decoded.value.sequence < 1) return;
    if (stampTooFarAhead(decoded.value.stamp, wallNow())) return;
    announce(await store.commitCopies([{ chat, device, refused, content: decoded.value }], wallNow()), onMessages);
  }
}
