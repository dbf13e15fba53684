import { type ReactElement, useEffect, useState } from 'react';
import { useText } from '../text/text.tsx';
import styles from './waiting.module.css';

/** Nothing, then words: what comes within a moment needs no notice. */
const WORDS_AFTER_MS = 600;

export function Waiting(): ReactElement {
  const { t } = useText();
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), WORDS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className={styles.waiting} aria-busy="true">
      {isLong && <p role="status">{t('shell.loading')}</p>}
    </main>
  );
}
