import type { RandomSource } from '@magpie/common/random.ts';
import { randomUnit } from '@magpie/common/random.ts';
import { MAIL_LATER_MS_MAX, MAIL_LATER_MS_MIN, MAIL_REFUSED_MS_MAX, MAIL_REFUSED_MS_MIN } from './limits.ts';
import type { Posted } from './mail-post.ts';

/**
 * How long to leave a mailbox alone after it took nothing (R15): a full one from a minute, doubling to an hour, a device
 * without a key or a busy server from a second to a minute or as long as it asks; up to a quarter more by chance.
 * @param attempts how often in a row before, from 0
 * @returns undefined when waiting alone changes nothing
 */
export function retryAfterMs(posted: Posted, attempts: number, random: RandomSource): number | undefined {
  const growth = 2 ** Math.min(attempts, 16);
  const jitter = 1 + randomUnit(random) / 4;
  switch (posted.kind) {
    case 'refused':
      // A device that has come for the first time publishes its key within a second or two.
      if (posted.reason === 'no-mail-key') return Math.min(MAIL_LATER_MS_MAX, MAIL_LATER_MS_MIN * growth) * jitter;
      return Math.min(MAIL_REFUSED_MS_MAX, MAIL_REFUSED_MS_MIN * growth) * jitter;
    case 'later':
      return Math.max(posted.retryAfterMs, Math.min(MAIL_LATER_MS_MAX, MAIL_LATER_MS_MIN * growth)) * jitter;
    case 'stored':
    case 'not-now':
      return undefined;
  }
}
