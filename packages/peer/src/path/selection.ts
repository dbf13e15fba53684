import type { Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import type { CheckList } from './check-list.ts';
import { RTT_GAIN_MS_MIN, RTT_GAIN_RATIO } from './limits.ts';

/**
 * Who may use which pair. The controlling side (lower device id, R27) selects and counts its selections; the other side
 * keeps the newest it was told and uses that pair only.
 */
export class Selection {
  readonly controlling: boolean;
  #number = 0;
  #remote: CandidatePair | undefined;
  /** Where the selection that we follow was seen coming from as well. */
  #elsewhere: CandidatePair | undefined;

  constructor(controlling: boolean) {
    this.controlling = controlling;
  }

  /** What a probe of ours says; the controlled side says 0. */
  get told(): number {
    return this.controlling ? this.#number : 0;
  }

  /** The controlling side selects anew; nothing on the other. */
  rise(): void {
    if (this.controlling) this.#number++;
  }

  usable(pair: CandidatePair, now: Instant): boolean {
    return !pair.held(now) && (this.controlling || this.#remote === pair);
  }

  /**
   * The peer says that it selected this pair.
   * @param direct our route is direct at the moment
   * @returns false when that changes nothing now
   */
  hear(selection: number, pair: CandidatePair, direct: boolean): boolean {
    if (this.controlling || selection < this.#number) return false;
    if (selection === this.#number && pair !== this.#remote && direct) {
      // From elsewhere: a NAT may have mapped the peer anew, or somebody relays its packets. Doubt will tell.
      this.#elsewhere = pair;
      return false;
    }
    this.#number = selection;
    this.#remote = pair;
    return true;
  }

  /** The path in use is in doubt: where else the peer was heard from counts now. */
  doubt(): void {
    this.#remote = this.#elsewhere ?? this.#remote;
    this.#elsewhere = undefined;
  }

  /** Our addresses changed: only a higher selection moves the peer there at once. */
  networkChanged(list: CheckList): void {
    this.rise();
    this.#elsewhere = undefined;
    if (this.#remote && !list.has(this.#remote)) this.#remote = undefined;
  }

  /** The best freshly proven pair that we may use, other than `except`. */
  best(list: CheckList, except: CandidatePair, now: Instant): CandidatePair | undefined {
    return [...list.all()]
      .filter((pair) => pair !== except && pair.provenFresh(now) && this.usable(pair, now))
      .sort((a, b) => a.score - b.score)[0];
  }

  /** One side decides, and only for a clear gain, so that two good paths do not take turns (tailscale#118). */
  better(list: CheckList, current: CandidatePair, now: Instant): CandidatePair | undefined {
    const best = this.controlling ? this.best(list, current, now) : undefined;
    const gainMs = Math.max(RTT_GAIN_MS_MIN, RTT_GAIN_RATIO * current.rttMs);
    return best && current.score - best.score > gainMs ? best : undefined;
  }
}
