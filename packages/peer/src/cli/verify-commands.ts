import type { SafetyJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { nameText } from './contact-lines.ts';
import { withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { confirm } from './prompt.ts';
import { qrLines } from './qr.ts';

const GROUPS_PER_LINE = 4;

/** Knowing that it is them: safety numbers, and links that carry the key. */
export function addVerifyCommands(host: CommandHost, account: Command, contact: Command): void {
  host.add(contact, {
    usage: 'verify <who>',
    summary: 'help.contact.verify',
    examples: ['contact verify bob', 'contact verify bob --matches', 'contact verify bob --accept-new-key'],
    options: [
      ['--matches', 'option.matches'],
      ['--accept-new-key', 'option.accept-new-key'],
      ['--digits <number>', 'option.digits'],
      ['--qr', 'option.qr'],
    ],
    body: verify,
  });
  host.add(account, {
    usage: 'invitation',
    summary: 'help.account.invitation',
    examples: ['account invitation', 'account invitation --qr'],
    options: [['--qr', 'option.qr']],
    body: (invocation, _words, options) => invite(invocation, options.qr === true),
  });
  host.add(contact, {
    usage: 'qr',
    summary: 'help.contact.qr',
    body: (invocation) => invite(invocation, true),
  });
}

async function verify(invocation: Invocation, [who]: readonly string[], options: OptionValues): Promise<undefined> {
  const verdict = { matches: options.matches === true, acceptNewKey: options.acceptNewKey === true };
  const decides = verdict.matches || verdict.acceptNewKey;
  if (options.digits !== undefined && !decides) throw usageError('usage.digits-alone');
  return withDaemon(invocation, async (link) => {
    const { out, text, magpie } = invocation;
    const looked = await link.call('contact.safety', { who: who! });
    const safety = decides
      ? await link.call('contact.verify', {
          who: who!,
          ...verdict,
          digits: await seenDigits(invocation, looked, options),
        })
      : looked;
    const lines = safetyLines(invocation, safety);
    if (options.qr === true) lines.push(...(await qrLines(out, safety.digits)));
    out.data({ safety }, lines);
    const values = { magpie, who: printable(safety.contact.name) };
    if (safety.keyChanged) out.note(text('verify.next-accept', values));
    else if (!safety.verified) out.note(text('verify.next-matches', values));
    return undefined;
  });
}

/**
 * The number that this verdict is about: as given; else as it is shown now, which a person is asked about, and a script
 * takes as it is. Whatever the key becomes meanwhile, nothing else is agreed to.
 */
async function seenDigits(invocation: Invocation, looked: SafetyJson, { digits }: OptionValues): Promise<string> {
  if (typeof digits === 'string') return digits;
  const { ports, text, interactive } = invocation;
  if (interactive) {
    ports.stderr.write(`${safetyLines(invocation, looked).join('\n')}\n`);
    if (!(await confirm(ports, text('prompt.digits')))) throw new CliError({ code: 'CANCELLED' });
  }
  return looked.digits;
}

function safetyLines({ out, text }: Invocation, { contact, digits, verified, keyChanged }: SafetyJson): string[] {
  const groups = printable(digits).split(' ');
  const rows = Array.from({ length: Math.ceil(groups.length / GROUPS_PER_LINE) }, (_, row) =>
    groups.slice(row * GROUPS_PER_LINE, (row + 1) * GROUPS_PER_LINE).join(' '),
  );
  const changed = contact.listBroken ? 'verify.list-broken' : 'verify.key-changed';
  const state = keyChanged ? changed : verified ? 'verify.verified' : 'verify.not-verified';
  return [
    text('verify.number', { who: nameText(contact) }),
    ...rows.map((row) => `    ${out.style('bold', row)}`),
    text(state),
  ];
}

async function invite(invocation: Invocation, qr: boolean): Promise<undefined> {
  return withDaemon(invocation, async (link) => {
    const { out, text } = invocation;
    const invitation = await link.call('account.invitation', {});
    out.data(invitation, [...(qr ? await qrLines(out, invitation.link) : []), printable(invitation.link)]);
    out.note(text('invitation.how'));
    return undefined;
  });
}
