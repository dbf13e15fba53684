import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Committed, OutgoingContent, PeerStore, StoredMessage } from '../store/store.ts';
import { SHOWN_KINDS } from '../store/store.ts';
import type { ContactBook } from './contact-book.ts';

/** What the commands need of the delivery. */
export interface OutgoingDelivery {
  /** Something new is about to be committed to the outbox. */
  handleNew(id: MessageId): void;
  handleCommitted(message: StoredMessage): void;
  /**
   * Cancels a message of which it is certain that it is on no stream and in no mailbox; meanwhile it leaves by no road.
   * @returns undefined, and nothing changed, when it may have left, or is not queued any more (R14)
   */
  cancel(id: MessageId): Promise<StoredMessage | undefined>;
  handleRead(account: AccountNumber): Promise<void>;
}

export interface OutgoingContentsOptions {
  readonly store: PeerStore;
  readonly book: ContactBook;
  readonly delivery: OutgoingDelivery;
  readonly ownDevice: DeviceId;
  readonly wallNow: () => WallMs;
  readonly ensureSession: (device: DeviceId) => void;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
}

/** The one way from a command to the outbox: durable first, then shown, then sent (D5). */
export class OutgoingContents {
  readonly #options: OutgoingContentsOptions;

  constructor(options: OutgoingContentsOptions) {
    this.#options = options;
  }

  /** @returns once it is durable */
  async commit(content: Omit<OutgoingContent, 'device'>): Promise<Committed> {
    const { store, delivery, ownDevice, wallNow } = this.#options;
    delivery.handleNew(content.id);
    const committed = await store.commitOutgoing({ ...content, device: ownDevice }, wallNow());
    this.show(committed);
    delivery.handleCommitted(committed.message);
    return committed;
  }

  /** The handshake need not wait for our disk, nor our disk for the handshake. */
  reach(chat: AccountNumber): void {
    const { book, ensureSession } = this.#options;
    for (const { device } of book.devicesOf(chat)) ensureSession(device);
  }

  /** What a commit wrote and changed; edits, recalls and reactions show on their target only. */
  show({ message, touched }: Committed): void {
    const { onMessage } = this.#options;
    if (SHOWN_KINDS.includes(message.kind)) onMessage(message, true);
    for (const each of touched) onMessage(each, false);
  }
}
