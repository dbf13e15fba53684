import { err, ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';

const KEY = 'magpie.token';
const CODE_PATTERN = /^#c=([A-Za-z0-9_-]{1,128})$/;

/** Beside the storage, which may be forbidden. */
let held: string | undefined;

/** The right of this tab to speak with the daemon; it ends with the tab, or when the daemon says so. */
export function keptToken(): string | undefined {
  if (held !== undefined) return held;
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Takes the one-time code out of the address, so that neither history nor a copied address holds it. */
export function takeCode(): string | undefined {
  const code = CODE_PATTERN.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(null, '', location.pathname);
  return code;
}

/** PAGE_CODE_SPENT: used, late or wrong. PAGE_OTHER_USER: this browser is not of the daemon's user. CONNECTION_LOST: the daemon is not there. */
export async function exchangeCode(code: string): Promise<Result<string, RpcError>> {
  try {
    const answer = await fetch('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
    });
    if (answer.status === 429) return err({ code: 'TOO_MANY' });
    if (answer.status === 403) return err({ code: 'PAGE_OTHER_USER' });
    if (!answer.ok) return err({ code: 'PAGE_CODE_SPENT' });
    return tokenOf(await answer.json());
  } catch {
    return err({ code: 'CONNECTION_LOST' });
  }
}

function tokenOf(answer: unknown): Result<string, RpcError> {
  const token = typeof answer === 'object' && answer !== null && 'token' in answer ? answer.token : undefined;
  if (typeof token !== 'string' || token === '') return err({ code: 'BAD_ANSWER' });
  held = token;
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is forbidden: the token holds until the page is loaded anew.
  }
  return ok(token);
}
