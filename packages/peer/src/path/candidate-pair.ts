import { type Endpoint, endpointText, familyOf } from '@magpie/common/net.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import { CHALLENGE_DOUBT_MS_MIN, ECHOES_TO_PROVE, FRESH_MS } from './limits.ts';

/** What a pair gains in a comparison for being near: fewer parties can break it (p2p.md 6.5). */
const LAN_BONUS_MS = 10;
const IPV6_BONUS_MS = 3;

/**
 * One remote endpoint. There is one local socket per address family, so the remote endpoint names the whole candidate
 * pair, and its 4-tuple as far as we can see it.
 */
export class CandidatePair {
  candidate: Candidate;
  readonly endpoint: Endpoint;
  readonly key: string;
  lan: boolean;
  /** Try order, lower first. */
  rank: number;
  /** Rounds that ended without an echo from here; such pairs make room for others in the next round. */
  failedRounds = 0;
  /** Own challenges echoed since the last time that this pair's proof was void. */
  echoes = 0;
  /** The last echo or acknowledged data: the lease runs from here. */
  provenAt: Instant | undefined;
  /** The last authenticated packet from here. */
  receivedAt: Instant | undefined;
  /** When the agent last asked for a challenge, whether or not the budget let it leave. */
  challengedAt: Instant | undefined;
  /** The first challenge sent since the last proof: still without an answer. */
  awaitingSince: Instant | undefined;
  /** Until then no echo makes it carry data: probes pass here, data did not. */
  heldUntil: Instant | undefined;
  #srttMs: number | undefined;
  #rttVarMs = 0;

  constructor(candidate: Candidate, lan: boolean, rank: number) {
    this.candidate = candidate;
    this.endpoint = candidate.endpoint;
    this.key = endpointText(candidate.endpoint);
    this.lan = lan;
    this.rank = rank;
  }

  /** Smoothed round trip in ms, 0 before the first sample. */
  get rttMs(): number {
    return this.#srttMs ?? 0;
  }

  get peerReflexive(): boolean {
    return this.candidate.kind === 'peer-reflexive';
  }

  /** Left because it passed probes but no data: not to be used for a while. */
  held(now: Instant): boolean {
    return this.heldUntil !== undefined && now < this.heldUntil;
  }

  /** Two echoes, the newest of them recent: may carry data alone. */
  provenFresh(now: Instant): boolean {
    return this.echoes >= ECHOES_TO_PROVE && this.provenAt !== undefined && now - this.provenAt < FRESH_MS;
  }

  /** How long an answer may take before its absence means something. */
  get patienceMs(): number {
    return Math.max(3 * this.rttMs, CHALLENGE_DOUBT_MS_MIN);
  }

  /** Lower is better; only to compare pairs that are both proven. */
  get score(): number {
    const bonus = (this.lan ? LAN_BONUS_MS : 0) + (familyOf(this.endpoint) === 6 ? IPV6_BONUS_MS : 0);
    return this.rttMs + 4 * this.#rttVarMs - bonus;
  }

  onEcho(rttMs: number, now: Instant): void {
    this.echoes++;
    this.failedRounds = 0;
    this.onProof(rttMs, now);
  }

  /** Renews the lease; smoothing as RFC 9002 section 5.3. */
  onProof(rttMs: number, now: Instant): void {
    this.provenAt = now;
    this.awaitingSince = undefined;
    const sample = Number.isFinite(rttMs) && rttMs > 0 ? rttMs : 0;
    if (this.#srttMs === undefined) {
      this.#srttMs = sample;
      this.#rttVarMs = sample / 2;
      return;
    }
    this.#rttVarMs = 0.75 * this.#rttVarMs + 0.25 * Math.abs(this.#srttMs - sample);
    this.#srttMs = 0.875 * this.#srttMs + 0.125 * sample;
  }

  /** Whatever was proven no longer counts; the pair stays known as one that worked. */
  voidProof(): void {
    this.echoes = 0;
    this.awaitingSince = undefined;
  }

  /** When the oldest unanswered challenge becomes a doubt. */
  get doubtAt(): Instant | undefined {
    return this.awaitingSince === undefined ? undefined : after(this.awaitingSince, this.patienceMs);
  }
}
