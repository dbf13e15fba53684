import type { TcpHandlers, TcpStream } from '@magpie/common/net.ts';
import { randomUnit } from '@magpie/common/random.ts';
import { after, type Instant } from '@magpie/common/time.ts';
import type { LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, SHUTDOWN_RETRY_AFTER_MS, SHUTDOWN_RETRY_JITTER_MS } from '../limits.ts';
import { RateBudget, RateTable, sourceOf } from '../rate-budget.ts';
import { Connection, type Ending } from './connection.ts';
import type { ConnectionContext } from './connection-context.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { KnownSources } from './known-sources.ts';

/** What the connections need of the server around them. */
export type ConnectionsPorts = Pick<
  ConnectionContext,
  'clock' | 'random' | 'log' | 'limits' | 'staticKey' | 'dispatcher' | 'relay' | 'drained'
> & {
  readonly atTurnEnd: (task: () => void) => void;
  readonly sessionClosed: (session: LiveSession, ending: Ending) => void;
};

/** A drain closes its share of connections so often. */
const DRAIN_STEP_MS = 100;

/** Nothing is said to a connection that is turned away: without a handshake there is no key to say it under. */
const turnedAway: TcpHandlers = { onBytes() {}, onClose() {} };

/** All connections of this process: who may come in, the turn in which they flush, their common wheel, their end. */
export class Connections {
  readonly #ports: ConnectionsPorts;
  readonly #context: ConnectionContext;
  readonly #all = new Set<Connection>();
  /** Oldest first. */
  readonly #anonymous = new Set<Connection>();
  readonly #anonymousOfSource = new Map<string, number>();
  readonly #handshakes: RateBudget;
  readonly #handshakesOfKnown: RateBudget;
  readonly #knownSources = new KnownSources();
  readonly #connectionsOfSource: RateTable;
  #stopping: Stopping | undefined;
  #toFlush: Connection[] = [];
  #flushScheduled = false;
  #whenEmpty: (() => void) | undefined;

