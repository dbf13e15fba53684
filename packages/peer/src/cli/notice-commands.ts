import { NOTICES_MAX } from '@magpie/common/rpc/limits.ts';
import type { NoticeJson } from '@magpie/common/rpc/schemas.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable, printableLines } from './printable.ts';

const LIMIT_DEFAULT = 20;

export function addNoticeCommands(host: CommandHost): void {
  const notice = host.noun('notice', 'help.notice');
  host.add(notice, {
    usage: 'list',
    summary: 'help.notice.list',
    examples: ['notice list', 'notice list --limit 5 --json'],
    options: [['--limit <count>', 'option.notice-limit']],
    body: (invocation, _words, options) => {
      const limit = limitOption(options.limit);
      return withDaemon(invocation, async (link) => {
        const { items } = await link.call('notice.list', { limit });
        invocation.out.data({ items, next: null }, await noticeLines(invocation, items));
        if (items.length === 0) invocation.out.note(invocation.text('notice.none'));
        return undefined;
      });
    },
  });
  host.add(notice, {
    usage: 'dismiss <id>',
    summary: 'help.notice.dismiss',
    examples: ['notice dismiss 3', 'notice dismiss all'],
    body: (invocation, [id = '']) =>
      withDaemon(invocation, async (link) => {
        const wanted = id === 'all' ? await standing(link) : [noticeId(id)];
        const items: NoticeJson[] = [];
        for (const each of wanted) items.push(await link.call('notice.dismiss', { id: each }));
        invocation.out.done({ items }, invocation.text('notice.dismissed', { count: items.length }));
        return undefined;
      }),
  });
}

async function standing(link: DaemonLink): Promise<readonly string[]> {
  const { items } = await link.call('notice.list', { limit: NOTICES_MAX });
  return items.filter(({ dismissed }) => !dismissed).map(({ id }) => id);
}

function noticeId(given: string): string {
  if (!/^[1-9][0-9]{0,15}$/.test(given)) throw usageError('usage.bad-notice', { given });
  return given;
}

function limitOption(given: string | boolean | undefined): number {
  if (given === undefined) return LIMIT_DEFAULT;
  const limit = /^\d{1,3}$/.test(String(given)) ? Number(given) : 0;
  if (limit < 1 || limit > NOTICES_MAX) throw usageError('usage.bad-limit', { given: String(given), max: NOTICES_MAX });
  return limit;
}

/** Newest first; further lines of a notice indented. */
async function noticeLines({ out, text }: Invocation, items: readonly NoticeJson[]): Promise<string[]> {
  if (out.plain)
    return out.table(
      [],
      items.map((each) => [each.id, each.at, printable(each.text), each.dismissed ? 'dismissed' : '']),
    );
  return items.flatMap((each) => {
    const [first = '', ...more] = printableLines(each.text);
    const state = each.dismissed ? `  ${out.style('dim', text('notice.is-dismissed'))}` : '';
    const id = out.style('dim', `#${each.id} ${localTime(each.at)}`);
    return [`${id} ${first}${state}`, ...more.map((line) => `    ${line}`)];
  });
}
