import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Command } from 'commander';
import { fitsNotice } from '../admin/admin-protocol.ts';
import { type AdminFlags, askServer } from './ask-server.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, withDataFolder } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import type { CliPorts } from './ports.ts';

/** `notice send`. */
export function addNoticeCommands(program: Command, context: CommandContext): void {
  const { text } = context;
  const notice = program.command('notice').description(text('help.notice')).helpCommand(false);
  withDataFolder(notice.command('send <text...>').description(text('help.notice-send')), text).action(
    (words: readonly string[], flags: AdminFlags) => sendNotice(context, words, flags),
  );
}

/** @param words the text, or `-` alone: standard input */
async function sendNotice(context: CommandContext, words: readonly string[], flags: AdminFlags): Promise<void> {
  const isPiped = words.length === 1 && words[0] === '-';
  const notice = isPiped ? await readNotice(context.ports.stdin) : words.join(' ').trim();
  if (notice === '') throw new CliError('EMPTY_TEXT', EXIT.usage, 'error.empty-notice');
  if (!fitsNotice(notice)) throw tooLarge();
  const { id, reached } = await askServer(context, flags, { command: 'notice-send', text: notice });
  context.show(flags, { notice: { id, reached } }, [context.text('notice.sent', { id, reached })]);
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
