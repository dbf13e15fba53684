import { PAGE_ITEMS_MAX } from '@magpie/common/rpc/limits.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { nameText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import { idOption, limitOption, messageIdOf } from './id-option.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import {
  messageBlock,
  plainKind,
  plainRow,
  reactionText,
  type Surroundings,
  stateText,
  surroundings,
} from './message-lines.ts';
import { printable } from './printable.ts';
import { timeOption } from './time-option.ts';

const LIST_DEFAULT = 50;
const SEARCH_DEFAULT = 20;
const LIMIT_MAX = 100_000;

/** Reading. @returns the noun, for the commands of other files */
export function addMsgCommands(host: CommandHost): Command {
  const msg = host.noun('msg', 'help.msg');
  host.add(msg, {
    usage: 'list <chat>',
    summary: 'help.msg.list',
    examples: [
      'msg list bob --limit 20',
      'msg list bob --around 0199c0de000070008000000000000001',
      'msg list bob --json',
    ],
    options: [
      ['--limit <count>', 'option.limit'],
      ['--before <id>', 'option.before'],
      ['--after <id>', 'option.after'],
      ['--around <id>', 'option.around'],
    ],
    body: list,
  });
  host.add(msg, {
    usage: 'search <text...>',
    summary: 'help.msg.search',
    examples: ['msg search 吃饭', 'msg search report --chat bob --since 7d', 'msg search "see you" --from me --json'],
    options: [
      ['--chat <who>', 'option.search-chat'],
      ['--from <who>', 'option.search-from'],
      ['--since <time>', 'option.search-since'],
      ['--limit <count>', 'option.search-limit'],
      ['--before <id>', 'option.before'],
    ],
    body: search,
  });
  host.add(msg, {
    usage: 'show <id>',
    summary: 'help.msg.show',
    body: (invocation, [given]) => {
      const id = messageIdOf(given!);
      return withDaemon(invocation, async (link) => {
        const message = await link.call('message.show', { id });
        invocation.out.data({ message }, await detailLines(invocation, link, message));
        return undefined;
      });
    },
  });
  host.add(msg, {
    usage: 'mark-read <chat>',
    summary: 'help.msg.mark-read',
    examples: ['msg mark-read bob'],
    options: [['--up-to <id>', 'option.up-to']],
    body: (invocation, [chat], options) => {
      const upTo = idOption(options, 'upTo');
      return withDaemon(invocation, async (link) => {
        const done = await link.call('message.markRead', { chat: chat!, ...(upTo ? { upTo } : {}) });
        invocation.out.done(done, invocation.text('msg.marked', { changed: done.changed, who: printable(chat!) }));
        return undefined;
      });
    },
  });
  return msg;
}

async function list(invocation: Invocation, [chat]: readonly string[], options: OptionValues): Promise<undefined> {
  const limit = limitOption(options.limit, LIST_DEFAULT, LIMIT_MAX);
  const before = idOption(options, 'before');
  const after = idOption(options, 'after');
  const around = idOption(options, 'around');
  if (around !== undefined && (before !== undefined || after !== undefined)) throw usageError('usage.around-alone');
  return withDaemon(invocation, async (link) => {
    const { items, next } =
      around === undefined
        ? await pages(link, chat!, limit, before, after)
        : await link.call('message.list', { chat: chat!, limit: Math.min(limit, PAGE_ITEMS_MAX), around });
    invocation.out.data({ items, next }, await messageLines(invocation, link, items));
    await noteMissing(invocation, link, chat!);
    return undefined;
  });
}

/** As many as asked for, oldest first, page by page: backwards from the end, forwards only after a given message. */
async function pages(
  link: DaemonLink,
  chat: string,
  limit: number,
  before: string | undefined,
  after: string | undefined,
): Promise<{ items: MessageJson[]; next: string | null }> {
  let items: MessageJson[] = [];
  let edge: string | undefined = after ?? before;
  let next: string | null = null;
  do {
    const page = await link.call('message.list', {
      chat,
      limit: Math.min(limit - items.length, PAGE_ITEMS_MAX),
      ...(edge === undefined ? {} : after === undefined ? { before: edge } : { after: edge }),
      ...(after !== undefined && before !== undefined ? { before } : {}),
    });
    items = after === undefined ? [...page.items, ...items] : [...items, ...page.items];
    next = page.next;
    edge = next ?? undefined;
  } while (next !== null && items.length < limit);
  return { items, next };
}

