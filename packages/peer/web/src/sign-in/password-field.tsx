import { Eye, EyeOff } from 'lucide-react';
import { type ReactElement, useId, useState } from 'react';
import { IconButton } from '../design/button.tsx';
import fieldStyles from '../design/field.module.css';
import { useText } from '../text/text.tsx';
import { passwordStrength } from './password-strength.ts';
import styles from './sign-in.module.css';

/** A password that may be seen, pasted and filled in by a password manager; a new one is judged while it is typed. */
export function PasswordField({
  label,
  value,
  onChange,
  isNew = false,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isNew?: boolean;
}): ReactElement {
  const { t } = useText();
  const id = useId();
  const [isShown, setShown] = useState(false);
  return (
    <div className={fieldStyles.field}>
      <label className={fieldStyles.label} htmlFor={id}>
        {label}
      </label>
      <div className={styles.password}>
        <input
          id={id}
          className={fieldStyles.control}
          type={isShown ? 'text' : 'password'}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          aria-describedby={isNew ? `${id}-note` : undefined}
          spellCheck={false}
          autoCapitalize="off"
          required
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
        <IconButton
          label={t(isShown ? 'sign-in.hide-password' : 'sign-in.show-password')}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? <EyeOff size={18} aria-hidden="true" /> : <Eye size={18} aria-hidden="true" />}
        </IconButton>
      </div>
      {isNew && <Strength id={`${id}-note`} password={value} />}
    </div>
  );
}

const STEPS = ['weak', 'fair', 'strong'] as const;

function Strength({ id, password }: { readonly id: string; readonly password: string }): ReactElement {
  const { t } = useText();
  const strength = passwordStrength(password);
  const reached = (STEPS as readonly string[]).indexOf(strength);
  return (
    <div id={id} className={fieldStyles.hint}>
      <div className={styles.meter} aria-hidden="true">
        {STEPS.map((step, index) => (
          <span key={step} data-on={index <= reached ? strength : undefined} />
        ))}
      </div>
      <span role="status">{password === '' ? t('sign-in.password.hint') : t(`sign-in.password.${strength}`)}</span>
    </div>
  );
}
