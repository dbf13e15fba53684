import type { RefusalCode } from '@magpie/common/refusal.ts';

/** Why a request was not done: the fields of a `refused` frame. */
export interface Refusal {
  readonly code: RefusalCode;
  /** For people who read logs; never echoes what a client sent. */
  readonly detail: string;
  readonly retryAfterMs: number;
}

export function refusal(code: RefusalCode, detail = '', retryAfterMs = 0): Refusal {
  return { code, detail, retryAfterMs: Math.min(0xffff_ffff, Math.ceil(retryAfterMs)) };
}
