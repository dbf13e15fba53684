import { type ReactElement, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** For whoever left the page open somewhere it should not be. */
export function ClosePages(): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [isAsked, setAsked] = useState(false);
  return (
    <div className={styles.card}>
      <div className={styles.item}>
        <div className={styles.words}>
          <p className={styles.strong}>{t('settings.close-pages')}</p>
          <p className={styles.note}>{t('settings.close-pages-means')}</p>
        </div>
        <Button onClick={() => setAsked(true)}>{t('settings.close-pages.do')}</Button>
      </div>
      {isAsked && (
        <Dialog open title={t('settings.close-pages')} onClose={() => setAsked(false)}>
          <p>{t('settings.close-pages-means')}</p>
          <Failure error={error} />
          <DialogActions>
            <Button autoFocus onClick={() => setAsked(false)}>
              {t('settings.cancel')}
            </Button>
            <Button look="primary" disabled={busy} onClick={() => void run('page.closeAll', {})}>
              {t('settings.close-pages.do')}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </div>
  );
}
