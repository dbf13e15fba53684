import { Printer } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import styles from './sign-in.module.css';
import { SignInError } from './sign-in-error.tsx';

/** Shown once. Until somebody says that it is kept, each login makes another one. */
export function RecoveryCode({ code, onKept }: { readonly code: string; readonly onKept: () => void }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [isKept, setKept] = useState(false);
  const goOn = async () => {
    if (await run('account.recoveryKept', {})) onKept();
  };
  return (
    <Frame title={t('sign-in.recovery.title')} lead={t('sign-in.recovery.lead')}>
      <CommandLine>{code}</CommandLine>
      <p>{t('sign-in.recovery.what')}</p>
      <label className={styles.check}>
        <input type="checkbox" checked={isKept} onChange={({ target }) => setKept(target.checked)} />
        {t('sign-in.recovery.kept')}
      </label>
      <SignInError error={error} />
      <div className={styles.actions}>
        <Button look="primary" disabled={!isKept || busy} onClick={() => void goOn()}>
          {t('sign-in.recovery.do')}
        </Button>
        <Button onClick={() => window.print()}>
          <Printer size={16} aria-hidden="true" />
          {t('sign-in.recovery.print')}
        </Button>
      </div>
    </Frame>
  );
}
