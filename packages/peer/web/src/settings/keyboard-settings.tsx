import type { ReactElement } from 'react';
import { KeyList } from '../shell/key-list.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

export function KeyboardSettings(): ReactElement {
  const { t } = useText();
  return (
    <div className={styles.card}>
      <p className={styles.note}>{t('settings.keyboard.lists')}</p>
      <KeyList />
    </div>
  );
}
