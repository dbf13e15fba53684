import type { Content } from '@magpie/common/content/content.ts';
import type { MailId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { Correspondent, MailCipher } from './delivery-ports.ts';

export interface MailPostOptions {
  readonly cipher: MailCipher;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
}

export interface Mail {
  readonly to: Correspondent;
  readonly id: MailId;
  readonly kind: 'message' | 'slot';
  readonly contents: readonly Content[];
  /** Asked when it is sealed, in the same turn in which it leaves. @returns false: it must not any more */
  readonly mayLeave?: () => boolean;
}

export type Posted =
  /** Durable in the mailbox of the device until then. */
  | { readonly kind: 'stored'; readonly expiresAt: WallMs }
  /** Full, no key of the device, or no friends: it takes a while until that is otherwise. */
  | { readonly kind: 'refused'; readonly reason: 'mailbox-full' | 'no-mail-key' | 'not-friends' }
  /** Busy, too many at once, or no answer. */
  | { readonly kind: 'later'; readonly retryAfterMs: number }
  /** The link went down, or the device is no certified one: whoever learns that this has changed tries again. */
  | { readonly kind: 'not-now' };

const STALE_KEYS_MAX = 2;

/** One mail into the mailbox of a device: sealed with its newest key, put, and the answer in the words of those who wait. */
export class MailPost {
  readonly #options: MailPostOptions;

  constructor(options: MailPostOptions) {
    this.#options = options;
  }

  async put(mail: Mail): Promise<Posted> {
    const { cipher, request } = this.#options;
    const { to, id, kind, contents, mayLeave } = mail;
    for (let tries = 0; tries <= STALE_KEYS_MAX; tries++) {
      const sealed = await cipher.seal(to, id, contents);
      if (!sealed.ok) return unsealed(sealed.error);
      if (mayLeave && !mayLeave()) return { kind: 'not-now' };
      const answer = await request({ type: 'mail-put', to: to.device, id, kind, ...sealed.value });
      if (answer.ok) {
        if (answer.value.type !== 'mail-stored') return { kind: 'later', retryAfterMs: 0 };
        return { kind: 'stored', expiresAt: answer.value.expiresWallMs };
      }
      if (answer.error.kind !== 'refused' || answer.error.code !== 'stale-mail-key') return judge(answer.error);
      // The owner has stepped on: its newer key is asked for, and the same mail sealed again (R9).
      cipher.handleStaleKey(to.account);
    }
    return { kind: 'later', retryAfterMs: 0 };
  }
}

function unsealed(error: 'no-mail-key' | 'not-certified' | 'link-down' | 'busy'): Posted {
  switch (error) {
    case 'no-mail-key':
      return refused(error);
    case 'busy':
      return { kind: 'later', retryAfterMs: 0 };
    case 'not-certified':
    case 'link-down':
      return { kind: 'not-now' };
  }
}

function judge(error: RequestError): Posted {
  if (error.kind === 'lost') return { kind: 'not-now' };
  if (error.kind !== 'refused') return { kind: 'later', retryAfterMs: 0 };
  switch (error.code) {
    case 'mailbox-full':
    case 'no-mail-key':
    case 'not-friends':
      return refused(error.code);
    default:
      return { kind: 'later', retryAfterMs: error.retryAfterMs };
  }
}

function refused(reason: 'mailbox-full' | 'no-mail-key' | 'not-friends'): Posted {
  return { kind: 'refused', reason };
}
