import { connect } from 'node:net';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { ADMIN_LINE_BYTES_MAX, type AdminReply, type AdminRequest, adminReply } from './admin-protocol.ts';

/** A notice waits for one sync and one write per session; a server that is silent this long hangs. */
const ANSWER_MS_MAX = 10_000;

export type AdminCallError =
  /** Nobody listens there. */
  | 'not-running'
  /** Somebody does, but this user may not. */
  | 'forbidden'
  | 'no-answer';

/** Asks the running server of a data folder to do something. */
export function callAdmin(path: string, request: AdminRequest): Promise<Result<AdminReply, AdminCallError>> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(path);
    const finish = (result: Result<AdminReply, AdminCallError>): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS_MAX, () => finish(err('no-answer')));
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (text: string) => {
      received += text;
      const end = received.indexOf('\n');
      if (end >= 0) finish(replyOf(received.slice(0, end)));
      else if (received.length > ADMIN_LINE_BYTES_MAX) finish(err('no-answer'));
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      finish(err(code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'not-running'));
    });
    socket.on('close', () => finish(err('no-answer')));
  });
}

function replyOf(line: string): Result<AdminReply, AdminCallError> {
  try {
    const reply = adminReply.safeParse(JSON.parse(line));
    return reply.success ? ok(reply.data) : err('no-answer');
  } catch {
    return err('no-answer');
  }
}
