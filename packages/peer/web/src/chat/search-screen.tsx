import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { isImeEvent } from '@magpie/common/view/ime.ts';
import { X } from 'lucide-react';
import { type ReactElement, useEffect, useMemo, useRef } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import { IconButton } from '../design/button.tsx';
import { displayNameOf } from '../people/names.ts';
import { goTo, useNavigation } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './search.module.css';
import { MoreResults, moveInResults, SearchResults, SearchState } from './search-results.tsx';
import { useEnter } from './use-enter.ts';
import { useSearch } from './use-search.ts';

/** Finds in everything this profile keeps, grouped by conversation. */
export function SearchScreen(): ReactElement {
  const { t } = useText();
  // Another part of the page may say what to look for, also while this one is open.
  const typed = useNavigation((navigation) => navigation.query);
  const search = useSearch(typed, undefined);
  const groups = useMemo(() => byChat(search.found), [search.found]);
  const view = useViewModel();
  const open = (message: MessageJson) => {
    view.openChat(message.chat, message.id);
    goTo({ screen: 'none' });
  };
  const onEnter = useEnter(search, typed, open);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  return (
    <search className={styles.screen} onKeyDown={moveInResults}>
      <div className={styles.head}>
        <h1>{t('chat.search-title')}</h1>
        <IconButton label={t('chat.search-close')} onClick={() => goTo({ screen: 'none' })}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </div>
      <input
        ref={field}
        className={styles.field}
        type="search"
        aria-label={t('chat.search-field')}
        placeholder={t('chat.search-field')}
        value={typed}
        onChange={(event) => goTo({ query: event.target.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !isImeEvent(event.nativeEvent)) onEnter();
        }}
      />
      <SearchState search={search} typed={typed} />
      <div className={styles.groups}>
        {groups.map(([chat, found]) => (
          <ChatResults key={chat} chat={chat} found={found} query={search.query} onOpen={open} />
        ))}
        <MoreResults search={search} />
      </div>
    </search>
  );
}

function ChatResults({
  chat,
  found,
  query,
  onOpen,
}: {
  readonly chat: string;
  readonly found: readonly MessageJson[];
  readonly query: string;
  readonly onOpen: (message: MessageJson) => void;
}): ReactElement {
  const { t } = useText();
  const contact = useView((state) => state.contacts.get(chat));
  const name = contact ? displayNameOf(contact) : chat;
  return (
    <section className={styles.chat} aria-label={name}>
      <h2 className={styles.chatHead}>
        <Avatar name={name} number={chat} size="small" />
        <span dir="auto">{name}</span>
        <span className={styles.count}>{t('chat.search-found', { count: found.length })}</span>
      </h2>
      <SearchResults found={found} query={query} onOpen={onOpen} />
    </section>
  );
}

/** Chats in the order of their newest match. */
function byChat(found: readonly MessageJson[]): readonly (readonly [string, readonly MessageJson[]])[] {
  return [...Map.groupBy(found, (message) => message.chat)];
}
