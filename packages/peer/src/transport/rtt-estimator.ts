/** Round-trip time of one path, RFC 9002 section 5. Milliseconds with a fraction: whole ones read 0 on a LAN. */
export class RttEstimator {
  #latestMs: number;
  #smoothedMs: number;
  #variationMs: number;
  #minMs = Number.POSITIVE_INFINITY;

  /** @param initialRttMs stands in until the first sample, with half of it as variation */
  constructor(initialRttMs: number) {
    this.#latestMs = initialRttMs;
    this.#smoothedMs = initialRttMs;
    this.#variationMs = initialRttMs / 2;
  }

  get sampled(): boolean {
    return this.#minMs !== Number.POSITIVE_INFINITY;
  }

  get smoothedMs(): number {
    return this.#smoothedMs;
  }

  get variationMs(): number {
    return this.#variationMs;
  }

  get minMs(): number {
    return this.#minMs;
  }

  /** The larger of the newest sample and the smoothed value: what loss by time is measured with. */
  get cautiousMs(): number {
    return Math.max(this.#latestMs, this.#smoothedMs);
  }

  /**
   * @param sampleMs from sending the newest acked packet to now, >= 0
   * @param ackDelayMs delay that the peer reports, already capped; subtracted only while the result stays at or above the minimum
   */
  update(sampleMs: number, ackDelayMs: number): void {
    this.#latestMs = sampleMs;
    if (!this.sampled) {
      this.#minMs = sampleMs;
      this.#smoothedMs = sampleMs;
      this.#variationMs = sampleMs / 2;
      return;
    }
    this.#minMs = Math.min(this.#minMs, sampleMs);
    const adjustedMs = sampleMs >= this.#minMs + ackDelayMs ? sampleMs - ackDelayMs : sampleMs;
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - adjustedMs);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * adjustedMs;
  }
}
