import type { MessageId } from '@magpie/common/ids.ts';
import type { Timer, WallMs } from '@magpie/common/time.ts';
import type { StoredMessage } from '../store/store.ts';
import type { Correspondent } from './delivery-ports.ts';

export type PauseReason = '' | 'mailbox-full' | 'no-mail-key';

/** What is on its way into the mailbox of one device. In memory only: the store knows what is not in it. */
export interface Box {
  readonly to: Correspondent;
  /** In the order of their numbers; to be put next. */
  waiting: StoredMessage[];
  /** Waiting, under way, or put and not noted yet. */
  readonly known: Set<MessageId>;
  underWay: number;
  loading: 'idle' | 'loading' | 'again';
  /** All that the mailbox lacks is known here, so that new ones may be added behind. */
  complete: boolean;
  /** Of the mailbox's refusals or the server's, in a row. */
  attempts: number;
  /** Left alone until it fires, and what messages say of it meanwhile. */
  pause: { readonly reason: PauseReason; readonly timer: Timer } | undefined;
  stored: { readonly id: MessageId; readonly expiresAt: WallMs }[];
  noting: boolean;
  /** Could not be opened before it was known that the server had them. */
  readonly lost: Set<MessageId>;
}

export function newBox(to: Correspondent, complete: boolean): Box {
  return {
    to,
    waiting: [],
    known: new Set(),
    underWay: 0,
    loading: 'idle',
    complete,
    attempts: 0,
    pause: undefined,
    stored: [],
    noting: false,
    lost: new Set(),
  };
}
