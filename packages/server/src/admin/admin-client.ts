import { connect, type Socket } from 'node:net';
import { err, ok, type Result } from '@magpie/common/result.ts';
import {
  ADMIN_REPLY_BYTES_MAX,
  ADMIN_RESULTS,
  type AdminCommand,
  type AdminError,
  type AdminReply,
  type AdminRequest,
  type AdminResult,
  adminReply,
} from './admin-protocol.ts';

/** A command waits for one sync, and one hash of a password; a server that is silent this long hangs. */
const ANSWER_MS_MAX = 20_000;
/** A copy of the largest database that one machine should hold. */
const SNAPSHOT_MS_MAX = 3_600_000;

/** Why there is no answer. */
export type AdminCallError =
  /** Nobody listens there. */
  | 'not-running'
  /** Somebody does, but this user may not. */
  | 'forbidden'
  | 'no-answer';

export type AdminAnswer<C extends AdminCommand> = Result<Result<AdminResult<C>, AdminError>, AdminCallError>;

/** One connection to the running server of a data folder; commands one after the other. */
export class AdminClient {
  readonly #socket: Socket;
  #received = '';
  #waiting: ((line: Result<string, AdminCallError>) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => this.#finish(err('no-answer')));
    socket.on('close', () => this.#finish(err('no-answer')));
  }

  static open(path: string): Promise<Result<AdminClient, AdminCallError>> {
    return new Promise((resolve) => {
      const socket = connect(path);
      socket.once('error', ({ code }: NodeJS.ErrnoException) => {
        resolve(err(code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'not-running'));
      });
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(ok(new AdminClient(socket)));
      });
    });
  }

  /** Waits for the answer; ask the next thing afterwards. */
  async call<C extends AdminCommand>(request: AdminRequest & { readonly command: C }): Promise<AdminAnswer<C>> {
    const line = await this.#ask(
      `${JSON.stringify(request)}\n`,
      request.command === 'snapshot' ? SNAPSHOT_MS_MAX : ANSWER_MS_MAX,
    );
    if (!line.ok) return line;
    const reply = replyOf(line.value);
    if (!reply) return err('no-answer');
    if (!reply.ok) return ok(err(reply.error));
    const result = ADMIN_RESULTS[request.command].safeParse(reply.result);
    return result.success ? ok(ok(result.data as AdminResult<C>)) : err('no-answer');
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(line: string, msMax: number): Promise<Result<string, AdminCallError>> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed || this.#waiting) return resolve(err('no-answer'));
      const timer = setTimeout(() => this.#finish(err('no-answer')), msMax);
      this.#waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#socket.write(line);
    });
  }

  #take(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf('\n');
    if (end < 0) {
      if (this.#received.length > ADMIN_REPLY_BYTES_MAX) this.#finish(err('no-answer'));
      return;
    }
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 1);
    this.#finish(ok(line));
  }

  /** What ends without an answer ends the connection: a late answer must not be taken for that of the next command. */
  #finish(answer: Result<string, AdminCallError>): void {
    if (!answer.ok) this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}

/** One command on a connection of its own. */
export async function callAdmin<C extends AdminCommand>(
  path: string,
  request: AdminRequest & { readonly command: C },
): Promise<AdminAnswer<C>> {
  const client = await AdminClient.open(path);
  if (!client.ok) return client;
  const answer = await client.value.call<C>(request);
  client.value.close();
  return answer;
}

function replyOf(line: string): AdminReply | undefined {
  try {
    return adminReply.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
