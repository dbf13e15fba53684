import type { ReactElement } from 'react';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import styles from './sign-in.module.css';
import type { SignInState } from './use-sign-in.ts';

/** The daemon is at it: what it does in words, and the way to stop it. */
export function UnderWay({
  state,
  onCancel,
}: {
  readonly state: Extract<SignInState, { name: 'under-way' }>;
  readonly onCancel: () => void;
}): ReactElement {
  const { t } = useText();
  const { attempt, isCancelling } = state;
  const waitsForDevice = attempt.method === 'account.login' && attempt.params.approvalCode !== undefined;
  const title = attempt.method === 'account.register' ? 'sign-in.under-way.register' : 'sign-in.under-way.log-in';
  return (
    <Frame title={t(waitsForDevice ? 'sign-in.under-way.approval' : title)}>
      <p className={styles['under-way']} role="status">
        <span className={styles.pulse} aria-hidden="true" />
        {t(waitsForDevice ? 'sign-in.under-way.approval-lead' : 'sign-in.under-way.lead')}
      </p>
      <div className={styles.actions}>
        <Button disabled={isCancelling} onClick={onCancel}>
          {t('sign-in.cancel')}
        </Button>
      </div>
    </Frame>
  );
}
