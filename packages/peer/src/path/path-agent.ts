import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate, CandidatesFrame, PathFrame } from '@magpie/common/packets/packet.ts';
import { type RandomSource, randomUnit } from '@magpie/common/random.ts';
import { after, earliest, type Instant } from '@magpie/common/time.ts';
import { CandidateExchange } from './candidate-exchange.ts';
import type { CandidatePair } from './candidate-pair.ts';
import { Checks } from './checks.ts';
import { type Deadline, nextDeadline } from './deadlines.ts';
import { type Lease, type PathState, pairOf, type Route, type RouteReason, routeOf } from './lease.ts';
import {
  COLD_AFTER_MS,
  DATA_DOUBT_MS_MIN,
  DOUBT_COUNTED_AFTER_MS,
  DOUBTS_WITHOUT_ACK_MAX,
  ECHOES_TO_PROVE,
  GOOD_ENOUGH_RTT_MS,
  HELD_MS_MAX,
  KEEPALIVE_JITTER_MS,
  KEEPALIVE_MS,
  LAST_GOOD_PROBE_MS,
  RECHALLENGE_MS,
  SUSPECT_MS_MAX,
  SUSPECT_PROBE_MS,
  TRIAL_MS_MAX,
  TRIAL_PROBE_MS,
} from './limits.ts';
import { type PathEvent, PathEvents } from './path-events.ts';
import type { PathStatus } from './path-status.ts';
import { type Probe, probeOf } from './probe.ts';
import { Selection } from './selection.ts';

export type { PathState, Route, RouteReason } from './lease.ts';
export type { PathEvent } from './path-events.ts';
export type { PathStatus } from './path-status.ts';
export type { Probe } from './probe.ts';

export interface PathAgentOptions {
  /** The device with the lower id selects (R27); exactly one of the two agents is controlling. */
  readonly controlling: boolean;
  /** False: relay only, no probe and no candidate ever leaves. */
  readonly direct: boolean;
  readonly random: RandomSource;
  readonly now: Instant;
}

/**
 * Decides over which path the packets of one session go. The relay is always there; a direct path is a lease on a
 * round trip: only an own challenge echoed from the very endpoint it went to, or acknowledged data, makes or keeps it
 * sendable. Receiving proves nothing about sending.
 *
 * Sans-IO: after each call drain `pollEvent` and `pollProbe`, then arm a timer for `pollTimeout`. The session hands in
 * only what passed AEAD and the replay window. A new agent counts as active, since a session begins with traffic.
 *
 * Rounds are plain simultaneous checks. Port prediction, mapped ports and last-good addresses are further candidate
 * kinds; server-timed starts are a `RoundGate` request; neither changes the states here.
 */
export class PathAgent {
  readonly #random: RandomSource;
  readonly #candidates = new CandidateExchange();
  readonly #checks: Checks;
  readonly #events = new PathEvents();
  #allowed: boolean;
  #cold = false;
  #lease: Lease;
  #activityAt: Instant;
  readonly #selection: Selection;
  #lastGood: CandidatePair | undefined;
  #doubtsWithoutAck = 0;

  constructor(options: PathAgentOptions) {
    this.#selection = new Selection(options.controlling);
    this.#random = options.random;
    this.#allowed = options.direct;
    this.#activityAt = options.now;
    this.#checks = new Checks(options.random, options.now);
    this.#lease = { name: 'none', since: options.now };
  }

