import { once } from 'node:events';
import { API_SCHEMA } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { MAGPIE_VERSION } from '../config.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { NewFile } from './new-file.ts';

/** Rows asked for at a time: an answer stays far below the line limit, and the daemon is asked seldom. */
const ROWS_PER_PAGE = 250;

/** Everything there is, as lines of JSON: what a person owns can be taken along. */
export function addMsgExportCommand(host: CommandHost, msg: Command): void {
  host.add(msg, {
    usage: 'export [chat]',
    summary: 'help.msg.export',
    examples: ['msg export --output history.jsonl', 'msg export bob > bob.jsonl'],
    options: [
      ['--output <file>', 'option.output'],
      ['--after <row>', 'option.export-after'],
    ],
    body: exportMessages,
  });
}

async function exportMessages(
  invocation: Invocation,
  [chat]: readonly string[],
  options: OptionValues,
): Promise<undefined> {
  const { after } = options;
  if (after !== undefined && !/^(0|[1-9][0-9]{0,15})$/.test(String(after))) {
    throw usageError('usage.bad-row', { given: String(after) });
  }
  return withDaemon(invocation, async (link) => {
    const account = await link.call('account.whoami', {});
    const contact = chat === undefined ? undefined : await link.call('contact.show', { who: chat });
    const header = {
      type: 'magpie-export',
      schema: API_SCHEMA,
      version: MAGPIE_VERSION,
      exportedAt: new Date().toISOString(),
      account: { id: account.id, name: account.name, displayName: account.displayName },
      chat: contact ? { id: contact.id, name: contact.name, displayName: contact.displayName } : null,
    };
    const lines = rowLines(link, header, contact?.id, typeof after === 'string' ? after : undefined);
    if (typeof options.output !== 'string') {
      for await (const text of lines) await written(invocation, text);
      return undefined;
    }
    const file = await NewFile.create(options.output);
    let rows = -1;
    try {
      for await (const text of lines) {
        await file.write(text);
        rows += text.split('\n').length - 1;
      }
      await file.finish();
    } catch (error) {
      await file.discard();
      throw error;
    }
    const values = { count: rows, file: options.output };
    invocation.out.done({ file: options.output, rows }, invocation.text('msg.exported', values));
    return undefined;
  });
}

/** The header, then page by page every row in the order in which it came, each text whole lines. */
async function* rowLines(
  link: DaemonLink,
  header: object,
  chat: string | undefined,
  first: string | undefined,
): AsyncGenerator<string> {
  yield `${JSON.stringify(header)}\n`;
  let after: string | null = first ?? '0';
  while (after !== null) {
    const page: Awaited<ReturnType<typeof exportPage>> = await exportPage(link, chat, after);
    if (page.items.length > 0) yield page.items.map((row) => `${JSON.stringify(row)}\n`).join('');
    after = page.next;
  }
}

function exportPage(link: DaemonLink, chat: string | undefined, after: string) {
  return link.call('message.export', { after, limit: ROWS_PER_PAGE, ...(chat === undefined ? {} : { chat }) });
}

/** Waits for a reader that is slower than the daemon. */
async function written({ ports }: Invocation, text: string): Promise<void> {
  if (!ports.stdout.write(text)) await once(ports.stdout, 'drain');
}
