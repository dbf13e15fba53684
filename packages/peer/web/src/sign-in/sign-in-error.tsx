import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import styles from './sign-in.module.css';

/** Why it did not work, and the next step; sentences of the sign-in go before those that everybody has. */
export function SignInError({ error }: { readonly error: RpcError | undefined }): ReactElement | null {
  const { t, has, errorText } = useText();
  if (!error) return null;
  const cause = error.code === 'SERVER_REFUSED' && error.refusal ? error.refusal : error.code;
  const next = error.detail?.passwordChanged === undefined ? `sign-in.next.${cause}` : 'sign-in.next.password-set';
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1000));
  return (
    <div className={styles.error} role="alert">
      <strong>{errorText(readable(error, t, has))}</strong> {t(has(next) ? next : 'sign-in.next', { count: seconds })}
    </div>
  );
}

/** `{{because}}` of an unreachable server is a code; the sentence wants words. */
function readable(
  error: RpcError,
  t: ReturnType<typeof useText>['t'],
  has: ReturnType<typeof useText>['has'],
): RpcError {
  const reason = `link-error.${error.detail?.reason ?? error.detail?.cause ?? ''}`;
  if (!has(reason)) return error;
  // The code before the words is for a terminal.
  const words = t(reason).replace(/^[A-Z_]+[,，]\s*/, '');
  return { ...error, detail: { ...error.detail, because: t('sign-in.because', { reason: words }) } };
}
