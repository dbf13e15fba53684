import type { ReactElement, ReactNode } from 'react';
import { Button } from '../design/button.tsx';
import { setPreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import styles from './sign-in.module.css';

/** The sheet that every step of the sign-in is written on. */
export function Frame({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <main className={styles.page}>
      <div className={styles.sheet}>
        <header className={styles.head}>
          <img src="/favicon.svg" alt="" width="48" height="48" />
          <LanguageSwitch />
        </header>
        <div className={styles.words}>
          <h1 tabIndex={-1} className={styles.title}>
            {title}
          </h1>
          {lead && <p className={styles.lead}>{lead}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}

/** In the other language's own word, so that whoever needs it can read it. */
function LanguageSwitch(): ReactElement {
  const { language } = useText();
  const other = language === 'en' ? 'zh-CN' : 'en';
  return (
    <Button look="quiet" lang={other} onClick={() => setPreferences({ language: other })}>
      {other === 'en' ? 'English' : '简体中文'}
    </Button>
  );
}
