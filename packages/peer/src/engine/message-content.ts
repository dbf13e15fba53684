import type { Content, ContentOf } from '@magpie/common/content/content.ts';
import type { Incarnation, MailId, MessageId } from '@magpie/common/ids.ts';
import type { StoredMessage } from '../store/store.ts';

/** As it goes over the wire; undefined for what never does. What lost its text on the way only fills its number. */
export function contentOf(message: StoredMessage): Content | undefined {
  const { id, incarnation, sequence, stamp, kind, text, replyTo, target, on } = message;
  const numbered = { messageId: id, conversation: 0, incarnation, sequence, stamp };
  const nothing = { type: 'void', ...numbered } as const;
  switch (kind) {
    case 'text':
      return message.recalled ? nothing : { type: 'text', ...numbered, text, replyTo };
    case 'nudge':
      return { type: 'nudge', ...numbered };
    case 'void':
      return nothing;
    case 'edit':
      return target === undefined ? nothing : { type: 'edit', ...numbered, target, text };
    case 'recall':
      return target === undefined ? nothing : { type: 'recall', ...numbered, target };
    case 'reaction':
      return target === undefined ? nothing : { type: 'reaction', ...numbered, target, emoji: text, on };
    case 'unsupported':
    case 'system':
      return undefined;
  }
}

/** Cumulative (R18): everything up to `to`. */
export function receipt(kind: 'delivered' | 'read', incarnation: Incarnation, to: number): ContentOf<'receipt'> {
  return { type: 'receipt', conversation: 0, incarnation, kind, ranges: [{ from: 1, to }] };
}

/** A message keeps its id in every mailbox: putting it there again replaces it. */
export function mailIdOf(id: MessageId): MailId {
  return id as string as MailId;
}

/** The one slot toward a device (R18), or toward an own device the one of a chat: 12 zero bytes and a number. */
export function slotId(number = 0): MailId {
  return number.toString(16).padStart(32, '0') as MailId;
}

/**
 * What of two contents about messages counts alone: the newer of one kind and numbering says all that the older did.
 * Undefined where each counts by itself.
 */
export function replacementKey(content: Content): string | undefined {
  switch (content.type) {
    case 'receipt':
      return `receipt/${content.incarnation}/${content.kind}`;
    case 'refused-content':
      return `refused/${content.incarnation}/${content.sequence}`;
    case 'opening':
    case 'tail':
    case 'resend':
    case 'give-back':
      return `${content.type}/${content.incarnation}`;
    // Names all that the device could not open of late.
    case 'cannot-open':
    case 'typing':
      return content.type;
    default:
      return undefined;
  }
}
