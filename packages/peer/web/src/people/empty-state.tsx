import { UserPlus } from 'lucide-react';
import type { ReactElement } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './empty-state.module.css';
import { MyLink } from './my-link.tsx';

/** Where no chat is open: how to begin one, by one's link, by a name, or from a terminal. */
export function EmptyState(): ReactElement {
  const { t } = useText();
  const name = useView((state) => state.account?.name ?? '');
  const hasFriends = useView((state) => [...state.contacts.values()].some((contact) => contact.state === 'member'));
  return (
    <div className={styles.screen}>
      <div className={styles.page}>
        <h1>{t(hasFriends ? 'people.empty.choose' : 'people.empty.begin')}</h1>
        <p className={styles.note}>{t(hasFriends ? 'people.empty.choose-how' : 'people.empty.begin-how')}</p>
        <MyLink />
        <div>
          <Button look="primary" onClick={() => goTo({ screen: 'add-friend' })}>
            <UserPlus size={18} aria-hidden="true" />
            {t('people.add.title')}
          </Button>
        </div>
        <div className={styles.terminal}>
          <p className={styles.note}>{t('people.empty.terminal', { name })}</p>
          <CommandLine>{`magpie contact add ${name}`}</CommandLine>
        </div>
      </div>
    </div>
  );
}
