import { parseAccountName } from '@magpie/common/ids.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { type ReactElement, type ReactNode, type SubmitEvent, useState } from 'react';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import { PasswordField } from './password-field.tsx';
import { passwordStrength } from './password-strength.ts';
import { ServerField } from './server-field.tsx';
import { readServerInput } from './server-input.ts';
import styles from './sign-in.module.css';
import { SignInError } from './sign-in-error.tsx';
import type { Attempt } from './use-sign-in.ts';

export interface FormProps {
  /** Why the last try failed. */
  readonly error: RpcError | undefined;
  readonly onStart: (attempt: Attempt) => void;
  /** The ways to the other forms. */
  readonly other: ReactNode;
}

export function RegisterForm({ error, onStart, other }: FormProps): ReactElement {
  const { t } = useText();
  const [server, setServer] = useState('');
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState('');
  const [invite, setInvite] = useState('');
  const given = readServerInput(server);
  const needsInvite = error?.refusal === 'bad-invite' || invite !== '';
  const isFit = passwordStrength(password) !== 'short' && parseAccountName(name) !== undefined && given !== undefined;

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!given || !isFit) return;
    const code = invite.trim() || given.invite;
    const params = {
      server: given.address,
      trustFirst: false,
      name,
      displayName: displayName.trim() || name,
      password,
    };
    onStart({ method: 'account.register', params: code === undefined ? params : { ...params, invite: code } });
  };
  return (
    <Frame title={t('sign-in.register.title')} lead={t('sign-in.register.lead')}>
      <form className={styles.form} onSubmit={submit}>
        <ServerField value={server} onChange={setServer} />
        <Field
          label={t('sign-in.name')}
          hint={t('sign-in.name.hint')}
          error={nameTrouble(name) ? t(nameTrouble(name)!) : undefined}
          value={name}
          onChange={({ target }) => setName(target.value.trim().toLowerCase())}
          maxLength={32}
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        <Field
          label={t('sign-in.display-name')}
          hint={t('sign-in.display-name.hint')}
          value={displayName}
          onChange={({ target }) => setDisplayName(target.value)}
          maxLength={128}
          autoComplete="nickname"
        />
        <PasswordField label={t('sign-in.password')} value={password} onChange={setPassword} isNew />
        {needsInvite && (
          <Field
            label={t('sign-in.invite')}
            hint={t('sign-in.invite.hint')}
            value={invite}
            onChange={({ target }) => setInvite(target.value)}
            maxLength={64}
            autoComplete="off"
          />
        )}
        <SignInError error={error} />
        <Button look="primary" type="submit" className={styles.submit} disabled={!isFit}>
          {t('sign-in.register.do')}
        </Button>
      </form>
      {other}
    </Frame>
  );
}

/** What is wrong already, however it goes on; a name that is only too short may still grow. */
function nameTrouble(name: string): 'sign-in.name.begin' | 'sign-in.name.letters' | undefined {
  if (name === '') return undefined;
  if (!/^[a-z]/.test(name)) return 'sign-in.name.begin';
  return /^[a-z0-9_]*$/.test(name) ? undefined : 'sign-in.name.letters';
}
