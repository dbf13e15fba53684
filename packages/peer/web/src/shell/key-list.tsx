import type { ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import styles from './key-list.module.css';
import { KEY_MAP, keyWords } from './key-map.ts';

/** Every key of the page with what it does; in the help, and in the settings. */
export function KeyList(): ReactElement {
  const { t } = useText();
  const isApple = /mac|iphone|ipad/i.test(navigator.userAgent);
  return (
    <dl className={styles.list}>
      {KEY_MAP.map(({ does, keys }) => (
        <div key={does} className={styles.row}>
          <dt>{t(`shell.keys.${does}`)}</dt>
          <dd className={styles.keys}>
            {keys.map((each) => (
              <kbd key={each}>{keyWords(each, isApple)}</kbd>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
