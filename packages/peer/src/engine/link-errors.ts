import type { RefusalCode } from '@magpie/common/refusal.ts';
import type { RequestError } from '../server-link/server-connection.ts';
import type { LoginError } from '../server-link/server-link.ts';
import type { CommandError } from './command-error.ts';

/** What a failed request means to whoever gave the command. */
export function requestError(error: RequestError): CommandError {
  switch (error.kind) {
    case 'refused':
      switch (error.code) {
        case 'not-found':
          return { code: 'NOT_FOUND', refusal: error.code };
        case 'self':
          return { code: 'SELF', refusal: error.code };
        case 'not-friends':
          return { code: 'NOT_FRIENDS', refusal: error.code };
        default:
          return { code: 'SERVER_REFUSED', refusal: error.code, retryAfterMs: error.retryAfterMs };
      }
    case 'lost':
      return { code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } };
    case 'timed-out':
    case 'too-many':
      return { code: 'TIMED_OUT' };
  }
}

/** What a failed login means. `pin` is shown to people, so that they can compare it (R10). */
export function loginError(error: LoginError): CommandError {
  switch (error.kind) {
    case 'request':
      return requestError(error.error);
    case 'server-key-changed':
      return { code: 'SERVER_KEY_CHANGED', detail: { pin: error.pin } };
    case 'link':
      switch (error.failure.kind) {
        case 'unreachable':
          return { code: 'SERVER_UNREACHABLE', detail: { reason: error.failure.code } };
        case 'bad-handshake':
          return { code: 'SERVER_UNREACHABLE', detail: { reason: 'bad-handshake' } };
        case 'key-unknown':
          return { code: 'SERVER_KEY_UNKNOWN', detail: { pin: error.failure.pin } };
        case 'wrong-pin':
          return { code: 'WRONG_PIN' };
        case 'closed':
          return { code: 'SERVER_REFUSED', refusal: error.failure.code, retryAfterMs: error.failure.retryAfterMs };
      }
  }
}

/** What ends the sign-in of this device: the server knows its key no more, until somebody logs in again (R21). */
export const SIGNED_OUT_BY: ReadonlySet<string> = new Set<RefusalCode>([
  'unknown-device',
  'revoked',
  'password-changed',
  'account-deleted',
]);
