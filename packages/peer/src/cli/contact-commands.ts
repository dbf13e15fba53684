import type { ContactJson, LookupJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { contactDetails, contactLines, nameText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { ask, confirm } from './prompt.ts';

const YES_NEEDED = { sentence: 'input.yes-needed', hint: 'hint.yes-needed' } as const;

/** @returns the noun, for the commands of other files */
export function addContactCommands(host: CommandHost): Command {
  const contact = host.noun('contact', 'help.contact');
  host.add(contact, {
    usage: 'list',
    summary: 'help.contact.list',
    examples: ['contact list --online', 'contact list --group Lab', 'contact list --json'],
    options: [
      ['--online', 'option.online'],
      ['--group <group>', 'option.group'],
      ['--all', 'option.all'],
    ],
    body: (invocation, _words, options) =>
      withDaemon(invocation, async (link) => {
        const all = await allContacts(link);
        const kept = all.filter((each) => options.all === true || each.state === 'member');
        const here = options.online === true ? kept.filter((each) => isHere(each)) : kept;
        const items = options.group === undefined ? here : here.filter((each) => each.group === options.group);
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
        invocation.out.data({ contact: found }, await contactDetails(invocation, found));
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
            nameText(each),
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
    examples: [
      'contact add bob --message "Alice from the lab"',
      'contact add 10002',
      "contact add 'magpie://chat.example.org:10000/friend?pin=…'",
    ],
    options: [['--message <text>', 'option.message']],
    body: (invocation, [who], options) => withDaemon(invocation, (link) => add(invocation, link, who!, options)),
  });
  host.add(contact, {
    usage: 'lookup <who>',
    summary: 'help.contact.lookup',
    examples: ['contact lookup bob'],
    body: (invocation, [who]) =>
      withDaemon(invocation, async (link) => {
        const found = await link.call('contact.lookup', { who: who! });
        invocation.out.data({ found }, await lookupLines(invocation, found));
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
  return contact;
}

/** Who wants an answer to a question first is asked again with it. */
async function add(invocation: Invocation, link: DaemonLink, who: string, options: OptionValues): Promise<undefined> {
  const text = typeof options.message === 'string' ? options.message : '';
  const invited = await friendOfLink(who);
  try {
    report(invocation, await link.call('contact.add', { who, text }));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // With a pin of theirs in the way, the link is right, and the user has to look at the key that changed.
    if (invited && error.error.code === 'KEY_CHANGED' && error.error.detail?.pinned === undefined) {
      const values = { who: invited.name };
      throw new CliError({ code: 'KEY_CHANGED' }, { sentence: 'contact.link-key', hint: 'hint.link-key', values });
    }
    if (error.error.refusal !== 'answer-needed') throw error;
    const { ports, interactive } = invocation;
    const { name, question } = await link.call('contact.lookup', { who: invited?.number ?? who });
    if (!interactive) {
      // Without its detail, which names whom as it was typed: a whole link, perhaps.
      throw new CliError(
        { code: 'SERVER_REFUSED', refusal: 'answer-needed' },
        {
          sentence: 'contact.question',
          values: { who: name, question },
          json: { question },
        },
      );
    }
    const values = { who: printable(name), question: printable(question) };
    ports.stderr.write(`${invocation.text('contact.question', values)}\n`);
    const answer = await ask(ports, invocation.text('prompt.answer'));
    if (answer === '') throw new CliError({ code: 'CANCELLED' });
    report(invocation, await link.call('contact.add', { who, text: answer }));
  }
}

/** Whom an invitation link names; nobody when it is a name or number. */
async function friendOfLink(who: string): Promise<{ readonly number: string; readonly name: string } | undefined> {
  if (!/^\s*magpie:/i.test(who)) return undefined;
  const { parseInvitation } = await import('@magpie/common/invitation.ts');
  const invitation = parseInvitation(who);
  if (!invitation) throw usageError('usage.bad-link', { given: who });
  if (invitation.kind === 'join') throw usageError('usage.join-link');
  return { number: String(invitation.account), name: invitation.name };
}

function lookupLines({ out, text }: Invocation, found: LookupJson): Promise<string[]> {
  const policy = text(`policy.${found.ask}`);
  const asks = found.question === '' ? policy : `${policy}: ${printable(found.question)}`;
  return out.table(
    [text('column.number'), text('column.name'), text('column.display-name'), text('column.ask')],
    [[found.id, printable(found.name), printable(found.displayName), asks]],
  );
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

function isHere(contact: ContactJson): boolean {
  return ['online', 'away', 'busy'].includes(contact.presence);
}

/** Adding somebody who had already asked makes friends at once: the answer says which it was. */
function report({ out, text }: Invocation, contact: ContactJson): void {
  const values = { who: printable(contact.name), number: contact.id };
  out.done({ contact }, text(contact.state === 'member' ? 'contact.accepted' : 'contact.asked', values));
}
