import type { AccountJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import { AutoAway } from './auto-away.tsx';
import { LeaveAccount } from './leave-account.tsx';
import styles from './settings.module.css';

/** Who one is to others, the password, and how to leave. */
export function AccountSettings(): ReactElement | null {
  const { t } = useText();
  const account = useView((state) => state.account);
  const isSignedOut = useView((state) => state.status?.server.state === 'signed-out');
  if (!account) return <p>{t('settings.account.none')}</p>;
  return (
    <>
      <div className={styles.card}>
        <dl className={styles.facts}>
          <dt>{t('settings.account.name')}</dt>
          <dd>{account.name}</dd>
          <dt>{t('settings.account.number')}</dt>
          <dd>{account.id}</dd>
          <dt>{t('settings.account.server')}</dt>
          <dd>{account.server}</dd>
        </dl>
      </div>
      <Profile key={`${account.displayName}\n${account.signatureLine}`} account={account} />
      <AutoAway />
      {!isSignedOut && <Password />}
      {!isSignedOut && <LeaveAccount account={account} />}
    </>
  );
}

function Profile({ account }: { readonly account: AccountJson }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [displayName, setDisplayName] = useState(account.displayName);
  const [signatureLine, setSignatureLine] = useState(account.signatureLine);
  const isSame = displayName === account.displayName && signatureLine === account.signatureLine;
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    void run('account.setProfile', { displayName, signatureLine });
  };
  return (
    <form className={`${styles.card} ${styles.form}`} onSubmit={save}>
      <Field
        label={t('settings.account.display-name')}
        hint={t('settings.account.display-name-hint')}
        value={displayName}
        maxLength={64}
        required
        autoComplete="nickname"
        onChange={(event) => setDisplayName(event.currentTarget.value)}
      />
      <Field
        label={t('settings.account.signature')}
        hint={t('settings.account.signature-hint')}
        value={signatureLine}
        maxLength={80}
        onChange={(event) => setSignatureLine(event.currentTarget.value)}
      />
      <Failure error={error} />
      <div className={styles.row}>
        <Button type="submit" look="primary" disabled={busy || isSame}>
          {t('settings.save')}
        </Button>
      </div>
    </form>
  );
}

function Password(): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [oldPassword, setOldPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const [again, setAgain] = useState('');
  const [isDone, setDone] = useState(false);
  const differs = again !== '' && again !== newPassword;
  const change = async (event: SyntheticEvent) => {
    event.preventDefault();
    setDone(false);
    if (newPassword !== again) return;
    if (!(await run('account.changePassword', { oldPassword, newPassword }))) return;
    setDone(true);
    setOldPassword('');
    setNewPassword('');
    setAgain('');
  };
  return (
    <form className={`${styles.card} ${styles.form}`} onSubmit={(event) => void change(event)}>
      <h3>{t('settings.password')}</h3>
      <Field
        type="password"
        autoComplete="current-password"
        label={t('settings.password.old')}
        value={oldPassword}
        required
        onChange={(event) => setOldPassword(event.currentTarget.value)}
      />
      <Field
        type="password"
        autoComplete="new-password"
        label={t('settings.password.new')}
        hint={t('settings.password.hint')}
        value={newPassword}
        required
        onChange={(event) => setNewPassword(event.currentTarget.value)}
      />
      <Field
        type="password"
        autoComplete="new-password"
        label={t('settings.password.again')}
        error={differs ? t('settings.password.differs') : undefined}
        value={again}
        required
        onChange={(event) => setAgain(event.currentTarget.value)}
      />
      <Failure error={error} />
      {isDone && (
        <p className={styles.done} role="status">
          {t('settings.password.done')}
        </p>
      )}
      <div className={styles.row}>
        <Button type="submit" look="primary" disabled={busy || differs}>
          {t('settings.password.change')}
        </Button>
      </div>
    </form>
  );
}
