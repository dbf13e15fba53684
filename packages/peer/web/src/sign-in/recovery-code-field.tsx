import { CODE_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import type { ReactElement } from 'react';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';

export function RecoveryCodeField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const { t } = useText();
  return (
    <Field
      label={t('sign-in.recovery-code')}
      hint={t('sign-in.recovery-code.hint')}
      value={value}
      onChange={({ target }) => onChange(target.value)}
      maxLength={CODE_CHARS_MAX}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      required
    />
  );
}
