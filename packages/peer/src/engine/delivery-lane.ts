import type { Content } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { Timer } from '@magpie/common/time.ts';
import type { Inbox } from '../messaging/inbox.ts';
import type { Outbox } from '../messaging/outbox.ts';
import type { MessageRoad, StoredMessage } from '../store/store.ts';

/** What is under way on one session with one friend device; gone with the session, since the store knows it all. */
export interface Lane {
  readonly device: DeviceId;
  readonly account: AccountNumber;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly roads: Map<MessageId, MessageRoad>;
  readonly messageOfStream: Map<number, MessageId>;
  control: Content[];
  /** Streams with `read` receipts that the friend's transport has not acknowledged. */
  readonly readStreams: Set<number>;
  loading: 'idle' | 'loading' | 'again';
  /** Every undelivered message of the chat is in the outbox, so that new ones may be added behind them. */
  complete: boolean;
  /** While not complete: more is read from the store once the outbox holds fewer messages than this. */
  refillBelow: number;
  committing: boolean;
  timer: Timer | undefined;
}

export function contentOf(message: StoredMessage): Content {
  const { id, incarnation, sequence, stamp, text } = message;
  const numbered = { messageId: id, conversation: 0, incarnation, sequence, stamp };
  return message.kind === 'void' ? { type: 'void', ...numbered } : { type: 'text', ...numbered, text };
}

export function receipt(kind: 'delivered' | 'read', incarnation: Incarnation, to: number): Content {
  return { type: 'receipt', conversation: 0, incarnation, kind, ranges: [{ from: 1, to }] };
}

export function sameReceipt(a: Content, b: Content): boolean {
  return a.type === 'receipt' && b.type === 'receipt' && a.incarnation === b.incarnation && a.kind === b.kind;
}
