import type { AccountJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type SyntheticEvent, useId, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** Out for a while, or for ever. */
export function LeaveAccount({ account }: { readonly account: AccountJson }): ReactElement {
  const { t } = useText();
  const [asked, setAsked] = useState<'log-out' | 'delete'>();
  const close = () => setAsked(undefined);
  return (
    <div className={`${styles.card} ${styles.danger}`}>
      <div className={styles.item}>
        <div className={styles.words}>
          <p className={styles.strong}>{t('settings.log-out')}</p>
          <p className={styles.note}>{t('settings.log-out-means')}</p>
        </div>
        <Button onClick={() => setAsked('log-out')}>{t('settings.log-out')}</Button>
      </div>
      <div className={styles.item}>
        <div className={styles.words}>
          <p className={styles.strong}>{t('settings.delete')}</p>
          <p className={styles.note}>{t('settings.delete-means')}</p>
        </div>
        <Button look="danger" onClick={() => setAsked('delete')}>
          {t('settings.delete')}
        </Button>
      </div>
      {asked === 'log-out' && <LogOutDialog onClose={close} />}
      {asked === 'delete' && <DeleteDialog name={account.name} onClose={close} />}
    </div>
  );
}

function LogOutDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const leave = async () => {
    if (await run('account.logout', {})) onClose();
  };
  return (
    <Dialog open title={t('settings.log-out.title')} onClose={onClose}>
      <p>{t('settings.log-out.needs')}</p>
      <Failure error={error} />
      <DialogActions>
        <Button autoFocus onClick={onClose}>
          {t('settings.cancel')}
        </Button>
        <Button look="primary" disabled={busy} onClick={() => void leave()}>
          {t('settings.log-out')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** Needs the password, and the name typed out: it cannot come back. */
function DeleteDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }): ReactElement {
  const { t } = useText();
  const form = useId();
  const { busy, error, run } = useAction();
  const [password, setPassword] = useState('');
  const [typed, setTyped] = useState('');
  const remove = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (typed.trim() !== name) return;
    if (await run('account.delete', { password })) onClose();
  };
  return (
    <Dialog open title={t('settings.delete.title', { name })} onClose={onClose}>
      <p>{t('settings.delete.consequences', { name })}</p>
      <form id={form} className={styles.form} onSubmit={(event) => void remove(event)}>
        <Field
          label={t('settings.delete.type-name', { name })}
          value={typed}
          autoComplete="off"
          autoFocus
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Field
          type="password"
          autoComplete="current-password"
          label={t('settings.delete.password')}
          value={password}
          required
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      </form>
      <Failure error={error} />
      <DialogActions>
        <Button onClick={onClose}>{t('settings.cancel')}</Button>
        <Button look="danger" type="submit" form={form} disabled={busy || typed.trim() !== name || password === ''}>
          {t('settings.delete.yes')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