  constructor(ports: ConnectionsPorts) {
    this.#ports = ports;
    const perSecond = ports.limits.handshakesPerSecond;
    this.#handshakes = new RateBudget(perSecond, perSecond);
    const ofKnownPerSecond = ports.limits.handshakesPerSecondOfKnown;
    this.#handshakesOfKnown = new RateBudget(ofKnownPerSecond, ofKnownPerSecond);
    const { clock, random, log, limits, staticKey, dispatcher, relay, drained } = ports;
    const { connectionsPerSourcePerSecond, connectionsPerSourceBurst } = limits;
    this.#connectionsOfSource = new RateTable(
      connectionsPerSourcePerSecond,
      connectionsPerSourceBurst,
      RATE_BUCKETS,
      random,
    );
    this.#context = {
      ...{ clock, random, log, limits, staticKey, dispatcher, relay, drained },
      wheel: new DeadlineWheel(clock),
      flushLater: (connection) => this.#flushLater(connection),
      proved: (connection) => this.#forgetAnonymous(connection),
      loggedIn: (connection) => {
        this.#forgetAnonymous(connection);
        this.#knownSources.note(connection.source, clock.now());
      },
      left: (connection, session, ending) => {
        this.#forgetAnonymous(connection);
        if (session) ports.sessionClosed(session, ending);
      },
      gone: (connection) => this.#forget(connection),
    };
  }

  get count(): number {
    return this.#all.size;
  }

  get anonymousCount(): number {
    return this.#anonymous.size;
  }

  /** A stream was accepted. Its first bytes are read when the handshake gate has a turn for it. */
  accept(stream: TcpStream): TcpHandlers {
    const { clock, limits } = this.#ports;
    const now = clock.now();
    const source = sourceOf(stream.remote);
    const ofSource = this.#anonymousOfSource.get(source) ?? 0;
    if (this.#stopping) return turnAway(stream);
    if (this.#all.size >= limits.connectionsMax || ofSource >= limits.anonymousPerSourceMax) return turnAway(stream);
    if (this.#connectionsOfSource.take(source, now) > 0) return turnAway(stream);
    // What is turned away before this takes no turn from anybody.
    const waitMs = this.#handshakeTurn(source, now);
    if (waitMs === undefined) return turnAway(stream);
    const connection = new Connection(this.#context, stream, source);
    this.#all.add(connection);
    this.#anonymous.add(connection);
    this.#anonymousOfSource.set(source, ofSource + 1);
    if (this.#anonymous.size > limits.anonymousMax) {
      const oldest = this.#anonymous.values().next().value;
      oldest?.close('busy', 'too many connections without a login');
    }
    this.#context.wheel.place(connection);
    if (waitMs > 0) {
      stream.pauseReading();
      clock.setTimer(after(now, waitMs), () => stream.resumeReading());
    }
    return connection;
  }

  /** No more logins: an orderly stop has begun. */
  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /**
   * Takes nobody in any more and tells every client to come back later: those without a session at once, the others at
   * the given rate. Resolves when all sockets are gone, or the last was told and `lingerMs` have passed. Called again while
   * it runs: tells all who are left at once.
   */
  stop(perSecond: number | undefined, lingerMs: number): Promise<void> {
    if (this.#stopping) {
      this.#stopping.perSecond = Number.POSITIVE_INFINITY;
      this.#stopping.wake?.();
      return this.#stopping.done;
    }
    const stopping: Stopping = { perSecond: perSecond ?? Number.POSITIVE_INFINITY, done: Promise.resolve() };
    this.#stopping = stopping;
    stopping.done = this.#stop(stopping, lingerMs);
    return stopping.done;
  }

  async #stop(stopping: Stopping, lingerMs: number): Promise<void> {
    for (const connection of this.#all) if (!connection.session) this.#sendAway(connection);
    let due = [...this.#all].filter(({ open }) => open);
    let share = 0;
    while (due.length > 0) {
      share += (stopping.perSecond * DRAIN_STEP_MS) / 1_000;
      const count = Math.min(Math.floor(share), due.length);
      share -= count;
      for (const connection of due.splice(0, count)) this.#sendAway(connection);
      due = due.filter(({ open }) => open);
      if (due.length > 0) await this.#wait(DRAIN_STEP_MS, stopping);
    }
    if (this.#all.size > 0) await this.#wait(lingerMs);
    this.#context.wheel.stop();
    for (const connection of this.#all) connection.cut();
  }

  #sendAway(connection: Connection): void {
    const jitterMs = Math.floor(randomUnit(this.#ports.random) * SHUTDOWN_RETRY_JITTER_MS);
    connection.close('shutting-down', 'the server is stopping', SHUTDOWN_RETRY_AFTER_MS + jitterMs);
  }

  /** Until then, or all are gone, or the stop is hurried. */
  #wait(ms: number, stopping?: Stopping): Promise<void> {
    const { clock } = this.#ports;
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#whenEmpty = undefined;
        if (stopping) stopping.wake = undefined;
        resolve();
      };
      const timer = clock.setTimer(after(clock.now(), ms), wake);
      this.#whenEmpty = wake;
      if (stopping) stopping.wake = wake;
    });
  }

  /** @returns ms to wait for the turn, undefined when there is none soon enough */
  #handshakeTurn(source: string, now: Instant): number | undefined {
    if (this.#knownSources.has(source, now) && this.#handshakesOfKnown.take(now) === 0) return 0;
    return this.#handshakes.reserve(now, this.#ports.limits.handshakeWaitMsMax);
  }

  #flushLater(connection: Connection): void {
    this.#toFlush.push(connection);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#ports.atTurnEnd(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    this.#flushScheduled = false;
    const due = this.#toFlush;
    this.#toFlush = [];
    for (const connection of due) connection.flush();
  };

  #forgetAnonymous(connection: Connection): void {
    if (!this.#anonymous.delete(connection)) return;
    const left = (this.#anonymousOfSource.get(connection.source) ?? 1) - 1;
    if (left === 0) this.#anonymousOfSource.delete(connection.source);
    else this.#anonymousOfSource.set(connection.source, left);
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    if (this.#all.size === 0) this.#whenEmpty?.();
  }
}

interface Stopping {
  perSecond: number;
  done: Promise<void>;
  wake?: (() => void) | undefined;
}

function turnAway(stream: TcpStream): TcpHandlers {
  stream.destroy();
  return turnedAway;
}
