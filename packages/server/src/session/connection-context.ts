import type { KeyPair } from '@magpie/common/channel/keys.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Clock, Instant } from '@magpie/common/time.ts';
import type { ProvedLogin } from '../accounts/proved-logins.ts';
import type { LiveSession } from '../bus/directory.ts';
import type { ServerLimits } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import type { Connection, Ending } from './connection.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import type { LoginRequest, SessionRequest } from './requests.ts';

/** What a connection has shown before its login. */
export interface Anonymous {
  /** The key that the handshake proved. */
  readonly exchangeKey: Uint8Array;
  /** Its session is to begin invisible (R23). */
  readonly unseen: boolean;
  /** Its password or recovery code was right, and its device is not in the list of the account yet (R7). */
  readonly proved: ProvedLogin | undefined;
}

/** Does what requests ask for. Neither method ever rejects; an answer other than a refusal it sends itself. */
export interface RequestDispatcher {
  /** @returns why the login was refused; undefined when the connection is authenticated, proved, or gone */
  logIn(connection: Connection, client: Anonymous, request: LoginRequest): Promise<Refusal | undefined>;
  serve(connection: Connection, session: LiveSession, request: SessionRequest): Promise<Refusal | undefined>;
}

/** The hot path; every other frame goes to the dispatcher. */
export interface RelayForwarder {
  /** @returns false when the frame is malformed */
  forward(from: LiveSession, frame: Uint8Array, now: Instant): boolean;
}

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly limits: ServerLimits;
  readonly staticKey: KeyPair;
  readonly wheel: DeadlineWheel;
  readonly dispatcher: RequestDispatcher;
  readonly relay: RelayForwarder;
  /** The connection wants its `flush` at the end of this turn. */
  flushLater(connection: Connection): void;
  /** It counts as anonymous no longer: among the proved ones, which are counted by themselves, or as a session. */
  proved(connection: Connection): void;
  loggedIn(connection: Connection): void;
  drained(session: LiveSession): void;
  /** It no longer reads; `session` is what it was logged in as. */
  left(connection: Connection, session: LiveSession | undefined, ending: Ending): void;
  /** Its socket is gone. */
  gone(connection: Connection): void;
}
