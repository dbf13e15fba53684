import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { ReactElement } from 'react';
import styles from './failure.module.css';
import { useText } from './text.tsx';

/**
 * What happened, and what to do about it.
 * @param who whom the sentence names when the error itself does not
 */
export function Failure({
  error,
  who = '',
}: {
  readonly error: RpcError | undefined;
  readonly who?: string;
}): ReactElement | null {
  const { t, has, errorText } = useText();
  if (!error) return null;
  const cause = error.code === 'SERVER_REFUSED' && error.refusal ? error.refusal : error.code;
  const next = `people.next.${cause}`;
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1000));
  return (
    <p className={styles.failure} role="alert">
      {errorText({ ...error, detail: { who, ...error.detail } })}
      {has(next) && ` ${t(next, { seconds })}`}
    </p>
  );
}
