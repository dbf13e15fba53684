import type { ReactElement } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './friend-window.module.css';

/** What a list says while it is empty: how it fills. */
export function ListHint({ list }: { readonly list: 'chats' | 'friends' }): ReactElement | null {
  const { t } = useText();
  const loaded = useView((state) => state.loaded);
  const hasFriends = useView((state) => [...state.contacts.values()].some((contact) => contact.state === 'member'));
  const isEmpty = useView((state) => (list === 'chats' ? state.chats.size === 0 && state.drafts.size === 0 : false));
  if (!loaded || (list === 'chats' ? !isEmpty : hasFriends)) return null;
  return (
    <div className={styles.hint}>
      <p>{t(list === 'chats' && hasFriends ? 'people.hint.no-chats' : 'people.hint.no-friends')}</p>
      {hasFriends ? (
        <Button onClick={() => goTo({ list: 'friends' })}>{t('people.hint.to-friends')}</Button>
      ) : (
        <Button look="primary" onClick={() => goTo({ screen: 'add-friend' })}>
          {t('people.add.title')}
        </Button>
      )}
    </div>
  );
}
