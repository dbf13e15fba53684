import type { Command } from 'commander';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { allContacts } from './contact-commands.ts';
import { nameText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';

/** D8: toward one friend or toward all, no address of this machine leaves it. */
export function addNeverDirectCommand(host: CommandHost, net: Command): void {
  host.add(net, {
    usage: 'never-direct [on|off] [who]',
    summary: 'help.net.never-direct',
    examples: ['net never-direct', 'net never-direct on', 'net never-direct on bob'],
    body: (invocation, [word, who]) => {
      if (word !== undefined && word !== 'on' && word !== 'off') throw usageError('usage.bad-switch', { given: word });
      return withDaemon(invocation, (link) =>
        word === undefined ? show(invocation, link) : change(invocation, link, word === 'on', who),
      );
    },
  });
}

async function show(invocation: Invocation, link: DaemonLink): Promise<undefined> {
  const { out, text } = invocation;
  const { neverDirect } = await link.call('status', {});
  const items = (await allContacts(link)).filter((each) => each.neverDirect);
  const everybody = text(neverDirect ? 'never-direct.on' : 'never-direct.off');
  out.data({ neverDirect, items }, [
    everybody,
    ...items.map((each) => text('never-direct.on-for', { who: nameText(each) })),
  ]);
}

async function change(
  invocation: Invocation,
  link: DaemonLink,
  on: boolean,
  who: string | undefined,
): Promise<undefined> {
  const { out, text } = invocation;
  if (who === undefined) {
    out.done(await link.call('net.neverDirect', { on }), text(on ? 'never-direct.on' : 'never-direct.off'));
    return;
  }
  const contact = await link.call('contact.set', { who, neverDirect: on });
  out.done({ contact }, text(on ? 'never-direct.on-for' : 'never-direct.off-for', { who: nameText(contact) }));
}
