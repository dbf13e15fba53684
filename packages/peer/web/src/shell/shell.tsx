import { type ReactElement, useEffect, useRef, useState } from 'react';
import { useView } from '../connection/view.tsx';
import { FriendWindow } from '../people/friend-window.tsx';
import { displayNameOf } from '../people/names.ts';
import { useText } from '../text/text.tsx';
import { Announcer } from './announcer.tsx';
import { BackButton } from './back-button.tsx';
import { Banners } from './banners.tsx';
import { Late, LatePlace } from './late-part.tsx';
import { goTo, type Navigation, useNavigation } from './navigation.ts';
import { Overlays } from './overlays.tsx';
import {
  AboutPanel,
  AddFriend,
  ChatScreen,
  EmptyState,
  fetchScreensAtLeisure,
  NoticesScreen,
  SearchScreen,
  SettingsScreen,
} from './screens.ts';
import styles from './shell.module.css';
import { Toasts } from './toasts.tsx';
import { useBell } from './use-bell.ts';
import { useDroppedFiles } from './use-dropped-files.ts';
import { useKeys } from './use-keys.ts';
import { useTrail } from './use-trail.ts';
import { useUnreadTitle } from './use-unread-title.ts';

/** What nobody waits for comes by then all the same. */
const IDLE_BY_MS = 1_000;

/** The messenger: who there is, what is open, and what belongs to it. Narrow windows show one of them at a time. */
export function Shell(): ReactElement {
  const { t } = useText();
  const nav = useRef<HTMLElement>(null);
  const main = useRef<HTMLElement>(null);
  const aside = useRef<HTMLElement>(null);
  useKeys({ nav, main, aside });
  useBell();
  useTrail();
  useDroppedFiles();
  useUnreadTitle();

  const openChat = useView((state) => state.openChat);
  const contact = useView((state) => (state.openChat === undefined ? undefined : state.contacts.get(state.openChat)));
  const screen = useNavigation((navigation) => navigation.screen);
  const panel = useNavigation((navigation) => navigation.panel);
  const isAway = screen !== 'none' || openChat !== undefined;
  const hasPanel = panel === 'about' && screen === 'none' && contact !== undefined;

  // A conversation that is opened from anywhere is what one wants to see.
  useEffect(() => {
    if (openChat !== undefined) goTo({ screen: 'none' });
  }, [openChat]);
  useEffect(fetchScreensAtLeisure, []);
  useBackToOpener(aside, hasPanel);
  useBackToRow(nav, openChat);

  const frame = [styles.frame, isAway && styles.inside, hasPanel && styles.withPanel].filter(Boolean).join(' ');
  const isBehind = !isAway || hasPanel;
  const label = screen === 'none' && contact ? displayNameOf(contact) : undefined;
  return (
    <div className={styles.page}>
      <header className={styles.banners}>
        <Banners />
      </header>
      <div className={frame}>
        <nav ref={nav} className={styles.nav} aria-label={t('shell.region.list')} tabIndex={-1}>
          <FriendWindow />
        </nav>
        <main
          ref={main}
          className={isBehind ? `${styles.main} ${styles.behind}` : styles.main}
          aria-label={label === undefined ? t(REGION_NAMES[screen]) : t('shell.region.chat', { who: label })}
          tabIndex={-1}
        >
          <h1 className={styles.heading}>{label ?? t('shell.region.list')}</h1>
          {screen !== 'none' && (
            <div className={styles.back}>
              <BackButton />
              {t(REGION_NAMES[screen])}
            </div>
          )}
          <div className={styles.screen}>
            <LatePlace key={screen === 'none' && openChat !== undefined ? 'chat' : screen}>
              <Middle screen={screen} chat={openChat} />
            </LatePlace>
          </div>
        </main>
        {hasPanel && (
          <aside ref={aside} className={styles.aside} aria-label={t('shell.region.about')} tabIndex={-1}>
            <LatePlace>
              <Late part={AboutPanel} contact={contact} />
            </LatePlace>
          </aside>
        )}
        <Toasts />
      </div>
      <Overlays />
      <Announcer />
    </div>
  );
}

const REGION_NAMES = {
  none: 'shell.region.empty',
  settings: 'shell.region.settings',
  notices: 'shell.region.notices',
  'add-friend': 'shell.region.add-friend',
  search: 'shell.region.search',
  'sign-in': 'shell.region.empty',
} as const;

function Middle({
  screen,
  chat,
}: {
  readonly screen: Navigation['screen'];
  readonly chat: string | undefined;
}): ReactElement {
  switch (screen) {
    case 'settings':
      return <Late part={SettingsScreen} />;
    case 'notices':
      return <Late part={NoticesScreen} />;
    case 'add-friend':
      return <Late part={AddFriend} />;
    case 'search':
      return <Late part={SearchScreen} />;
    case 'none':
    case 'sign-in':
      return chat === undefined ? <EmptyMiddle /> : <Late part={ChatScreen} key={chat} chat={chat} />;
  }
}

let wasIdle = false;

/** Nobody waits for it while the lists are made for the first time. */
function EmptyMiddle(): ReactElement | null {
  const [isIdle, setIdle] = useState(wasIdle);
  useEffect(() => {
    const begin = () => {
      wasIdle = true;
      setIdle(true);
    };
    const handle = requestIdleCallback(begin, { timeout: IDLE_BY_MS });
    return () => cancelIdleCallback(handle);
  }, []);
  return isIdle ? <Late part={EmptyState} /> : null;
}

/** The panel is reached as it opens, and leaves the focus where it was taken from. */
function useBackToOpener(panel: React.RefObject<HTMLElement | null>, isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return;
    const opener = document.activeElement;
    panel.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected && isFocusLost()) opener.focus();
    };
  }, [isOpen, panel]);
}

/** Who left a conversation goes on from its row in the list. */
function useBackToRow(nav: React.RefObject<HTMLElement | null>, openChat: string | undefined): void {
  const left = useRef<string>(undefined);
  useEffect(() => {
    if (openChat === undefined && left.current !== undefined && isFocusLost()) {
      nav.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(left.current)}"]`)?.focus();
    }
    left.current = openChat;
  }, [nav, openChat]);
}

function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
