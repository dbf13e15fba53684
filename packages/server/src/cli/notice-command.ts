import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { callAdmin } from '../admin/admin-client.ts';
import { adminPathOf } from '../admin/admin-path.ts';
import { fitsNotice } from '../admin/admin-protocol.ts';
import { CliError } from './cli-error.ts';
import { type ConfigFlags, readConfig } from './config-arguments.ts';
import { EXIT } from './exit-codes.ts';
import type { Messages } from './messages.ts';
import type { CliPorts } from './ports.ts';

export interface NoticeFlags extends ConfigFlags {
  readonly json?: boolean;
}

/** @param words the text, or `-` alone: standard input */
export async function sendNotice(
  words: readonly string[],
  flags: NoticeFlags,
  ports: CliPorts,
  text: Messages,
): Promise<void> {
  const { dataFolder } = readConfig(flags, ports.env, text);
  const notice = words.length === 1 && words[0] === '-' ? await readNotice(ports.stdin) : words.join(' ').trim();
  if (notice === '') throw new CliError('EMPTY_TEXT', EXIT.usage, 'error.empty-notice');
  if (!fitsNotice(notice)) throw tooLarge();
  const answer = await callAdmin(adminPathOf(dataFolder), { command: 'notice-send', text: notice });
  if (!answer.ok) throw callFailed(answer.error, dataFolder);
  const reply = answer.value;
  if (!reply.ok) {
    throw new CliError('COMMAND_FAILED', EXIT.error, 'error.command-failed', { detail: reply.error.message });
  }
  const { id, reached } = reply.result;
  const sentence = text('notice.sent', { id: String(id), reached: String(reached) });
  ports.stdout.write(`${flags.json ? JSON.stringify({ ok: true, notice: { id, reached } }) : sentence}\n`);
}

/** Stops at the limit, so that a wrong pipe fills no memory. */
async function readNotice(stdin: CliPorts['stdin']): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stdin) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    // Blank space around the text does not count, but it has a limit too.
    if (length > 2 * NOTICE_TEXT_BYTES_MAX) throw tooLarge();
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8').trim();
}

function tooLarge(): CliError {
  return new CliError('TEXT_TOO_LARGE', EXIT.usage, 'error.notice-too-large', { max: NOTICE_TEXT_BYTES_MAX });
}

function callFailed(error: 'not-running' | 'forbidden' | 'no-answer', path: string): CliError {
  switch (error) {
    case 'not-running':
      return new CliError('NOT_RUNNING', EXIT.notRunning, 'error.not-running', { path });
    case 'forbidden':
      return new CliError('FORBIDDEN', EXIT.refused, 'error.forbidden', { path });
    case 'no-answer':
      return new CliError('NO_ANSWER', EXIT.timedOut, 'error.no-answer', { path });
  }
}
