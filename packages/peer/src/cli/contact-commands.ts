import type { ContactJson, RoadJson } from '@magpie/common/rpc/schemas.ts';
import { CliError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { confirm } from './prompt.ts';

const YES_NEEDED = { sentence: 'input.yes-needed', hint: 'hint.yes-needed' } as const;

export function addContactCommands(host: CommandHost): void {
  const contact = host.noun('contact', 'help.contact');
  host.add(contact, {
    usage: 'list',
    summary: 'help.contact.list',
    examples: ['contact list --online', 'contact list --json'],
    options: [
      ['--online', 'option.online'],
      ['--all', 'option.all'],
    ],
    body: (invocation, _words, options) =>
      withDaemon(invocation, async (link) => {
        const all = await allContacts(link);
        const kept = all.filter((each) => options.all === true || each.state === 'member');
        const items = options.online === true ? kept.filter((each) => isHere(each)) : kept;
        invocation.out.data({ items, next: null }, await contactLines(invocation, items, options.all === true));
        if (items.length === 0) invocation.out.note(invocation.text('contact.none', { magpie: invocation.magpie }));
        return undefined;
      }),
  });
  host.add(contact, {
    usage: 'show <who>',
    summary: 'help.contact.show',
    examples: ['contact show bob'],
    body: (invocation, [who]) =>
      withDaemon(invocation, async (link) => {
        const found = await link.call('contact.show', { who: who! });
        invocation.out.data({ contact: found }, await contactLines(invocation, [found], true));
        return undefined;
      }),
  });
  host.add(contact, {
    usage: 'requests',
    summary: 'help.contact.requests',
    examples: ['contact requests'],
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const items = (await allContacts(link)).filter((each) => each.state === 'asking' || each.state === 'asked');
        const lines = await invocation.out.table(
          ['column.number', 'column.name', 'column.display-name', 'column.state', 'column.text'].map((key) =>
            invocation.text(key as 'column.number'),
          ),
          items.map((each) => [
            each.id,
            printable(each.name),
            printable(each.displayName),
            invocation.text(`roster.${each.state}`),
            printable(each.text),
          ]),
        );
        invocation.out.data({ items, next: null }, lines);
        if (items.length === 0) invocation.out.note(invocation.text('contact.no-requests'));
        return undefined;
      }),
  });
  host.add(contact, {
    usage: 'add <who>',
    summary: 'help.contact.add',
    examples: ['contact add bob --message "Alice from the lab"', 'contact add 10002'],
    options: [['--message <text>', 'option.message']],
    body: (invocation, [who], options) =>
      withDaemon(invocation, async (link) => {
        const text = typeof options.message === 'string' ? options.message : '';
        report(invocation, await link.call('contact.add', { who: who!, text }));
        return undefined;
      }),
  });
  for (const verb of ['accept', 'reject'] as const) {
    host.add(contact, {
      usage: `${verb} <who>`,
      summary: `help.contact.${verb}`,
      examples: [`contact ${verb} alice`],
      body: (invocation, [who]) =>
        withDaemon(invocation, async (link) => {
          const found = await link.call(`contact.${verb}`, { who: who! });
          const values = { who: printable(found.name) };
          invocation.out.done({ contact: found }, invocation.text(`contact.${verb}ed`, values));
          return undefined;
        }),
    });
  }
  host.add(contact, {
    usage: 'remove <who>',
    summary: 'help.contact.remove',
    examples: ['contact remove bob', 'contact remove bob --yes'],
    options: [['--yes', 'option.yes']],
    body: (invocation, [who], options) =>
      withDaemon(invocation, async (link) => {
        if (options.yes !== true) {
          if (!invocation.interactive) throw new CliError({ code: 'INPUT_NEEDED' }, YES_NEEDED);
          const sure = await confirm(invocation.ports, invocation.text('prompt.remove', { who: printable(who!) }));
          if (!sure) throw new CliError({ code: 'CANCELLED' });
        }
        await link.call('contact.remove', { who: who! });
        invocation.out.done({}, invocation.text('contact.removed', { who: printable(who!) }));
        return undefined;
      }),
  });
}

/** Every page of the contact list. */
export async function allContacts(link: DaemonLink): Promise<ContactJson[]> {
  const contacts: ContactJson[] = [];
  let after: string | null | undefined;
  do {
    const page = await link.call('contact.list', after ? { after } : {});
    contacts.push(...page.items);
    after = page.next;
  } while (after);
  return contacts;
}

/** `Direct 12 ms`, `LAN`, `Relay 41 ms`, `Mailbox`, `-`. */
export function roadText({ text }: Pick<Invocation, 'text'>, road: RoadJson | null): string {
  if (!road) return '-';
  const kind = text(road.kind === 'direct' && road.lan ? 'road.lan' : `road.${road.kind}`);
  return road.rttMs > 0 && road.kind !== 'mailbox' ? `${kind} ${rttText(road.rttMs)}` : kind;
}

export function rttText(rttMs: number): string {
  return `${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`;
}

function isHere(contact: ContactJson): boolean {
  return contact.presence === 'online' || contact.presence === 'away';
}

/** Adding somebody who had already asked makes friends at once: the answer says which it was. */
function report({ out, text }: Invocation, contact: ContactJson): void {
  const values = { who: printable(contact.name), number: contact.id };
  out.done({ contact }, text(contact.state === 'member' ? 'contact.accepted' : 'contact.asked', values));
}

function contactLines(invocation: Invocation, items: readonly ContactJson[], states: boolean): Promise<string[]> {
  const { out, text } = invocation;
  const headings = [
    text('column.number'),
    text('column.name'),
    text('column.display-name'),
    text('column.presence'),
    text('column.path'),
    text('column.unread'),
    ...(states ? [text('column.state')] : []),
  ];
  const rows = items.map((each) => [
    each.id,
    printable(each.name),
    printable(each.displayName),
    presenceText(invocation, each.presence),
    roadText(invocation, each.path),
    String(each.unread),
    ...(states ? [text(each.keyChanged ? 'contact.key-changed' : `roster.${each.state}`)] : []),
  ]);
  return out.table(headings, rows);
}

export function presenceText({ out, text }: Invocation, presence: ContactJson['presence']): string {
  const word = text(`presence.${presence}`);
  return presence === 'online' ? out.style('green', word) : presence === 'away' ? out.style('yellow', word) : word;
}
