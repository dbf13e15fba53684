import { ADDRESS_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import type { ReactElement } from 'react';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';
import { readServerInput } from './server-input.ts';

/** An address, or an invitation link, as somebody handed it out. */
export function ServerField({
  value,
  onChange,
  isOptional = false,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Left empty, the one that this profile knows is meant. */
  readonly isOptional?: boolean;
}): ReactElement {
  const { t } = useText();
  const isBroken = value.trim() !== '' && readServerInput(value) === undefined;
  return (
    <Field
      label={t('sign-in.server')}
      hint={t('sign-in.server.hint')}
      error={isBroken && /[?&]\S/.test(value) ? t('sign-in.server.bad-link') : undefined}
      value={value}
      onChange={({ target }) => onChange(target.value)}
      maxLength={ADDRESS_CHARS_MAX}
      placeholder="chat.example.org:10000#…"
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      required={!isOptional}
    />
  );
}
