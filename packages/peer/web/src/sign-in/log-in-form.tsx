import { type ReactElement, type SubmitEvent, useState } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import { PasswordField } from './password-field.tsx';
import type { FormProps } from './register-form.tsx';
import { ServerField } from './server-field.tsx';
import { readServerInput } from './server-input.ts';
import styles from './sign-in.module.css';
import { SignInError } from './sign-in-error.tsx';
import { wantsPassword } from './use-sign-in.ts';

/** The server has moved or was set up anew: its address may be given again. */
const SERVER_TROUBLES: ReadonlySet<string> = new Set(['SERVER_UNREACHABLE', 'SERVER_KEY_CHANGED', 'WRONG_PIN']);

/** By password; a device that this account knows already tries its own key first, without any. */
export function LogInForm({ error, onStart, other }: FormProps): ReactElement {
  const { t } = useText();
  const account = useView((state) => state.account);
  const [server, setServer] = useState('');
  const [name, setName] = useState(account?.name ?? '');
  const [password, setPassword] = useState('');
  const [hasTriedKey, setTriedKey] = useState(false);
  const given = readServerInput(server);
  const byKey = account !== null && !hasTriedKey && password === '' && !(error && wantsPassword(error));
  const isFit = byKey || (password !== '' && name !== '' && (account !== null || given !== undefined));

  const wantsServer = server !== '' || SERVER_TROUBLES.has(error?.code ?? '');

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isFit) return;
    setTriedKey(true);
    const where = given && { server: given.address };
    const who = byKey ? {} : { account: name, password };
    onStart({ method: 'account.login', params: { ...where, ...who, trustFirst: false } });
  };
  return (
    <Frame
      title={account ? t('sign-in.log-in.back-title', { name: account.name }) : t('sign-in.log-in.title')}
      lead={byKey ? t('sign-in.log-in.back-lead') : undefined}
    >
      <form className={styles.form} onSubmit={submit}>
        {(!account || wantsServer) && <ServerField value={server} onChange={setServer} isOptional={account !== null} />}
        <Field
          label={t('sign-in.account')}
          hint={account ? undefined : t('sign-in.account.hint')}
          value={name}
          onChange={({ target }) => setName(target.value.trim())}
          readOnly={account !== null}
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        {!byKey && <PasswordField label={t('sign-in.password')} value={password} onChange={setPassword} />}
        <SignInError error={byKey ? undefined : error} />
        <Button look="primary" type="submit" className={styles.submit} disabled={!isFit}>
          {t('sign-in.log-in.do')}
        </Button>
      </form>
      {other}
    </Frame>
  );
}
