import { type ReactElement, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** A new recovery code: shown once, and kept only by the person (R7). */
export function RecoveryCode(): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const isUnseen = useView((state) => state.status?.recoveryUnseen ?? false);
  const [code, setCode] = useState<string>();
  const [isKept, setKept] = useState(false);
  const renew = async () => {
    setKept(false);
    const made = await run('account.renewRecovery', {});
    if (made) setCode(made.recoveryCode);
  };
  const keep = async () => {
    if (!(await run('account.recoveryKept', {}))) return;
    setCode(undefined);
    setKept(true);
  };
  return (
    <div className={styles.card}>
      <h3>{t('settings.recovery')}</h3>
      <p className={styles.note}>{t(isUnseen && !code ? 'settings.recovery.unseen' : 'settings.recovery.means')}</p>
      {code && (
        <div className={styles.code}>
          <CommandLine>{code}</CommandLine>
          <p className={styles.note}>{t('settings.recovery.once')}</p>
        </div>
      )}
      {isKept && (
        <p role="status" className={styles.done}>
          {t('settings.recovery.kept')}
        </p>
      )}
      <Failure error={error} />
      <div className={styles.row}>
        {code ? (
          <Button look="primary" disabled={busy} onClick={() => void keep()}>
            {t('settings.recovery.keep')}
          </Button>
        ) : (
          <Button disabled={busy} onClick={() => void renew()}>
            {t('settings.recovery.renew')}
          </Button>
        )}
      </div>
    </div>
  );
}
