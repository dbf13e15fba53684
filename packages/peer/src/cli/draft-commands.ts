import type { DraftJson } from '@magpie/common/rpc/schemas.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { allContacts } from './contact-commands.ts';
import { nameText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import { idOption } from './id-option.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable, printableLines } from './printable.ts';
import { messageText } from './send-command.ts';

/** What is being written, kept by the daemon: no face loses it, and every face has it. */
export function addDraftCommands(host: CommandHost): void {
  const draft = host.noun('draft', 'help.draft');
  host.add(draft, {
    usage: 'get <chat>',
    summary: 'help.draft.get',
    body: (invocation, [chat]) =>
      withDaemon(invocation, async (link) => {
        const { out, text } = invocation;
        const found = await link.call('draft.get', { chat: chat! });
        out.data({ draft: found }, found.at === null ? [] : printableLines(found.text));
        if (found.at === null) out.note(text('draft.none'));
        return undefined;
      }),
  });
  host.add(draft, {
    usage: 'set <chat> [text...]',
    summary: 'help.draft.set',
    examples: ['draft set bob "Half a thought"', 'draft set bob -'],
    options: [['--reply-to <id>', 'option.reply-to']],
    body: setDraft,
  });
  host.add(draft, {
    usage: 'clear <chat>',
    summary: 'help.draft.clear',
    body: (invocation, [chat]) =>
      withDaemon(invocation, async (link) => {
        const cleared = await link.call('draft.set', { chat: chat!, text: '' });
        invocation.out.done({ draft: cleared }, invocation.text('draft.cleared', { who: printable(chat!) }));
        return undefined;
      }),
  });
  host.add(draft, {
    usage: 'list',
    summary: 'help.draft.list',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const { items } = await link.call('draft.list', {});
        invocation.out.data({ items, next: null }, await draftLines(invocation, link, items));
        if (items.length === 0) invocation.out.note(invocation.text('draft.none'));
        return undefined;
      }),
  });
}

async function setDraft(
  invocation: Invocation,
  [chat, ...words]: readonly string[],
  options: OptionValues,
): Promise<undefined> {
  const replyTo = idOption(options, 'replyTo');
  const text = await messageText(invocation, words);
  return withDaemon(invocation, async (link) => {
    const draft = await link.call('draft.set', { chat: chat!, text, ...(replyTo ? { replyTo } : {}) });
    const sentence = draft.at === null ? 'draft.cleared' : 'draft.kept';
    invocation.out.done({ draft }, invocation.text(sentence, { who: printable(chat!) }));
    return undefined;
  });
}

async function draftLines(invocation: Invocation, link: DaemonLink, items: readonly DraftJson[]): Promise<string[]> {
  const { out, text } = invocation;
  if (out.json || items.length === 0) return [];
  const names = new Map((await allContacts(link)).map((contact) => [contact.id, nameText(contact)]));
  return out.table(
    [text('column.chat'), text('column.sent-at'), text('column.text')],
    items.map((each) => [
      names.get(each.chat) ?? each.chat,
      each.at === null ? '-' : localTime(each.at),
      printable(each.text),
    ]),
  );
}
