import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { NewMessage } from './message-tables.ts';
import type { StoredMessage } from './store.ts';

/** What a content that came in says of itself; the caller adds whose it is and what became of it. */
export function fieldsOf(
  content: NumberedContent,
): Pick<NewMessage, 'id' | 'incarnation' | 'sequence' | 'stamp' | 'kind' | 'text' | 'replyTo' | 'target' | 'on'> {
  const { messageId, incarnation, sequence, stamp, type } = content;
  const bare = {
    id: messageId,
    incarnation,
    sequence,
    stamp: { wallMs: stamp.wallMs, counter: stamp.counter },
    kind: type,
    text: '',
    replyTo: undefined,
    target: undefined,
    on: false,
  };
  switch (content.type) {
    case 'text':
      return { ...bare, text: content.text, replyTo: content.replyTo };
    case 'edit':
      return { ...bare, text: content.text, target: content.target };
    case 'recall':
      return { ...bare, target: content.target };
    case 'reaction':
      return { ...bare, text: content.emoji, target: content.target, on: content.on };
    case 'void':
    case 'nudge':
    case 'unsupported':
      return bare;
  }
}

/** The id of a number whose message is elsewhere or lost: the number itself, which no UUIDv7 is. */
function idOfNumber(incarnation: Incarnation, sequence: number): MessageId {
  return `${incarnation}${sequence.toString(16).padStart(16, '0')}` as MessageId;
}

/** What stands for a number that has no message (any more). */
export function fillerOf(
  chat: AccountNumber,
  direction: 'in' | 'out',
  device: DeviceId,
  incarnation: Incarnation,
  sequence: number,
): StoredMessage {
  return {
    id: idOfNumber(incarnation, sequence),
    chat,
    direction,
    device,
    incarnation,
    sequence,
    stamp: { wallMs: 0 as WallMs, counter: 0 },
    kind: 'void',
    text: '',
    replyTo: undefined,
    target: undefined,
    on: false,
    state: 'delivered',
    reason: '',
    road: undefined,
    editedAt: undefined,
    recalled: false,
    reactions: [],
    pendingChanges: 0,
    returned: false,
    expiresAt: undefined,
    change: 0,
    born: 0,
  };
}
