import { type ReactElement, type SubmitEvent, useState } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import { PasswordField } from './password-field.tsx';
import { passwordStrength } from './password-strength.ts';
import { RecoveryCodeField } from './recovery-code-field.tsx';
import type { FormProps } from './register-form.tsx';
import { ServerField } from './server-field.tsx';
import { readServerInput } from './server-input.ts';
import styles from './sign-in.module.css';
import { SignInError } from './sign-in-error.tsx';

/** The password is lost: the recovery code sets a new one, and lets this device in. */
export function RecoverForm({ error, onStart, other }: FormProps): ReactElement {
  const { t } = useText();
  const account = useView((state) => state.account);
  const [server, setServer] = useState('');
  const [name, setName] = useState(account?.name ?? '');
  const [recoveryCode, setRecoveryCode] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const given = readServerInput(server);
  const hasServer = account !== null || given !== undefined;
  const isFit = hasServer && name !== '' && recoveryCode.trim() !== '' && passwordStrength(newPassword) !== 'short';

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isFit) return;
    const where = given && { server: given.address };
    const params = { ...where, account: name, recoveryCode: recoveryCode.trim(), newPassword, trustFirst: false };
    onStart({ method: 'account.login', params });
  };
  return (
    <Frame title={t('sign-in.recover.title')} lead={t('sign-in.recover.lead')}>
      <form className={styles.form} onSubmit={submit}>
        {!account && <ServerField value={server} onChange={setServer} />}
        <Field
          label={t('sign-in.account')}
          value={name}
          onChange={({ target }) => setName(target.value.trim())}
          readOnly={account !== null}
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        <RecoveryCodeField value={recoveryCode} onChange={setRecoveryCode} />
        <PasswordField label={t('sign-in.new-password')} value={newPassword} onChange={setNewPassword} isNew />
        <SignInError error={error} />
        <Button look="primary" type="submit" className={styles.submit} disabled={!isFit}>
          {t('sign-in.recover.do')}
        </Button>
      </form>
      {other}
    </Frame>
  );
}
