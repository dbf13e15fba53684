import type { Command } from 'commander';
import type { CommandHost } from './command-host.ts';
import { nameText } from './contact-lines.ts';
import { withDaemon } from './daemon-link.ts';
import { printable } from './printable.ts';

/** Blocking, and what only this profile knows of somebody: remark and group. */
export function addContactNoteCommands(host: CommandHost, contact: Command): void {
  for (const verb of ['block', 'unblock'] as const) {
    host.add(contact, {
      usage: `${verb} <who>`,
      summary: `help.contact.${verb}`,
      examples: [`contact ${verb} mallory`],
      body: (invocation, [who]) =>
        withDaemon(invocation, async (link) => {
          const found = await link.call(`contact.${verb}`, { who: who! });
          const values = { who: printable(found.name), magpie: invocation.magpie };
          const asks = verb === 'unblock' && found.state === 'asking';
          invocation.out.done(
            { contact: found },
            invocation.text(asks ? 'contact.unblocked-asking' : `contact.${verb}ed`, values),
          );
          return undefined;
        }),
    });
  }
  host.add(contact, {
    usage: 'rename <who> [remark]',
    summary: 'help.contact.rename',
    examples: ['contact rename bob "Bob from the lab"', 'contact rename bob'],
    body: (invocation, [who, remark = '']) =>
      withDaemon(invocation, async (link) => {
        const found = await link.call('contact.set', { who: who!, alias: remark });
        const values = { who: nameText(found) };
        invocation.out.done(
          { contact: found },
          invocation.text(found.alias === null ? 'contact.remark-gone' : 'contact.renamed', values),
        );
        return undefined;
      }),
  });
  host.add(contact, {
    usage: 'group <who> [group]',
    summary: 'help.contact.group',
    examples: ['contact group bob Lab', 'contact group bob'],
    body: (invocation, [who, group = '']) =>
      withDaemon(invocation, async (link) => {
        const found = await link.call('contact.set', { who: who!, group });
        const values = { who: nameText(found), group: printable(found.group ?? '') };
        invocation.out.done(
          { contact: found },
          invocation.text(found.group === null ? 'contact.group-gone' : 'contact.grouped', values),
        );
        return undefined;
      }),
  });
}
