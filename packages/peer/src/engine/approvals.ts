import {
  type ApprovalCode,
  formatApprovalCode,
  isApprovalProof,
  newApprovalCode,
  sealSeedFor,
} from '@magpie/common/channel/approval.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { APPROVAL_MS_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import { after, type Clock, type Instant, type WallMs } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import { APPROVAL_TRIES_MAX } from './limits.ts';
import type { OwnDevices } from './own-devices.ts';

export interface ApprovalsOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly own: OwnDevices;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
  readonly onOutcome: (label: string, outcome: 'approved' | 'wrong-code') => void;
}

interface Offer {
  readonly code: ApprovalCode;
  readonly until: Instant;
  wrongProofs: number;
}

/** The old device's side of ID16: one code at a time, in memory only, that lets one new device in. */
export class Approvals {
  readonly #options: ApprovalsOptions;
  #offer: Offer | undefined;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /** A new code; the one before opens nothing any more. */
  offer(): { readonly code: string; readonly expiresAt: WallMs } {
    const { clock, random } = this.#options;
    const code = newApprovalCode(random);
    this.#offer = { code, until: after(clock.now(), APPROVAL_MS_MAX), wrongProofs: 0 };
    return { code: formatApprovalCode(code), expiresAt: (clock.wallNow() + APPROVAL_MS_MAX) as WallMs };
  }

  /** Whoever showed this code has gone; a newer one stays. */
  withdraw(code: string): void {
    if (this.#offer && formatApprovalCode(this.#offer.code) === code) this.forget();
  }

  /** Nobody is signed in here any more. */
  forget(): void {
    this.#offer = undefined;
  }

  /** A new device asks all of the account's devices; only the one whose code it was given answers. */
  handleAsked(asked: FrameOf<'approval-asked'>): void {
    const { clock, own, onOutcome } = this.#options;
    const offer = this.#offer;
    if (!offer || clock.now() >= offer.until) return this.forget();
    if (!isApprovalProof(asked.proof, offer.code, asked, own.accountKey)) {
      offer.wrongProofs++;
      if (offer.wrongProofs >= APPROVAL_TRIES_MAX) this.forget();
      return onOutcome(asked.label, 'wrong-code');
    }
    this.forget();
    void this.#approve(asked, offer.code);
  }

  async #approve({ exchangeKey, label }: FrameOf<'approval-asked'>, code: ApprovalCode): Promise<void> {
    const { own, random, request, log, onOutcome } = this.#options;
    const sealedSeed = sealSeedFor(code, exchangeKey, own.seed, random);
    if (!sealedSeed) return;
    const answer = await request({ type: 'approve', exchangeKey, sealedSeed });
    if (answer.ok) return onOutcome(label, 'approved');
    log.warn({ error: answer.error.kind }, 'an approval did not get through');
  }
}
