import { isErased } from './message-changes.ts';
import type { MessageRecord } from './message-tables.ts';
import type { StoredMessage } from './store.ts';

/**
 * A message as its number goes out: with the text that it was given, whatever edits made of it since; empty when it was
 * refused, recalled or forgotten (R17).
 */
export function asSent(record: MessageRecord): StoredMessage {
  const { message, original } = record;
  const isGone = message.state === 'refused' || isErased(record) || isErasedChange(message);
  if (isGone) return { ...message, kind: 'void', text: '', replyTo: undefined, target: undefined };
  return original === undefined ? message : { ...message, text: original };
}

/** The text of an edit goes with that of its message; an emoji is forgotten with the history around it. */
function isErasedChange({ kind, text }: StoredMessage): boolean {
  return (kind === 'edit' || kind === 'reaction') && text === '';
}
