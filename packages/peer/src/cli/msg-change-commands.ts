import { PAGE_ITEMS_MAX } from '@magpie/common/rpc/limits.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { nameText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import { messageIdOf } from './id-option.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable } from './printable.ts';
import { confirm } from './prompt.ts';
import { messageText } from './send-command.ts';
import { timeOption } from './time-option.ts';

const YES_NEEDED = { sentence: 'input.delete-yes-needed', hint: 'hint.yes-needed' } as const;

/** Changing what was said, and forgetting it. */
export function addMsgChangeCommands(host: CommandHost, msg: Command): void {
  host.add(msg, {
    usage: 'edit <id> [text...]',
    summary: 'help.msg.edit',
    examples: ['msg edit 0199c0de000070008000000000000001 "At six, not at five"'],
    body: async (invocation, [given, ...words]) => {
      const id = messageIdOf(given!);
      const text = await messageText(invocation, words);
      return withDaemon(invocation, async (link) => {
        const message = await link.call('message.edit', { id, text });
        const values = { who: await chatName(link, message), id };
        invocation.out.done({ message }, invocation.text('msg.edited-done', values));
        return undefined;
      });
    },
  });
  host.add(msg, {
    usage: 'recall <id>',
    summary: 'help.msg.recall',
    examples: ['msg recall 0199c0de000070008000000000000001'],
    body: (invocation, [given]) => {
      const id = messageIdOf(given!);
      return withDaemon(invocation, async (link) => {
        const message = await link.call('message.recall', { id });
        const values = { who: await chatName(link, message), id };
        const sentence = message.state === 'refused' ? 'msg.cancelled-done' : 'msg.recalled-done';
        invocation.out.done({ message }, invocation.text(sentence, values));
        return undefined;
      });
    },
  });
  host.add(msg, {
    usage: 'react <id> <emoji>',
    summary: 'help.msg.react',
    examples: ['msg react 0199c0de000070008000000000000001 👍', 'msg react 0199c0de000070008000000000000001 👍 --off'],
    options: [['--off', 'option.off']],
    body: (invocation, [given, emoji], options) => {
      const id = messageIdOf(given!);
      return withDaemon(invocation, async (link) => {
        const message = await react(link, id, emoji!, options.off !== true);
        const sentence = options.off === true ? 'msg.reaction-off' : 'msg.reacted';
        invocation.out.done({ message }, invocation.text(sentence, { emoji: printable(emoji!), id }));
        return undefined;
      });
    },
  });
  host.add(msg, {
    usage: 'delete <chat> [id...]',
    summary: 'help.msg.delete',
    examples: [
      'msg delete bob 0199c0de000070008000000000000001',
      'msg delete bob --before 2026-01-01',
      'msg delete bob --all --yes',
    ],
    options: [
      ['--all', 'option.delete-all'],
      ['--before <time>', 'option.delete-before'],
      ['--yes', 'option.yes'],
    ],
    body: deleteMessages,
  });
}

async function react(link: DaemonLink, id: string, emoji: string, on: boolean): Promise<MessageJson> {
  const bad = usageError('usage.bad-emoji', { given: printable(emoji) });
  // Longer than the API takes at all.
  if (emoji === '' || emoji.length > EMOJI_CHARS_MAX) throw bad;
  try {
    return await link.call('message.react', { id, emoji, on });
  } catch (error) {
    if (error instanceof CliError && error.error.detail?.argument === 'emoji') throw bad;
    throw error;
  }
}

const EMOJI_CHARS_MAX = 64;

async function deleteMessages(
  invocation: Invocation,
  [chat, ...words]: readonly string[],
  options: OptionValues,
): Promise<undefined> {
  const ids = words.map(messageIdOf);
  const upTo = timeOption(options.before);
  const ways = [ids.length > 0, upTo !== undefined, options.all === true].filter((way) => way);
  if (ways.length !== 1) throw usageError('usage.delete-what');
  return withDaemon(invocation, async (link) => {
    const contact = await link.call('contact.show', { who: chat! });
    if (options.yes !== true) await askFirst(invocation, nameText(contact), ids.length, upTo);
    let deleted = 0;
    // By number: what was asked about is what is deleted, whatever its name is meanwhile.
    for (let from = 0; from === 0 || from < ids.length; from += PAGE_ITEMS_MAX) {
      const page = ids.slice(from, from + PAGE_ITEMS_MAX);
      const what = { ...(page.length > 0 ? { ids: page } : {}), ...(upTo === undefined ? {} : { upTo }) };
      deleted += (await link.call('message.delete', { chat: contact.id, ...what })).deleted;
    }
    invocation.out.done({ deleted }, invocation.text('msg.deleted-done', { count: deleted }));
    return undefined;
  });
}

async function askFirst(
  { ports, text, interactive }: Invocation,
  who: string,
  count: number,
  upTo: string | undefined,
): Promise<void> {
  if (!interactive) throw new CliError({ code: 'INPUT_NEEDED' }, YES_NEEDED);
  const question =
    count > 0
      ? text('prompt.delete-messages', { count, who })
      : upTo === undefined
        ? text('prompt.delete-chat', { who })
        : text('prompt.delete-before', { who, time: localTime(upTo) });
  if (!(await confirm(ports, question))) throw new CliError({ code: 'CANCELLED' });
}

async function chatName(link: DaemonLink, { chat }: MessageJson): Promise<string> {
  const contact = await link.call('contact.show', { who: chat }).catch(() => undefined);
  return contact ? nameText(contact) : chat;
}
