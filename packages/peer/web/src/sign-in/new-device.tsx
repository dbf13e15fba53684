import { CODE_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { type ReactElement, type SubmitEvent, useState } from 'react';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import { RecoveryCodeField } from './recovery-code-field.tsx';
import styles from './sign-in.module.css';
import { SignInError } from './sign-in-error.tsx';
import type { Attempt } from './use-sign-in.ts';

const WAYS = ['approval', 'recovery', 'new-identity'] as const;
type Way = (typeof WAYS)[number];

/** How the account's key comes to this device (R7), with what each way costs. */
export function NewDevice({
  attempt,
  tried,
  error,
  onStart,
  onBack,
}: {
  readonly attempt: Attempt;
  readonly tried: Attempt;
  readonly error: RpcError | undefined;
  readonly onStart: (attempt: Attempt) => void;
  readonly onBack: () => void;
}): ReactElement {
  const { t } = useText();
  const last = tried.method === 'account.login' ? tried.params : undefined;
  const [way, setWay] = useState<Way>(last?.recoveryCode === undefined ? 'approval' : 'recovery');
  const [approvalCode, setApprovalCode] = useState(last?.approvalCode ?? '');
  const [recoveryCode, setRecoveryCode] = useState(last?.recoveryCode ?? '');
  const [acceptsCost, setAcceptsCost] = useState(false);
  const means = meansOf(way, approvalCode.trim(), recoveryCode.trim(), acceptsCost);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!means || attempt.method !== 'account.login') return;
    onStart({ method: 'account.login', params: { ...attempt.params, ...means } });
  };
  return (
    <Frame title={t('sign-in.new-device.title')} lead={t('sign-in.new-device.lead')}>
      <form className={styles.form} onSubmit={submit}>
        <fieldset className={styles.ways}>
          <legend className="visually-hidden">{t('sign-in.new-device.ways')}</legend>
          {WAYS.map((each) => (
            <label key={each} className={styles.way}>
              <input type="radio" name="way" checked={way === each} onChange={() => setWay(each)} />
              <strong>{t(`sign-in.new-device.${each}`)}</strong>
              <small>{t(`sign-in.new-device.${each}.how`)}</small>
            </label>
          ))}
        </fieldset>
        {way === 'approval' && (
          <Field
            label={t('sign-in.approval-code')}
            value={approvalCode}
            onChange={({ target }) => setApprovalCode(target.value)}
            maxLength={CODE_CHARS_MAX}
            autoComplete="one-time-code"
            autoCapitalize="off"
            spellCheck={false}
            required
          />
        )}
        {way === 'recovery' && <RecoveryCodeField value={recoveryCode} onChange={setRecoveryCode} />}
        {way === 'new-identity' && (
          <label className={styles.check}>
            <input type="checkbox" checked={acceptsCost} onChange={({ target }) => setAcceptsCost(target.checked)} />
            {t('sign-in.new-device.new-identity.confirm')}
          </label>
        )}
        <SignInError error={error} />
        <div className={styles.actions}>
          <Button look={way === 'new-identity' ? 'danger' : 'primary'} type="submit" disabled={!means}>
            {t(way === 'new-identity' ? 'sign-in.new-device.new-identity.do' : 'sign-in.log-in.do')}
          </Button>
          <Button onClick={onBack}>{t('sign-in.back')}</Button>
        </div>
      </form>
    </Frame>
  );
}

type Means =
  | { readonly approvalCode: string }
  | { readonly recoveryCode: string }
  | { readonly newIdentity: true }
  | undefined;

function meansOf(way: Way, approvalCode: string, recoveryCode: string, acceptsCost: boolean): Means {
  switch (way) {
    case 'approval':
      return approvalCode === '' ? undefined : { approvalCode };
    case 'recovery':
      return recoveryCode === '' ? undefined : { recoveryCode };
    case 'new-identity':
      return acceptsCost ? { newIdentity: true } : undefined;
  }
}