  get route(): Route {
    return routeOf(this.#lease);
  }

  get state(): PathState {
    if (!this.#allowed) return 'blocked';
    if (this.#cold) return 'cold';
    if (this.#lease.name !== 'none') return this.#lease.name;
    return this.#checks.punching ? 'punching' : 'relayed';
  }

  /** For people and tests: where the path stands and what was tried. */
  status(): PathStatus {
    const { counters, list, probesDropped } = this.#checks;
    return counters.status(this.state, this.route, list, probesDropped);
  }

  /**
   * Host and server-reflexive candidates of this machine, best first. A changed set goes to the peer. Loopback
   * candidates of the peer are accepted exactly when our own set has one (R26).
   */
  setLocalCandidates(candidates: readonly Candidate[], now: Instant): void {
    if (!this.#candidates.setLocal(candidates)) return;
    this.#checks.list.setHosts(this.#candidates.hosts);
    this.#acceptRemote(now);
    this.#announce();
  }

  /** The peer's list; an older generation than the newest seen is ignored. */
  handleCandidates(frame: CandidatesFrame, now: Instant): void {
    const meaning = this.#candidates.handleRemote(frame);
    if (meaning === 'changed') this.#acceptRemote(now);
    if (meaning !== 'withdrawn') return;
    // An empty list takes everything back: the peer wants no packet at any of its addresses, learned ones included.
    const wasDirect = this.#lease.name === 'direct';
    this.#rest(now, 'withdrawn');
    this.#checks.list.clear();
    if (wasDirect) this.#events.resend();
  }

  handleProbe(frame: PathFrame, from: Endpoint, now: Instant): void {
    if (!this.#allowed) return;
    this.#checks.counters.probesReceived++;
    const source = this.#sourceOf(from);
    if (!source) return;
    if (this.#cold) {
      // The peer still holds its lease: it gets its echo, and our own proof waits until there is something to send.
      if (frame.challenge) this.#checks.answer(source, frame.challenge, undefined, now);
      return;
    }
    const pair = this.#pairFrom(source);
    pair.receivedAt = now;
    if (frame.observed) this.#checks.counters.observed = frame.observed;
    if (frame.echo) this.#handleEcho(frame.echo, frame.delayMs, pair, now);
    if (frame.selected) this.#handleSelection(frame.selection, pair, now);
    if (frame.suspect) this.#handlePeerSuspect(now);
    const check = this.#needsProof(pair, now) ? pair : undefined;
    if (frame.challenge) this.#checks.answer(source, frame.challenge, check, now);
    else if (check) this.#checks.challenge(check, now);
  }

  /** An authenticated data packet came from there: an unknown source is challenged, never followed (p2p.md 6.5). */
  handleDatagram(from: Endpoint, now: Instant): void {
    const current = pairOf(this.#lease);
    if (current && current.endpoint.port === from.port && current.endpoint.address === from.address) {
      current.receivedAt = now;
      return;
    }
    if (!this.#allowed || this.#cold) return;
    const source = this.#sourceOf(from);
    if (!source) return;
    const pair = this.#pairFrom(source);
    pair.receivedAt = now;
    if (this.#needsProof(pair, now) && now - (pair.challengedAt ?? -Infinity) >= RECHALLENGE_MS) {
      this.#checks.challenge(pair, now);
    }
  }

  /**
   * Data that was sent on this path alone is acknowledged. While packets are mirrored an acknowledgement does not say
   * which copy arrived, so a path in doubt needs an echo.
   * @param rttMs a round trip sample, in ms
   */
  handleAcked(endpoint: Endpoint, rttMs: number, now: Instant): void {
    const lease = this.#lease;
    if (lease.name === 'none' || lease.name === 'suspect' || lease.pair.key !== endpointText(endpoint)) return;
    const { pair } = lease;
    if (lease.name === 'direct') {
      pair.onProof(rttMs, now);
      this.#doubtsWithoutAck = 0;
      this.#checks.gate.forgetFailures();
    } else if (this.#selection.usable(pair, now)) {
      pair.onProof(rttMs, now);
      pair.echoes = Math.max(pair.echoes, ECHOES_TO_PROVE);
      this.#toDirect(pair, 'proven', now);
    }
  }

  /**
   * The transport waits for an acknowledgement of data on this path.
   * @param unackedMs for how long; a probe timeout of a quick path is no doubt yet, since a busy machine stalls as long
   */
  handleDoubt(endpoint: Endpoint, now: Instant, unackedMs = Number.POSITIVE_INFINITY): void {
    const lease = this.#lease;
    if (lease.name !== 'direct' || lease.pair.key !== endpointText(endpoint)) return;
    if (unackedMs < Math.max(3 * lease.pair.rttMs, DATA_DOUBT_MS_MIN)) return;
    if (now - lease.since >= DOUBT_COUNTED_AFTER_MS) this.#doubtsWithoutAck++;
    if (this.#doubtsWithoutAck < DOUBTS_WITHOUT_ACK_MAX) this.#toSuspect(lease.pair, 'doubt', now);
    else this.#lose(lease.pair, 'data-lost', now);
  }

  /** Application data moves now, in either direction and on any road: the path is kept warm, a cold one is tried. */
  handleSent(now: Instant): void {
    this.#activityAt = now;
    if (!this.#allowed) return;
    if (this.#cold) this.#wake(now);
    else this.#advanceLease(now);
  }

  /** Our addresses changed: nothing that was proven from the old ones counts any more. */
  networkChanged(now: Instant): void {
    const lease = this.#lease;
    this.#doubtsWithoutAck = 0;
    this.#checks.reset();
    this.#checks.list.forgetPeerReflexive();
    this.#selection.networkChanged(this.#checks.list);
    if (this.#lastGood && !this.#checks.list.has(this.#lastGood)) this.#lastGood = undefined;
    if (!this.#allowed || this.#cold) return;
    if (lease.name === 'trial') this.#setLease({ name: 'none', since: now }, 'network-changed');
    else if (lease.name !== 'none' && this.#checks.list.has(lease.pair))
      this.#toSuspect(lease.pair, 'network-changed', now);
    else if (lease.name !== 'none') {
      this.#setLease({ name: 'none', since: now }, 'network-changed');
      this.#events.resend();
    }
    this.#checks.gate.requestNow(now);
    this.#startRoundIfDue(now);
  }

  /** The user's choice for this friend; false also takes back the candidates that the peer was told. */
  setDirectAllowed(allowed: boolean, now: Instant): void {
    if (allowed === this.#allowed) return;
    if (allowed) {
      this.#allowed = true;
      this.#activityAt = now;
      this.#wake(now);
      return;
    }
    const wasDirect = this.#lease.name === 'direct';
    this.#rest(now, 'policy');
    this.#allowed = false;
    if (wasDirect) this.#events.resend();
    const frame = this.#candidates.withdrawal();
    if (frame) this.#events.candidates(frame);
  }

  handleTimeout(now: Instant): void {
    if (!this.#allowed || this.#cold) return;
    if (now >= after(this.#activityAt, COLD_AFTER_MS)) {
      this.#rest(now, 'idle');
      this.#cold = true;
      return;
    }
    this.#advanceLease(now);
    if (this.#checks.advance(now)) this.#afterRound(now);
    this.#startRoundIfDue(now);
    const lastGood = this.#lastGoodCheck();
    if (lastGood && now >= lastGood.at) this.#checks.challenge(lastGood.pair, now);
  }

  pollTimeout(): Deadline | undefined {
    if (!this.#allowed || this.#cold) return undefined;
    return nextDeadline({
      lease: this.#lease,
      activityAt: this.#activityAt,
      roundAt: this.#checks.nextProbeAt,
      nextRoundAt: this.#checks.gate.dueAt,
      lastGoodAt: this.#lastGoodCheck()?.at,
    });
  }

  pollEvent(): PathEvent | undefined {
    return this.#events.poll();
  }

  /** The next probe to send, as a type-5 packet padded to PROBE_BYTES, or undefined when none is waiting. */
  pollProbe(now: Instant): Probe | undefined {
    const probe = this.#checks.pollProbe(!this.#cold, now);
    return probe && probeOf(probe, this.#lease, this.#selection);
  }

  #handleEcho(echo: Uint8Array, delayMs: number, pair: CandidatePair, now: Instant): void {
    const sentAt = this.#checks.redeem(echo, delayMs, pair, now);
    if (sentAt === undefined) return;
    const lease = this.#lease;
    if (lease.name === 'suspect' && lease.pair === pair) {
      // A challenge from before the doubt says nothing about now.
      if (sentAt >= lease.since) this.#toDirect(pair, 'healed', now);
      return;
    }
    if (lease.name === 'direct' && (lease.pair === pair || this.#selection.controlling)) return;
    if (pair.echoes >= ECHOES_TO_PROVE && this.#selection.usable(pair, now)) {
      this.#toDirect(pair, lease.name === 'none' || lease.name === 'trial' ? 'proven' : 'selected', now);
    } else if (lease.name === 'none' && !pair.held(now)) {
      this.#setLease({ name: 'trial', pair, since: now, nextProbeAt: after(now, TRIAL_PROBE_MS) }, 'trial');
    }
  }

  #handleSelection(selection: number, pair: CandidatePair, now: Instant): void {
    if (!this.#selection.hear(selection, pair, this.#lease.name === 'direct')) return;
    if (pair === pairOf(this.#lease) && this.#lease.name !== 'trial') return;
    if (pair.provenFresh(now) && this.#selection.usable(pair, now)) {
      this.#toDirect(pair, this.#lease.name === 'direct' ? 'selected' : 'proven', now);
    }
  }

  /**
   * The peer doubts its path to us, maybe from an address that is new to us because it moved. Where our own proof is
   * fresh, it is only the peer's round trip that is late.
   */
  #handlePeerSuspect(now: Instant): void {
    const lease = this.#lease;
    if (lease.name !== 'direct' || now - (lease.pair.provenAt ?? -Infinity) <= lease.pair.patienceMs) return;
    this.#toSuspect(lease.pair, 'doubt', now);
  }

  /** A probe is answered with a challenge of our own until the pair has proven itself; that ends the exchange. */
  #needsProof(pair: CandidatePair, now: Instant): boolean {
    return !pair.provenFresh(now) || (this.#lease.name === 'suspect' && this.#lease.pair === pair);
  }

  #toDirect(pair: CandidatePair, reason: RouteReason, now: Instant): void {
    if (reason !== 'healed') this.#selection.rise();
    const keepaliveMs = KEEPALIVE_MS + KEEPALIVE_JITTER_MS * (2 * randomUnit(this.#random) - 1);
    this.#setLease({ name: 'direct', pair, since: now, keepaliveMs }, reason);
    this.#lastGood = pair;
    this.#checks.gate.cancel();
    // The peer learns of the selection at once, rather than with the next probe that happens to go there.
    if (this.#selection.controlling) this.#checks.challenge(pair, now);
  }

  #toSuspect(pair: CandidatePair, reason: RouteReason, now: Instant): void {
    pair.voidProof();
    this.#events.resend();
    this.#selection.doubt();
    const other = this.#selection.best(this.#checks.list, pair, now);
    // A fresh proof goes before a doubtful path, however much quicker that one was (tailscale#19407).
    if (other) return this.#toDirect(other, 'selected', now);
    this.#setLease({ name: 'suspect', pair, since: now, probes: 0, nextProbeAt: now }, reason);
    this.#advanceLease(now);
    this.#checks.gate.requestOnce(now);
    this.#startRoundIfDue(now);
  }

  #lose(pair: CandidatePair, reason: RouteReason, now: Instant): void {
    pair.voidProof();
    this.#setLease({ name: 'none', since: now }, reason);
    this.#events.resend();
    if (!this.#checks.punching) this.#checks.gate.requestLater(now);
    if (reason === 'data-lost') {
      this.#lastGood = undefined;
      pair.heldUntil = earliest(this.#checks.gate.dueAt ?? this.#checks.roundEndsAt, after(now, HELD_MS_MAX));
    } else this.#doubtsWithoutAck = 0;
  }

  #setLease(lease: Lease, reason: RouteReason): void {
    const before = this.#lease;
    this.#lease = lease;
    const changed = routeOf(before).kind !== routeOf(lease).kind || pairOf(before) !== pairOf(lease);
    if (changed) this.#events.route(routeOf(lease), reason);
  }

  #advanceLease(now: Instant): void {
    const lease = this.#lease;
    switch (lease.name) {
      case 'none':
        return;
      case 'trial':
        if (now >= after(lease.since, TRIAL_MS_MAX)) {
          this.#setLease({ name: 'none', since: now }, 'trial-failed');
          if (!this.#checks.punching) this.#checks.gate.requestLater(now);
        } else if (now >= lease.nextProbeAt) {
          lease.nextProbeAt = after(now, TRIAL_PROBE_MS);
          this.#checks.challenge(lease.pair, now);
        }
        return;
      case 'direct':
        return this.#advanceDirect(lease, now);
      case 'suspect':
        if (now >= after(lease.since, SUSPECT_MS_MAX)) this.#lose(lease.pair, 'lost', now);
        else if (now >= lease.nextProbeAt) {
          const waitMs = SUSPECT_PROBE_MS[Math.min(lease.probes, SUSPECT_PROBE_MS.length - 1)]!;
          lease.probes++;
          lease.nextProbeAt = after(now, waitMs);
          this.#checks.challenge(lease.pair, now);
        }
        return;
    }
  }

  #advanceDirect(lease: Lease & { name: 'direct' }, now: Instant): void {
    const due = nextDeadline({ lease, activityAt: this.#activityAt });
    if (!due || now < due.at) return;
    if (due.reason === 'doubt') this.#toSuspect(lease.pair, 'doubt', now);
    else if (due.reason === 'liveness' || due.reason === 'keepalive') {
      this.#checks.challenge(lease.pair, now, due.reason === 'keepalive');
    }
  }

  #startRoundIfDue(now: Instant): void {
    if (!this.#allowed || this.#cold) return;
    const { name } = this.#lease;
    this.#checks.startRoundIfDue(name === 'direct' || name === 'suspect' ? pairOf(this.#lease) : undefined, now);
  }

  #afterRound(now: Instant): void {
    const { gate } = this.#checks;
    if (this.#lease.name === 'none' && gate.dueAt === undefined) gate.requestLater(now);
    const lease = this.#lease;
    const better = lease.name === 'direct' && this.#selection.better(this.#checks.list, lease.pair, now);
    if (better) this.#toDirect(better, 'selected', now);
  }

  /** While relayed and in use, the path that worked last is asked now and then whether it works again. */
  #lastGoodCheck(): { readonly pair: CandidatePair; readonly at: Instant } | undefined {
    const pair = this.#lastGood;
    if (this.#lease.name !== 'none' || this.#checks.punching || !pair || !this.#checks.list.has(pair)) return undefined;
    const since = Math.max(this.#lease.since, pair.challengedAt ?? 0) as Instant;
    return { pair, at: after(since, LAST_GOOD_PROBE_MS) };
  }

  #acceptRemote(now: Instant): void {
    const added = this.#checks.list.replace(this.#candidates.accepted, pairOf(this.#lease));
    const { name } = this.#lease;
    const goodEnough = name === 'direct' && pairOf(this.#lease)!.rttMs <= GOOD_ENOUGH_RTT_MS;
    if (added.length === 0 || goodEnough || !this.#allowed || this.#cold) return;
    if (this.#checks.join(added, now)) return;
    this.#checks.gate.requestNow(now);
    this.#startRoundIfDue(now);
  }

  #announce(): void {
    if (!this.#allowed || this.#cold) return;
    const frame = this.#candidates.announcement();
    if (frame) this.#events.candidates(frame);
  }

  #sourceOf(from: Endpoint): Endpoint | undefined {
    const source = this.#candidates.answerable(from);
    if (!source) this.#checks.counters.sourcesRefused++;
    return source;
  }

  #pairFrom(source: Endpoint): CandidatePair {
    return this.#checks.list.get(source) ?? this.#checks.list.addPeerReflexive(source, pairOf(this.#lease));
  }

  #rest(now: Instant, reason: RouteReason): void {
    this.#checks.reset();
    this.#setLease({ name: 'none', since: now }, reason);
  }

  #wake(now: Instant): void {
    this.#cold = false;
    this.#announce();
    this.#checks.gate.requestNow(now);
    this.#startRoundIfDue(now);
  }
}
