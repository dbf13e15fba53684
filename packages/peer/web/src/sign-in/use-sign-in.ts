import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import { useState } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { withPin } from './server-input.ts';

export type Attempt =
  | { readonly method: 'account.register'; readonly params: RpcParams<'account.register'> }
  | { readonly method: 'account.login'; readonly params: RpcParams<'account.login'> };

/** What is asked of the person before, while or after the daemon signs in. */
export type SignInState =
  | { readonly name: 'asking'; readonly error: RpcError | undefined }
  | { readonly name: 'under-way'; readonly attempt: Attempt; readonly isCancelling: boolean }
  /** R10: nothing but the address has left this machine; the server showed a key that nobody here knows. */
  | { readonly name: 'unknown-key'; readonly pin: string; readonly server: string; readonly attempt: Attempt }
  /** The password is right, and the account's key must come to this device (R7). */
  | {
      readonly name: 'new-device';
      /** Without any means. */
      readonly attempt: Attempt;
      /** What was tried last, so that a slip need not be typed anew. */
      readonly tried: Attempt;
      readonly error: RpcError | undefined;
    }
  | { readonly name: 'recovery-code'; readonly code: string }
  | { readonly name: 'done' };

export interface SignInFlow {
  readonly state: SignInState;
  start(attempt: Attempt): void;
  /** The key that the server showed is the one it should have. */
  acceptKey(): void;
  cancel(): void;
  /** Back to the form, from a question. */
  back(): void;
  finish(): void;
}

export function useSignIn(): SignInFlow {
  const view = useViewModel();
  const [state, setState] = useState<SignInState>({ name: 'asking', error: undefined });

  const start = (attempt: Attempt): void => {
    setState({ name: 'under-way', attempt, isCancelling: false });
    void call(attempt).then((outcome) => setState(outcome));
  };
  const call = async (attempt: Attempt): Promise<SignInState> => {
    const result =
      attempt.method === 'account.register'
        ? await view.call(attempt.method, attempt.params)
        : await view.call(attempt.method, attempt.params);
    if (!result.ok) return afterFailure(attempt, result.error);
    const { recoveryCode } = result.value;
    return recoveryCode === null ? { name: 'done' } : { name: 'recovery-code', code: recoveryCode };
  };
  return {
    state,
    start,
    acceptKey: () => {
      if (state.name !== 'unknown-key') return;
      const server = withPin(state.server, state.pin);
      const { attempt } = state;
      if (attempt.method === 'account.register') start({ ...attempt, params: { ...attempt.params, server } });
      else start({ ...attempt, params: { ...attempt.params, server } });
    },
    cancel: () => {
      if (state.name !== 'under-way') return;
      setState({ ...state, isCancelling: true });
      void view.call('account.cancelSignIn', {});
    },
    back: () => setState({ name: 'asking', error: undefined }),
    finish: () => setState({ name: 'done' }),
  };
}

function afterFailure(attempt: Attempt, error: RpcError): SignInState {
  const pin = error.detail?.pin;
  const { server } = attempt.params;
  if (error.code === 'SERVER_KEY_UNKNOWN' && typeof pin === 'string' && server !== undefined) {
    return { name: 'unknown-key', pin, server, attempt };
  }
  const isLogin = attempt.method === 'account.login';
  const hasMeans = isLogin && (attempt.params.approvalCode !== undefined || attempt.params.newIdentity === true);
  const isByCode = isLogin && attempt.params.recoveryCode !== undefined && attempt.params.password !== undefined;
  // What was typed as the means was wrong, or nothing was: the password need not be asked again.
  if (error.code === 'NEW_DEVICE') return { name: 'new-device', attempt, tried: attempt, error: undefined };
  const told = error.code === 'CANCELLED' ? undefined : error;
  if (hasMeans || isByCode) return { name: 'new-device', attempt: withoutMeans(attempt), tried: attempt, error: told };
  return { name: 'asking', error: told };
}

function withoutMeans(attempt: Attempt): Attempt {
  if (attempt.method === 'account.register') return attempt;
  const { approvalCode: _a, recoveryCode: _r, newIdentity: _n, ...params } = attempt.params;
  return { method: 'account.login', params };
}

/** The device key was not enough: the server forgot it, or never knew it. */
export function wantsPassword({ code, refusal }: RpcError): boolean {
  const refusals = ['unknown-device', 'wrong-credentials', 'revoked', 'device-not-certified', 'password-changed'];
  return code === 'SERVER_REFUSED' && refusals.includes(refusal ?? '');
}
