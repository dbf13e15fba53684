import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PendingMessage } from '@magpie/common/view/view-state.ts';
import { CircleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import { useChatActions } from './chat-actions.ts';
import styles from './message-row.module.css';
import { isTrouble, reasonText, StateGlyph, stateSentence, stateWord } from './message-state.tsx';
import { timesOf } from './times.ts';

/** Under a group: when, and what is worth a word. Under trouble: why, and what one can do about it. */
export function MessageMeta({
  message,
  pending,
  last,
  newest,
}: {
  readonly message: MessageJson;
  readonly pending: PendingMessage | undefined;
  readonly last: boolean;
  readonly newest: boolean;
}): ReactElement | null {
  const text = useText();
  const { t, language } = text;
  const trouble = isTrouble(message, pending);
  const isPending = pending !== undefined;
  const marks = [
    message.editedAt !== null && !message.recalled && t('chat.edited'),
    message.pendingChanges > 0 && t('chat.change-waits'),
    message.returned && t('chat.returned'),
  ].filter((mark) => mark !== false);
  if (!last && !trouble && marks.length === 0) return null;
  const times = timesOf(language);
  return (
    <div className={styles.meta}>
      {last && (
        <time dateTime={message.at} title={times.full(message.at)}>
          {times.clock(message.at)}
        </time>
      )}
      {last && !trouble && message.direction === 'out' && <StateGlyph message={message} isPending={isPending} />}
      {marks.map((mark) => (
        <span key={mark}>{mark}</span>
      ))}
      {newest && !trouble && (
        <span data-state-word="" title={stateSentence(text, message, isPending)}>
          {stateWord(text, message, isPending)}
        </span>
      )}
      {trouble && <Trouble message={message} pending={pending} />}
    </div>
  );
}

function Trouble({
  message,
  pending,
}: {
  readonly message: MessageJson;
  readonly pending: PendingMessage | undefined;
}): ReactElement {
  const text = useText();
  const { t } = text;
  const actions = useChatActions();
  const refused = message.state === 'refused';
  const error = pending?.error;
  return (
    <>
      <span className={refused || error ? styles.refused : styles.waits} data-state-word="">
        <CircleAlert size={14} aria-hidden="true" />
        {error
          ? t('chat.pending-failed', { because: text.errorText(error) })
          : `${stateWord(text, message)}: ${reasonText(text, message) ?? ''}`}
      </span>
      {(refused || error) && (
        <span className={styles.remedies}>
          {actions.isOpen && (
            <button type="button" onClick={() => (pending ? actions.sendAgain(pending.id) : actions.resend(message))}>
              {t('chat.retry')}
            </button>
          )}
          <button type="button" onClick={() => actions.copy(message)}>
            {t('chat.copy')}
          </button>
          <button type="button" onClick={() => (pending ? actions.dropPending(pending.id) : actions.remove(message))}>
            {t('chat.delete')}
          </button>
        </span>
      )}
    </>
  );
}
