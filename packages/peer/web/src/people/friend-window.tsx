import { Tabs } from '@base-ui/react/tabs';
import { Megaphone, Search, Settings, UserPlus, X } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { IconButton } from '../design/button.tsx';
import { goTo, type Navigation, useNavigation } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import { ChatList } from './chat-list.tsx';
import { type Asked, ContactDialog } from './contact-dialog.tsx';
import { FriendList } from './friend-list.tsx';
import styles from './friend-window.module.css';
import { ListHint } from './list-hint.tsx';
import { UnreadBadge } from './person-row.tsx';
import { RequestList } from './request-list.tsx';
import { RowMenu } from './row-menu.tsx';
import { SearchResults } from './search-results.tsx';
import { SelfHeader } from './self-header.tsx';
import { ServerState } from './server-state.tsx';
import { useNow } from './use-now.ts';

const ICON = 18;
/** A dialog gives the focus back within a frame or two. */
const FOCUS_SETTLED_MS = 50;
const LISTS: readonly Navigation['list'][] = ['chats', 'friends', 'requests'];

/** The left column: oneself, the search, and the lists of chats, friends and requests. */
export function FriendWindow(): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const list = useNavigation((state) => state.list);
  const nowMs = useNow();
  const [query, setQuery] = useState('');
  const [asked, setAsked] = useState<Asked>();
  const open = useCallback(
    (id: string) => {
      view.openChat(id);
      goTo({ screen: 'none' });
    },
    [view],
  );
  // The menu that led to the question is gone, and with it what had the focus.
  const answered = () => {
    const row = asked && document.querySelector<HTMLElement>(`[data-row="${CSS.escape(asked.id)}"]`);
    setAsked(undefined);
    setTimeout(() => document.activeElement === document.body && row?.focus(), FOCUS_SETTLED_MS);
  };
  const isSearching = query.trim() !== '';

  return (
    <div className={styles.window}>
      <SelfHeader />
      <SearchBox query={query} onQuery={setQuery} />
      <RowMenu onOpen={open} ask={setAsked}>
        {isSearching ? (
          <SearchResults query={query} nowMs={nowMs} onOpen={open} />
        ) : (
          <Tabs.Root
            className={styles.fill}
            value={list}
            onValueChange={(value: Navigation['list']) => goTo({ list: value })}
          >
            <Tabs.List className={styles.tabs} aria-label={t('people.lists')} activateOnFocus>
              {LISTS.map((each) => (
                <Tabs.Tab key={each} value={each} className={styles.tab}>
                  {t(`people.tab.${each}`)}
                  <TabCount list={each} />
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="chats" className={styles.fill} tabIndex={-1}>
              <ListHint list="chats" />
              <ChatList nowMs={nowMs} onOpen={open} />
            </Tabs.Panel>
            <Tabs.Panel value="friends" className={styles.fill} tabIndex={-1}>
              <ListHint list="friends" />
              <FriendList nowMs={nowMs} onOpen={open} />
            </Tabs.Panel>
            <Tabs.Panel value="requests" className={styles.fill} tabIndex={-1}>
              <RequestList ask={setAsked} />
            </Tabs.Panel>
          </Tabs.Root>
        )}
      </RowMenu>
      <footer className={styles.footer}>
        <IconButton label={t('people.add.title')} onClick={() => goTo({ screen: 'add-friend' })}>
          <UserPlus size={ICON} aria-hidden="true" />
        </IconButton>
        <IconButton label={t('people.notices')} onClick={() => goTo({ screen: 'notices' })}>
          <Megaphone size={ICON} aria-hidden="true" />
        </IconButton>
        <IconButton label={t('people.settings')} onClick={() => goTo({ screen: 'settings' })}>
          <Settings size={ICON} aria-hidden="true" />
        </IconButton>
        <ServerState />
      </footer>
      <ContactDialog asked={asked} onClose={answered} />
    </div>
  );
}

function SearchBox({
  query,
  onQuery,
}: {
  readonly query: string;
  readonly onQuery: (query: string) => void;
}): ReactElement {
  const { t } = useText();
  const input = useRef<HTMLInputElement>(null);
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape' && query !== '') {
      event.stopPropagation();
      onQuery('');
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
      const first = firstRow(event.currentTarget);
      if (!first || query.trim() === '') return;
      event.preventDefault();
      if (event.key === 'Enter') first.click();
      else first.focus();
    }
  };
  return (
    <search className={styles.search}>
      <Search size={16} aria-hidden="true" className={styles.searchIcon} />
      <input
        ref={input}
        id="people-search"
        type="text"
        className={styles.searchInput}
        aria-label={t('people.search')}
        placeholder={t('people.search')}
        autoComplete="off"
        spellCheck={false}
        maxLength={256}
        value={query}
        onChange={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {query !== '' && (
        <IconButton
          className={styles.clear ?? ''}
          label={t('people.search.clear')}
          onClick={() => {
            onQuery('');
            input.current?.focus();
          }}
        >
          <X size={16} aria-hidden="true" />
        </IconButton>
      )}
    </search>
  );
}

function firstRow(input: HTMLElement): HTMLElement | null | undefined {
  return input.closest(`.${styles.window}`)?.querySelector<HTMLElement>('[data-row]');
}

function TabCount({ list }: { readonly list: Navigation['list'] }): ReactElement | null {
  const { t } = useText();
  const contacts = useDeferredValue(useView((state) => state.contacts));
  const count = useMemo(() => {
    const each = [...contacts.values()];
    if (list === 'chats') return each.reduce((sum, { unread }) => sum + unread, 0);
    return list === 'requests' ? each.filter(({ state }) => state === 'asking').length : 0;
  }, [contacts, list]);
  if (count === 0) return null;
  if (list === 'chats') return <UnreadBadge count={count} />;
  return (
    <span className={styles.count}>
      <span aria-hidden="true">{count}</span>
      <span className="visually-hidden">{t('people.tab.requests-count', { count })}</span>
    </span>
  );
}
