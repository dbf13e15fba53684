import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PendingMessage } from '@magpie/common/view/view-state.ts';
import { Check, CheckCheck, CircleAlert, CircleDashed, Clock3, Eye } from 'lucide-react';
import type { ReactElement } from 'react';
import { type Text, useText } from '../text/text.tsx';
import styles from './message-row.module.css';

const GLYPHS = { queued: Clock3, stored: Check, delivered: CheckCheck, read: Eye, refused: CircleAlert } as const;

/**
 * A quiet sign with its own shape for each state; the word is beside it for those who cannot see it.
 * @param isPending the daemon has not taken it, so that it has no state yet: it is in this page alone
 */
export function StateGlyph({
  message,
  isPending = false,
}: {
  readonly message: MessageJson;
  readonly isPending?: boolean;
}): ReactElement {
  const text = useText();
  const Glyph = isPending ? CircleDashed : GLYPHS[message.state];
  return (
    <span
      className={styles.glyph}
      data-state={isPending ? undefined : message.state}
      title={stateSentence(text, message, isPending)}
    >
      <Glyph size={14} aria-hidden="true" />
      <span className="visually-hidden">{stateWord(text, message, isPending)}</span>
    </span>
  );
}

export function stateWord({ t }: Text, message: MessageJson, isPending = false): string {
  return t(isPending ? 'chat.pending' : `chat.state.${message.state}`);
}

/** What the state means, with its reason when there is one. */
export function stateSentence(text: Text, message: MessageJson, isPending = false): string {
  if (isPending) return text.t('chat.pending-means');
  const reason = reasonText(text, message);
  const meaning = text.t(`chat.state-means.${message.state}`);
  return reason ? `${meaning} ${reason}` : meaning;
}

export function reasonText({ t, has }: Text, message: MessageJson): string | undefined {
  if (message.reason === null) return undefined;
  const key = `chat.reason.${message.reason}`;
  return has(key) ? t(key) : t('chat.reason.other', { reason: message.reason });
}

/** Own messages that are not just on their way: the reason stands in the open, with what one can do. */
export function isTrouble(message: MessageJson, pending: PendingMessage | undefined): boolean {
  if (pending) return pending.error !== undefined;
  if (message.direction === 'in' || message.recalled) return false;
  return message.state === 'refused' || (message.state === 'queued' && message.reason !== null);
}
