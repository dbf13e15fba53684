import type { Endpoint } from '@magpie/common/net.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import { ANSWERS_PER_ROUND_MAX, ANSWERS_QUEUED_MAX, CHECKS_PER_ROUND_MAX, PUNCH_ROUND_MS } from './limits.ts';

/** A probe to be built when the session asks for it. */
export interface PendingProbe {
  readonly to: Endpoint;
  /** Set when this probe is to carry our own challenge. */
  readonly check: CandidatePair | undefined;
  readonly keepAlive: boolean;
  readonly answer: { readonly echo: Uint8Array; readonly receivedAt: Instant } | undefined;
}

/**
 * Probes waiting to leave, within the budget of a round. Answers have a budget of their own, so that a storm of
 * questions can neither starve our own checks nor make us send more than it.
 */
export class ProbeQueue {
  readonly #answers: PendingProbe[] = [];
  readonly #checks = new Map<CandidatePair, PendingProbe>();
  #windowEndsAt: Instant;
  #answersLeft = ANSWERS_PER_ROUND_MAX;
  #checksLeft = CHECKS_PER_ROUND_MAX;
  dropped = 0;

  constructor(now: Instant) {
    this.#windowEndsAt = after(now, PUNCH_ROUND_MS);
  }

  /** A new round has a new budget. */
  startWindow(now: Instant): void {
    this.#windowEndsAt = after(now, PUNCH_ROUND_MS);
    this.#answersLeft = ANSWERS_PER_ROUND_MAX;
    this.#checksLeft = CHECKS_PER_ROUND_MAX;
  }

  /** @param check the pair of that source, when our own challenge is to ride in the answer */
  addAnswer(to: Endpoint, echo: Uint8Array, check: CandidatePair | undefined, now: Instant): void {
    this.#roll(now);
    if (this.#answers.length >= ANSWERS_QUEUED_MAX || this.#answersLeft <= 0) {
      this.dropped++;
      return;
    }
    this.#answersLeft--;
    this.#answers.push({ to, check, keepAlive: false, answer: { echo: echo.slice(), receivedAt: now } });
    if (check) this.#checks.delete(check);
  }

  addCheck(pair: CandidatePair, keepAlive: boolean, now: Instant): void {
    this.#roll(now);
    if (this.#checks.has(pair)) return;
    if (this.#checksLeft <= 0) {
      this.dropped++;
      return;
    }
    this.#checksLeft--;
    this.#checks.set(pair, { to: pair.endpoint, check: pair, keepAlive, answer: undefined });
  }

  take(): PendingProbe | undefined {
    const answer = this.#answers.shift();
    if (answer) return answer;
    const first = this.#checks.values().next();
    if (first.done) return undefined;
    this.#checks.delete(first.value.check!);
    return first.value;
  }

  clear(): void {
    this.#answers.length = 0;
    this.#checks.clear();
  }

  #roll(now: Instant): void {
    if (now >= this.#windowEndsAt) this.startWindow(now);
  }
}
