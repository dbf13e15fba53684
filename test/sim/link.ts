import { mix32 } from './seeded-random.ts';

/** How one pair of hosts is connected. Ratios are per datagram and hold for UDP only: TCP hides them from us. */
export interface LinkProfile {
  /** One way. */
  readonly delayMs: number;
  /** Added, uniform from 0 to this. */
  readonly jitterMs: number;
  readonly lossRatio: number;
  readonly duplicateRatio: number;
  readonly reorderRatio: number;
  /** A reordered datagram comes up to this much later. */
  readonly reorderMs: number;
}

export const CLEAN_LINK: LinkProfile = {
  delayMs: 20,
  jitterMs: 0,
  lossRatio: 0,
  duplicateRatio: 0,
  reorderRatio: 0,
  reorderMs: 0,
};

export interface DatagramFate {
  /** When each copy arrives, from now; none when it is lost. */
  readonly delaysMs: readonly number[];
}

/**
 * One pair of hosts. The fate of a packet is a hash of (seed, link, direction, its index), not a draw from a common
 * stream: leaving one packet out does not change what happens to all later ones, so failures shrink.
 */
export class Link {
  profile: LinkProfile;
  /** Every datagram is dropped, both ways: the path is lost. */
  udpBlocked = false;
  /** No TCP segment moves, both ways; nothing is lost, as when a cable is out for a while. */
  tcpStalled = false;
  readonly #hash: number;
  readonly #indices = [0, 0, 0, 0];

  constructor(hash: number, profile: LinkProfile) {
    this.#hash = hash;
    this.profile = profile;
  }

  nextDatagram(direction: 0 | 1): DatagramFate {
    const fate = mix32(mix32(this.#hash, direction + 1), this.#indices[direction]!++);
    if (this.udpBlocked || unit(fate, 1) < this.profile.lossRatio) return { delaysMs: [] };
    const late = unit(fate, 2) < this.profile.reorderRatio ? unit(fate, 3) * this.profile.reorderMs : 0;
    const first = this.profile.delayMs + unit(fate, 4) * this.profile.jitterMs + late;
    if (unit(fate, 5) >= this.profile.duplicateRatio) return { delaysMs: [first] };
    return { delaysMs: [first, first + unit(fate, 6) * (this.profile.jitterMs + 10)] };
  }

  /** @returns the delay, and in how many pieces TCP hands the bytes over */
  nextSegment(direction: 0 | 1): { readonly delayMs: number; readonly splitAt: number } {
    const fate = mix32(mix32(this.#hash, direction + 3), this.#indices[2 + direction]!++);
    return {
      delayMs: this.profile.delayMs + unit(fate, 1) * this.profile.jitterMs,
      splitAt: unit(fate, 2) < 0.1 ? unit(fate, 3) : 1,
    };
  }
}

function unit(fate: number, salt: number): number {
  return mix32(fate, salt) / 2 ** 32;
}
