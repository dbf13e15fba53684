import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { Info, Pencil, Reply, X } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { IconButton } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import styles from './composer.module.css';
import { saidIn, useAuthor, useMessage } from './quote.tsx';

/** Above the field: what is being answered or edited, or something that could not be done. */
export function ComposerBar(props: {
  readonly chat: string;
  readonly replyTo: string | undefined;
  readonly editing: MessageJson | undefined;
  readonly error: RpcError | undefined;
  readonly note: string | undefined;
  readonly onReply: (id: undefined) => void;
  readonly onEdit: (message: undefined) => void;
  readonly onNoteRead: () => void;
}): ReactElement {
  const text = useText();
  const { t } = text;
  return (
    <>
      {props.note !== undefined && (
        <Bar icon={<Info size={16} />} label={t('chat.dismiss')} onClose={props.onNoteRead}>
          <span role="status">{props.note}</span>
        </Bar>
      )}
      {props.editing ? (
        <Bar icon={<Pencil size={16} />} label={t('chat.edit-cancel')} onClose={() => props.onEdit(undefined)}>
          <strong>{t('chat.editing')}</strong>
          <span className={styles.said}>{saidIn(text, props.editing)}</span>
          {props.error && (
            <span className={styles.failed} role="alert">
              {t('chat.edit-failed', { because: text.errorText(props.error) })}
            </span>
          )}
        </Bar>
      ) : (
        props.replyTo !== undefined && (
          <ReplyBar chat={props.chat} id={props.replyTo} onClose={() => props.onReply(undefined)} />
        )
      )}
    </>
  );
}

function ReplyBar({
  chat,
  id,
  onClose,
}: {
  readonly chat: string;
  readonly id: string;
  readonly onClose: () => void;
}): ReactElement {
  const text = useText();
  const original = useMessage(chat, id);
  const who = useAuthor(chat, original ?? undefined);
  return (
    <Bar icon={<Reply size={16} />} label={text.t('chat.reply-cancel')} onClose={onClose}>
      <strong>{text.t('chat.replying', { who })}</strong>
      <span className={styles.said}>{original ? saidIn(text, original) : text.t('chat.quote-unknown')}</span>
    </Bar>
  );
}

function Bar({
  icon,
  label,
  onClose,
  children,
}: {
  readonly icon: ReactNode;
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className={styles.bar}>
      {icon}
      <div className={styles.barText}>{children}</div>
      <IconButton label={label} onClick={onClose}>
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}
