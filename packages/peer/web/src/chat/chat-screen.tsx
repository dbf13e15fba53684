import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Conversation } from '@magpie/common/view/view-state.ts';
import { type ReactElement, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { displayNameOf } from '../people/names.ts';
import { goTo, useNavigation } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import { ChatActionsContext } from './chat-actions.ts';
import { ChatHeader } from './chat-header.tsx';
import styles from './chat-screen.module.css';
import { ClosedComposer, isClosed } from './closed-composer.tsx';
import { Composer, type ComposerHandle } from './composer.tsx';
import { FindPanel } from './find-panel.tsx';
import { type LogHandle, MessageLog } from './message-log.tsx';
import { MessageOverlays } from './message-overlays.tsx';
import { useChatCommands } from './use-chat-commands.ts';
import { useMessageActions } from './use-message-actions.ts';

const NOTHING: Conversation = {
  rows: [],
  pending: [],
  atStart: false,
  atEnd: false,
  loading: 'first',
  error: undefined,
  divider: undefined,
  newBelow: 0,
  target: undefined,
};

/** One conversation: who, the log, the field; each chat starts with a screen of its own. */
export function ChatScreen({ chat }: { readonly chat: string }): ReactElement {
  return <OneChat key={chat} chat={chat} />;
}

function OneChat({ chat }: { readonly chat: string }): ReactElement {
  const text = useText();
  const { t } = text;
  const view = useViewModel();
  const contact = useView((state) => state.contacts.get(chat));
  const conversation = useView((state) => state.conversations.get(chat)) ?? NOTHING;
  const panel = useNavigation((navigation) => navigation.panel);
  const [replyTo, setReplyTo] = useState<string>();
  const [editing, setEditing] = useState<MessageJson>();
  const [note, setNote] = useState<string>();
  const log = useRef<LogHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const who = contact ? displayNameOf(contact) : chat;

  const onReply = useCallback((id: string | undefined) => {
    setReplyTo(id);
    if (id !== undefined) focusSoon(composer);
  }, []);
  const onEdit = useCallback((message: MessageJson | undefined) => {
    setEditing(message);
    focusSoon(composer);
  }, []);
  const { actions, overlay, closeOverlay } = useMessageActions({
    chat,
    isOpen: !isClosed(contact),
    onReply,
    onEdit,
    onNote: setNote,
  });
  const nudge = useCallback(() => {
    void view.call('message.nudge', { to: chat }).then((result) => {
      if (result.ok) log.current?.toEnd();
      else setNote(t('chat.nudge-failed', { because: text.errorText(result.error) }));
    });
  }, [view, chat, t, text]);
  const onFiles = useCallback(() => setNote(t('chat.no-files')), [t]);
  const shaking = useChatCommands({ chat, log, composer, onFiles });

  const closeFind = () => {
    goTo({ panel: 'none' });
    focusSoon(composer);
  };
  const onEditLast = () => {
    const message = actions.newestEditable();
    if (message) onEdit(message);
  };
  const { rows, loading, error } = conversation;
  const isReady = rows.length > 0 || (loading === 'none' && !error);
  // Arriving somewhere by keyboard or click, one can write at once; touch screens would cover half the page by keys.
  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) composer.current?.focus();
  }, []);

  return (
    <ChatActionsContext value={actions}>
      <div className={`${styles.chat} ${shaking ? styles.shaking : ''}`} data-chat={chat}>
        <ChatHeader chat={chat} contact={contact} onNudge={nudge} />
        {panel === 'find' && <FindPanel chat={chat} onClose={closeFind} />}
        {(contact?.missing ?? 0) > 0 && (
          <p className={styles.missing}>{t('chat.missing', { count: contact?.missing ?? 0, who })}</p>
        )}
        {isReady ? (
          <MessageLog
            ref={log}
            chat={chat}
            who={who}
            conversation={conversation}
            held={overlay && 'anchor' in overlay ? overlay.message.id : undefined}
          />
        ) : (
          <Waiting conversation={conversation} onRetry={() => view.openChat(chat)} />
        )}
        {isReady && conversation.error && (
          <p className={styles.missing} role="status">
            {t('chat.load-failed', { because: text.errorText(conversation.error) })}{' '}
            <Button onClick={() => (conversation.atEnd ? view.loadOlder(chat) : view.loadNewer(chat))}>
              {t('chat.retry')}
            </Button>
          </p>
        )}
        {isClosed(contact) ? (
          <ClosedComposer contact={contact} note={note} />
        ) : (
          <Composer
            ref={composer}
            chat={chat}
            who={who}
            replyTo={replyTo}
            editing={editing}
            note={note}
            onReply={onReply}
            onEdit={onEdit}
            onFiles={onFiles}
            onNoteRead={() => setNote(undefined)}
            onSent={() => log.current?.toEnd()}
            onFull={() => setNote(t('chat.too-many'))}
            onEditLast={onEditLast}
            onScroll={(how) => {
              if (how === 'to-end') log.current?.toEnd();
              else log.current?.turnPage(how === 'page-up' ? -1 : 1);
            }}
          />
        )}
        <MessageOverlays overlay={overlay} who={who} onClose={closeOverlay} />
      </div>
    </ChatActionsContext>
  );
}

/** Once the menu that was chosen from is gone, so that it does not take the focus along. */
function focusSoon(composer: RefObject<ComposerHandle | null>): void {
  setTimeout(() => composer.current?.focus(), 0);
}

/** While the first rows come; words only when it takes long enough to be noticed. */
function Waiting({
  conversation,
  onRetry,
}: {
  readonly conversation: Conversation;
  readonly onRetry: () => void;
}): ReactElement {
  const { t, errorText } = useText();
  return (
    <div className={styles.waiting}>
      {conversation.error ? (
        <>
          <p role="status">{t('chat.load-failed', { because: errorText(conversation.error) })}</p>
          <Button onClick={onRetry}>{t('chat.retry')}</Button>
        </>
      ) : (
        <p className={styles.late}>{t('chat.loading')}</p>
      )}
    </div>
  );
}