/** R17: what is known to be missing is named. */
async function noteMissing(invocation: Invocation, link: DaemonLink, chat: string): Promise<void> {
  if (invocation.out.json) return;
  const contact = await link.call('contact.show', { who: chat }).catch(() => undefined);
  if (!contact || contact.missing === 0) return;
  invocation.out.note(invocation.text('msg.missing', { count: contact.missing, who: nameText(contact) }));
}

async function search(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const text = words.join(' ').trim();
  if (text === '') throw usageError('usage.search-empty');
  const limit = limitOption(options.limit, SEARCH_DEFAULT, LIMIT_MAX);
  const since = timeOption(options.since);
  const first = idOption(options, 'before');
  const { chat, from } = options;
  return withDaemon(invocation, async (link) => {
    const items: MessageJson[] = [];
    let next: string | null = first ?? null;
    do {
      const page = await link.call('message.search', {
        text,
        limit: Math.min(limit - items.length, PAGE_ITEMS_MAX),
        ...(typeof chat === 'string' ? { chat } : {}),
        ...(typeof from === 'string' ? { from } : {}),
        ...(since === undefined ? {} : { since }),
        ...(next === null ? {} : { before: next }),
      });
      items.push(...page.items);
      next = page.next;
    } while (next !== null && items.length < limit);
    invocation.out.data({ items, next }, await foundLines(invocation, link, items));
    if (items.length === 0) invocation.out.note(invocation.text('msg.none'));
    return undefined;
  });
}

async function messageLines(
  invocation: Invocation,
  link: DaemonLink,
  items: readonly MessageJson[],
): Promise<string[]> {
  if (invocation.out.json) return [];
  const around = await surroundings(invocation, link, items);
  if (invocation.out.plain)
    return invocation.out.table(
      [],
      items.map((each) => [...plainRow(each, around), plainKind(each)]),
    );
  return items.flatMap((each) => messageBlock(invocation, each, around, around.nameOf(each.from)));
}

/** Whose conversation it is, and how to get there. */
async function foundLines(invocation: Invocation, link: DaemonLink, items: readonly MessageJson[]): Promise<string[]> {
  const { out, text, magpie } = invocation;
  if (out.json) return [];
  const around = await surroundings(invocation, link, items);
  if (out.plain) {
    const rows = items.map((each) => [...plainRow(each, around), around.nameOf(each.chat), plainKind(each)]);
    return out.table([], rows);
  }
  return items.flatMap((each) => [
    ...messageBlock(invocation, each, around, sides(each, around)),
    out.style('dim', `      ${text('msg.context', { magpie, chat: each.chat, id: each.id })}`),
  ]);
}

function sides(message: MessageJson, { nameOf }: Surroundings): string {
  return message.direction === 'out' ? `${nameOf(message.from)} → ${nameOf(message.chat)}` : nameOf(message.from);
}

/** All that is known of one message, a line for each. */
async function detailLines(invocation: Invocation, link: DaemonLink, message: MessageJson): Promise<string[]> {
  const { out, text } = invocation;
  if (out.json) return [];
  const around = await surroundings(invocation, link, [message]);
  if (out.plain) return out.table([], [[...plainRow(message, around), plainKind(message)]]);
  const details = await out.table(
    [],
    [
      [text('column.message-id'), message.id],
      [text('column.chat'), around.nameOf(message.chat)],
      [text('column.from'), around.nameOf(message.from)],
      [text('column.sent-at'), localTime(message.at)],
      [text('column.state'), stateText(invocation, message)],
      ...(message.replyTo === null ? [] : [[text('column.reply'), message.replyTo]]),
      ...(message.editedAt === null ? [] : [[text('column.edited'), localTime(message.editedAt)]]),
      ...(message.reactions.length === 0 ? [] : [[text('column.reactions'), reactionText(message)]]),
      ...(message.pendingChanges === 0 ? [] : [[text('column.pending'), String(message.pendingChanges)]]),
      [text('column.device'), message.device],
    ],
  );
  return [...messageBlock(invocation, message, around, around.nameOf(message.from)), '', ...details];
}
