import { type AdminAnswer, type AdminCallError, AdminClient, callAdmin } from '../admin/admin-client.ts';
import { adminPathOf } from '../admin/admin-path.ts';
import type { AdminCommand, AdminError, AdminRequest, AdminResult } from '../admin/admin-protocol.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { type ConfigFlags, readConfig } from './config-arguments.ts';
import { EXIT } from './exit-codes.ts';
import { isMessageKey, type MessageKey, type Messages } from './messages.ts';

export interface AdminFlags extends ConfigFlags {
  readonly json?: boolean;
}

/** One command to the running server. @param subject what a refusal is about @throws CliError when it is not done */
export async function askServer<C extends AdminCommand>(
  context: CommandContext,
  flags: AdminFlags,
  request: AdminRequest & { readonly command: C },
  subject = '',
): Promise<AdminResult<C>> {
  const { dataFolder } = readConfig(flags, context.ports.env, context.text);
  return resultOf(await callAdmin<C>(adminPathOf(dataFolder), request), dataFolder, subject);
}

/** A connection for several commands; the caller closes it. @throws CliError */
export async function openServer(
  context: CommandContext,
  flags: AdminFlags,
): Promise<{ readonly client: AdminClient; readonly dataFolder: string }> {
  const { dataFolder } = readConfig(flags, context.ports.env, context.text);
  const client = await AdminClient.open(adminPathOf(dataFolder));
  if (!client.ok) throw callFailed(client.error, dataFolder);
  return { client: client.value, dataFolder };
}

/** @throws CliError when the answer is none, or no */
export function resultOf<C extends AdminCommand>(
  answer: AdminAnswer<C>,
  dataFolder: string,
  subject = '',
): AdminResult<C> {
  if (!answer.ok) throw callFailed(answer.error, dataFolder);
  if (!answer.value.ok) throw refusedError(answer.value.error, subject);
  return answer.value.value;
}

/** Why the server refused, as a sentence. */
export function refusalText({ code, message }: AdminError, subject: string, text: Messages): string {
  return text(refusalKeyOf(code), { subject, detail: message });
}

function refusedError({ code, message, retryAfterMs }: AdminError, subject: string): CliError {
  if (code === 'failed' || code === 'bad-request' || code === 'too-large') {
    return new CliError('COMMAND_FAILED', EXIT.error, 'error.command-failed', { detail: message });
  }
  return new CliError(
    code.toUpperCase().replaceAll('-', '_'),
    EXIT_OF_REFUSAL[code] ?? EXIT.refused,
    refusalKeyOf(code),
    { subject, detail: message },
    { json: retryAfterMs === undefined ? {} : { retryAfterMs } },
  );
}

function refusalKeyOf(code: string): MessageKey {
  const key = `refused.${code}`;
  return isMessageKey(key) ? key : 'refused.other';
}

const EXIT_OF_REFUSAL: Readonly<Record<string, number>> = {
  'not-found': EXIT.notFound,
  'bad-name': EXIT.usage,
  'bad-display-name': EXIT.usage,
  'weak-password': EXIT.usage,
  busy: EXIT.timedOut,
};

function callFailed(error: AdminCallError, path: string): CliError {
  switch (error) {
    case 'not-running':
      return new CliError('NOT_RUNNING', EXIT.notRunning, 'error.not-running', { path });
    case 'forbidden':
      return new CliError('FORBIDDEN', EXIT.refused, 'error.forbidden', { path });
    case 'no-answer':
      return new CliError('NO_ANSWER', EXIT.timedOut, 'error.no-answer', { path });
  }
}
