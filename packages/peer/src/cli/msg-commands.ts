import { parseMessageId } from '@magpie/common/ids.ts';
import { PAGE_ITEMS_MAX } from '@magpie/common/rpc/limits.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { usageError } from './cli-error.ts';
import { codeText } from './code-text.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { nameText, roadText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable, printableLines } from './printable.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 100_000;

export function addMsgCommands(host: CommandHost): void {
  const msg = host.noun('msg', 'help.msg');
  host.add(msg, {
    usage: 'list <chat>',
    summary: 'help.msg.list',
    examples: ['msg list bob --limit 20', 'msg list bob --json'],
    options: [
      ['--limit <count>', 'option.limit'],
      ['--before <id>', 'option.before'],
      ['--after <id>', 'option.after'],
    ],
    body: (invocation, [chat], options) => {
      const limit = limitOption(options.limit);
      const before = idOption(options, 'before');
      const after = idOption(options, 'after');
      return withDaemon(invocation, async (link) => {
        const { items, next } = await pages(link, chat!, limit, before, after);
        invocation.out.data({ items, next }, await messageLines(invocation, link, items));
        return undefined;
      });
    },
  });
  host.add(msg, {
    usage: 'show <id>',
    summary: 'help.msg.show',
    body: (invocation, [id]) => {
      if (!parseMessageId(id!)) throw usageError('usage.bad-id', { given: id! });
      return withDaemon(invocation, async (link) => {
        const message = await link.call('message.show', { id: id! });
        invocation.out.data({ message }, await messageLines(invocation, link, [message]));
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
}

function limitOption(given: string | boolean | undefined): number {
  if (given === undefined) return LIMIT_DEFAULT;
  const limit = /^\d{1,6}$/.test(String(given)) ? Number(given) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw usageError('usage.bad-limit', { given: String(given), max: LIMIT_MAX });
  return limit;
}

function idOption(options: OptionValues, name: 'before' | 'after' | 'upTo'): string | undefined {
  const given = options[name];
  if (given === undefined) return undefined;
  const id = parseMessageId(String(given));
  if (!id) throw usageError('usage.bad-id', { given: String(given) });
  return id;
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

async function messageLines(
  invocation: Invocation,
  link: DaemonLink,
  items: readonly MessageJson[],
): Promise<string[]> {
  if (invocation.out.json) return [];
  const nameOf = await namesOf(link, items);
  if (!invocation.out.plain) return items.flatMap((each) => messageBlock(invocation, nameOf(each), each));
  const rows = items.map((each) => [each.id, each.at, nameOf(each), each.state, printable(each.text)]);
  return invocation.out.table([], rows);
}

/** `14:03 alice: text`, further lines indented; what is not yet with the friend says so. */
export function messageBlock({ out, text, translator }: Invocation, name: string, message: MessageJson): string[] {
  const [first = '', ...more] = printableLines(message.text);
  const state = message.direction === 'out' ? stateText({ text, translator }, message) : '';
  const time = out.style('dim', localTime(message.at));
  const lines = [`${time} ${out.style('bold', name)}: ${first}`, ...more.map((line) => `    ${line}`)];
  const last = lines.pop()!;
  return [...lines, state === '' ? last : `${last}  ${out.style('dim', `(${state})`)}`];
}

export function stateText({ text, translator }: Pick<Invocation, 'text' | 'translator'>, message: MessageJson): string {
  const word = text(`state.${message.state}`);
  const because = message.reason ? `, ${codeText(translator, 'message-reason', message.reason)}` : '';
  return message.path ? `${word}${because}, ${roadText({ text }, message.path)}` : `${word}${because}`;
}

async function namesOf(link: DaemonLink, items: readonly MessageJson[]): Promise<(message: MessageJson) => string> {
  const chat = items[0]?.chat;
  const names = new Map<string, string>();
  if (chat) {
    const contact = await link.call('contact.show', { who: chat }).catch(() => undefined);
    if (contact) names.set(chat, nameText(contact));
    const own = await link.call('account.whoami', {}).catch(() => undefined);
    if (own) names.set(own.id, printable(own.name));
  }
  return (message) => names.get(message.from) ?? message.from;
}
