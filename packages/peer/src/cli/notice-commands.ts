import { NOTICES_MAX } from '@magpie/common/rpc/limits.ts';
import type { NoticeJson } from '@magpie/common/rpc/schemas.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { withDaemon } from './daemon-link.ts';
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
}

function limitOption(given: string | boolean | undefined): number {
  if (given === undefined) return LIMIT_DEFAULT;
  const limit = /^\d{1,3}$/.test(String(given)) ? Number(given) : 0;
  if (limit < 1 || limit > NOTICES_MAX) throw usageError('usage.bad-limit', { given: String(given), max: NOTICES_MAX });
  return limit;
}

/** Newest first; further lines of a notice indented. */
async function noticeLines({ out }: Invocation, items: readonly NoticeJson[]): Promise<string[]> {
  if (out.plain)
    return out.table(
      [],
      items.map((each) => [each.id, each.at, printable(each.text)]),
    );
  return items.flatMap((each) => {
    const [first = '', ...more] = printableLines(each.text);
    return [`${out.style('dim', localTime(each.at))} ${first}`, ...more.map((line) => `    ${line}`)];
  });
}
