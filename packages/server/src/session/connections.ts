import type { TcpHandlers, TcpStream } from '@magpie/common/net.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { after } from '@magpie/common/time.ts';
import type { LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS } from '../limits.ts';
import { RateBudget, RateTable, sourceOf } from '../rate-budget.ts';
import { Connection, type Ending } from './connection.ts';
import type { ConnectionContext } from './connection-context.ts';
import { DeadlineWheel } from './deadline-wheel.ts';

/** What the connections need of the server around them. */
export type ConnectionsPorts = Pick<
  ConnectionContext,
  'clock' | 'random' | 'log' | 'limits' | 'staticKey' | 'dispatcher' | 'relay' | 'drained'
> & {
  readonly atTurnEnd: (task: () => void) => void;
  readonly sessionClosed: (session: LiveSession, ending: Ending) => void;
};

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
  readonly #connectionsOfSource: RateTable;
  #toFlush: Connection[] = [];
  #flushScheduled = false;
  #whenEmpty: (() => void) | undefined;

  constructor(ports: ConnectionsPorts) {
    this.#ports = ports;
    const perSecond = ports.limits.handshakesPerSecond;
    this.#handshakes = new RateBudget(perSecond, perSecond);
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
      loggedIn: (connection) => this.#forgetAnonymous(connection),
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
    if (this.#all.size >= limits.connectionsMax || ofSource >= limits.anonymousPerSourceMax) return turnAway(stream);
    if (this.#connectionsOfSource.take(source, now) > 0) return turnAway(stream);
    // What is turned away before this takes no turn from anybody.
    const waitMs = this.#handshakes.reserve(now, limits.handshakeWaitMsMax);
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

  /** Tells every client why, and resolves when all sockets are gone or `drainMs` have passed. */
  async closeAll(code: RefusalCode, reason: string, retryAfterMs: number, drainMs: number): Promise<void> {
    for (const connection of this.#all) connection.close(code, reason, retryAfterMs);
    if (this.#all.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#ports.clock.setTimer(after(this.#ports.clock.now(), drainMs), resolve);
        this.#whenEmpty = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#context.wheel.stop();
    for (const connection of this.#all) connection.cut();
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

function turnAway(stream: TcpStream): TcpHandlers {
  stream.destroy();
  return turnedAway;
}
