import type { Endpoint } from '@magpie/common/net.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { CandidatePair } from './candidate-pair.ts';
import { ChallengeTable } from './challenge-table.ts';
import { CheckList } from './check-list.ts';
import { ROUND_SPACING_MS } from './limits.ts';
import { PathCounters } from './path-status.ts';
import { ProbeQueue } from './probe-queue.ts';
import { PunchRound } from './punch-round.ts';
import { RoundGate } from './round-gate.ts';

/** A probe about to leave: what it asks and what it answers. */
export interface CheckProbe {
  readonly to: Endpoint;
  readonly candidateId: number;
  readonly keepAlive: boolean;
  readonly challenge: Uint8Array | undefined;
  readonly echo: Uint8Array | undefined;
  /** How long the echo waited here. */
  readonly delayMs: number;
}

/** The connectivity checks of one session: which pairs are asked, when, and what came back. It knows no routes. */
export class Checks {
  readonly list = new CheckList();
  readonly gate: RoundGate;
  readonly counters = new PathCounters();
  readonly #challenges: ChallengeTable;
  readonly #queue: ProbeQueue;
  #round: PunchRound | undefined;

  constructor(random: RandomSource, now: Instant) {
    this.gate = new RoundGate(random, now);
    this.#challenges = new ChallengeTable(random);
    this.#queue = new ProbeQueue(now);
  }

  get punching(): boolean {
    return this.#round !== undefined;
  }

  get roundEndsAt(): Instant | undefined {
    return this.#round?.endsAt;
  }

  get nextProbeAt(): Instant | undefined {
    return this.#round?.nextAt;
  }

  get probesDropped(): number {
    return this.#queue.dropped;
  }

  challenge(pair: CandidatePair, now: Instant, keepAlive = false): void {
    pair.challengedAt = now;
    this.#queue.addCheck(pair, keepAlive, now);
  }

  /** @param check the pair of that source, when a challenge of our own is to ride in the answer */
  answer(to: Endpoint, challenge: Uint8Array, check: CandidatePair | undefined, now: Instant): void {
    if (check) check.challengedAt = now;
    this.#queue.addAnswer(to, challenge, check, now);
  }

  /** @returns when the challenge left that this echo proves, or undefined when it proves nothing */
  redeem(echo: Uint8Array, delayMs: number, pair: CandidatePair, now: Instant): Instant | undefined {
    const proof = this.#challenges.redeem(echo, pair.endpoint, now);
    if (!proof) {
      this.counters.echoesRefused++;
      return undefined;
    }
    const roundTripMs = now - proof.sentAt;
    pair.onEcho(delayMs < roundTripMs ? roundTripMs - delayMs : roundTripMs, now);
    this.counters.lastProofAt = now;
    this.#round?.handleEcho(now);
    return proof.sentAt;
  }

  /** @param leased the pair in use, which has checks of its own */
  startRoundIfDue(leased: CandidatePair | undefined, now: Instant): void {
    const { dueAt } = this.gate;
    if (dueAt === undefined || now < dueAt) return;
    const pairs = this.list.pickForRound().filter((pair) => pair !== leased);
    if (pairs.length === 0) return this.gate.cancel();
    this.gate.take(now);
    this.#queue.startWindow(now);
    this.counters.rounds++;
    this.#round = new PunchRound(pairs, now);
    this.#probeDue(this.#round, now);
  }

  /** Pairs that became known join a young round; @returns false when they need a round of their own */
  join(pairs: readonly CandidatePair[], now: Instant): boolean {
    if (!this.#round || now - this.#round.startedAt >= ROUND_SPACING_MS) return false;
    for (const pair of pairs) this.#round.join(pair, now);
    this.#probeDue(this.#round, now);
    return true;
  }

  /** @returns true when a round ended now */
  advance(now: Instant): boolean {
    this.#challenges.expire(now);
    const round = this.#round;
    if (!round) return false;
    if (now < round.endsAt) {
      this.#probeDue(round, now);
      return false;
    }
    this.#round = undefined;
    for (const pair of round.pairs) {
      if (pair.provenAt === undefined || pair.provenAt < round.startedAt) pair.failedRounds++;
    }
    return true;
  }

  /** @param mayAsk false: only answers leave */
  pollProbe(mayAsk: boolean, now: Instant): CheckProbe | undefined {
    for (let pending = this.#queue.take(); pending; pending = this.#queue.take()) {
      const { to, answer, keepAlive, check } = pending;
      const asks = check !== undefined && mayAsk && this.list.has(check);
      if (!asks && !answer) continue;
      this.counters.probesSent++;
      return {
        to,
        candidateId: this.list.get(to)?.candidate.id ?? 0,
        keepAlive,
        challenge: asks ? this.#challenges.issue(check, now) : undefined,
        echo: answer?.echo,
        delayMs: answer ? Math.min(Math.round(now - answer.receivedAt), 0xffff) : 0,
      };
    }
    return undefined;
  }

  /** Nothing that was asked or proven so far counts any more, and nothing waits to be sent. */
  reset(): void {
    this.#round = undefined;
    this.gate.cancel();
    this.#queue.clear();
    this.#challenges.clear();
    for (const pair of this.list.all()) pair.voidProof();
  }

  #probeDue(round: PunchRound, now: Instant): void {
    for (const pair of round.takeDue(now)) {
      if (this.list.has(pair) && !pair.provenFresh(now)) this.challenge(pair, now);
    }
  }
}
