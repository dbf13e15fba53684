import { Clock3, ShieldAlert } from 'lucide-react';
import { memo, type ReactElement, useCallback, useDeferredValue, useMemo } from 'react';
import { useView } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import { useText } from '../text/text.tsx';
import { displayNameOf } from './names.ts';
import { UnreadBadge } from './person-row.tsx';
import { previewOf } from './preview.ts';
import { type ChatRow, chatRows } from './roster-order.ts';
import { RowList } from './row-list.tsx';
import styles from './rows.module.css';
import { fullTime, listTime } from './when.ts';

/** The chats with messages or drafts, the newest first. */
export function ChatList({
  nowMs,
  onOpen,
}: {
  readonly nowMs: number;
  readonly onOpen: (id: string) => void;
}): ReactElement {
  const { t } = useText();
  const chats = useDeferredValue(useView((state) => state.chats));
  const contacts = useDeferredValue(useView((state) => state.contacts));
  const drafts = useDeferredValue(useView((state) => state.drafts));
  const open = useView((state) => state.openChat);
  const isWhole = useView((state) => state.chatsWhole);
  const rows = useMemo(() => chatRows(chats, contacts, drafts, isWhole), [chats, contacts, drafts, isWhole]);
  const render = useCallback(
    (row: ChatRow, tabIndex: 0 | -1) => (
      <ChatListRow
        id={row.id}
        contact={row.contact}
        chat={row.chat}
        draft={row.draft}
        nowMs={nowMs}
        current={row.id === open}
        tabIndex={tabIndex}
        onOpen={onOpen}
      />
    ),
    [nowMs, open, onOpen],
  );
  return <RowList label={t('people.tab.chats')} rows={rows} idOf={idOf} nameOf={nameOf} render={render} />;
}

function idOf(row: ChatRow): string {
  return row.id;
}

function nameOf({ contact, id }: ChatRow): string {
  return contact ? displayNameOf(contact) : id;
}

const ChatListRow = memo(function ChatListRow({
  id,
  contact,
  chat,
  draft,
  nowMs,
  current,
  tabIndex,
  onOpen,
}: ChatRow & {
  readonly nowMs: number;
  readonly current: boolean;
  readonly tabIndex: 0 | -1;
  readonly onOpen: (id: string) => void;
}) {
  const { locale } = useText();
  const name = nameOf({ id, contact, chat, draft });
  const isFriend = contact?.state === 'member';
  const unread = contact?.unread ?? chat?.unread ?? 0;
  const at = chat?.last?.at ?? draft?.at;
  return (
    <button
      type="button"
      className={`${styles.row} ${unread > 0 ? styles.fresh : ''}`}
      data-row={id}
      tabIndex={tabIndex}
      aria-current={current ? 'true' : undefined}
      onClick={() => onOpen(id)}
    >
      <Avatar name={name} number={id} presence={isFriend ? contact.presence : undefined} />
      <span className={styles.words}>
        <span className={styles.line}>
          <span className={styles.name}>{name}</span>
          {isFriend && <PresenceWord presence={contact.presence} />}
          {at && (
            // The words that a pointer brings up are made when it comes: formats take long to make.
            <time
              className={styles.time}
              dateTime={at}
              onPointerEnter={({ currentTarget }) => {
                currentTarget.title = fullTime(at, locale);
              }}
            >
              {listTime(at, nowMs, locale)}
            </time>
          )}
        </span>
        <span className={styles.line}>
          <Preview id={id} contact={contact} chat={chat} draft={current ? undefined : draft} />
          {unread > 0 && <UnreadBadge count={unread} />}
        </span>
      </span>
    </button>
  );
});

/** The dot has the shape and the colour; this is its word. */
function PresenceWord({ presence }: { readonly presence: NonNullable<ChatRow['contact']>['presence'] }): ReactElement {
  const { t } = useText();
  return <span className="visually-hidden">{t(`presence.${presence}`)}</span>;
}

function Preview({ id, contact, chat, draft }: ChatRow): ReactElement {
  const text = useText();
  const { t } = text;
  const last = chat?.last;
  if (contact?.typing)
    return <span className={`${styles.second} ${styles.sentence} ${styles.typing}`}>{t('people.row.typing')}</span>;
  if (draft) {
    return (
      <span className={styles.second}>
        <span className={styles.draft}>{t('people.row.draft')}</span> {draft.text.slice(0, 160)}
      </span>
    );
  }
  const words = last ? previewOf(last, nameOf({ id, contact, chat, draft }), text) : '';
  return (
    <>
      {contact?.keyChanged && contact.state === 'member' && (
        <span className={`${styles.state} ${styles.warn}`}>
          <ShieldAlert size={14} aria-hidden="true" />
          <span className="visually-hidden">{t('people.row.key-changed')}</span>
        </span>
      )}
      {last?.direction === 'out' && last.state === 'queued' && (
        <span className={styles.state}>
          <Clock3 size={13} aria-hidden="true" />
          <span className="visually-hidden">{t('people.row.queued')}</span>
        </span>
      )}
      {last?.direction === 'out' && last.state === 'refused' && (
        <span className={styles.refused}>{t('people.row.refused')}</span>
      )}
      <span className={styles.second}>{words}</span>
    </>
  );
}
