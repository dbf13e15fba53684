import { ASK_POLICIES } from '@magpie/common/frames/frame-table.ts';
import type { RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import type { PolicyJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { accountLines } from './account-commands.ts';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { askPassword, changedPasswords, passwordFromFile } from './password.ts';
import { printable } from './printable.ts';
import { ask } from './prompt.ts';

/** What the owner of an account changes about it. */
export function addProfileCommands(host: CommandHost, account: Command): void {
  host.add(account, {
    usage: 'passwd',
    summary: 'help.account.passwd',
    examples: ['account passwd', 'account passwd --password-file both.txt --json'],
    options: [
      ['--password-file <file>', 'option.both-passwords-file'],
      ['--old-password-file <file>', 'option.old-password-file'],
      ['--new-password-file <file>', 'option.new-password-file'],
    ],
    body: changePassword,
  });
  host.add(account, {
    usage: 'profile',
    summary: 'help.account.profile',
    examples: ['account profile --display-name "Alice L." --signature "Away until Monday"'],
    options: [
      ['--display-name <text>', 'option.display-name'],
      ['--signature <text>', 'option.signature'],
    ],
    body: changeProfile,
  });
  host.add(account, {
    usage: 'policy',
    summary: 'help.account.policy',
    examples: [
      'account policy',
      'account policy --ask question --question "Which lab are you in?"',
      'account policy --last-seen off',
    ],
    options: [
      ['--ask <who>', 'option.ask'],
      ['--question <text>', 'option.question'],
      ['--last-seen <on|off>', 'option.last-seen'],
    ],
    body: changePolicy,
  });
  host.add(account, {
    usage: 'delete',
    summary: 'help.account.delete',
    examples: ['account delete', 'account delete --password-file secret.txt --yes --json'],
    options: [
      ['--password-file <file>', 'option.password-file'],
      ['--yes', 'option.yes'],
    ],
    body: deleteAccount,
  });
}

async function changePassword(invocation: Invocation, _words: readonly string[], options: OptionValues) {
  const passwords = await changedPasswords(invocation, options);
  return withDaemon(invocation, async (link) => {
    await link.call('account.changePassword', passwords);
    invocation.out.done({}, invocation.text('account.password-changed'));
    return undefined;
  });
}

async function changeProfile(invocation: Invocation, _words: readonly string[], options: OptionValues) {
  const patch: RpcParams<'account.setProfile'> = {
    ...(typeof options.displayName === 'string' ? { displayName: options.displayName } : {}),
    ...(typeof options.signature === 'string' ? { signatureLine: options.signature } : {}),
  };
  return withDaemon(invocation, async (link) => {
    const changes = Object.keys(patch).length > 0;
    const account = changes ? await link.call('account.setProfile', patch) : await link.call('account.whoami', {});
    invocation.out.data({ account }, await accountLines(invocation, account));
    return undefined;
  });
}

async function changePolicy(invocation: Invocation, _words: readonly string[], options: OptionValues) {
  const patch = policyPatch(options);
  return withDaemon(invocation, async (link) => {
    const { out } = invocation;
    let policy = await link.call('account.policy', {});
    if (patch.ask === 'question' && !(patch.question ?? policy.question)) throw usageError('usage.question-needed');
    if (Object.keys(patch).length > 0) policy = await link.call('account.setPolicy', patch);
    out.data({ policy }, policyLines(invocation, policy));
    return undefined;
  });
}

function policyPatch({ ask: who, question, lastSeen }: OptionValues): RpcParams<'account.setPolicy'> {
  const policy = ASK_POLICIES.find((each) => each === who);
  if (who !== undefined && !policy) throw usageError('usage.bad-policy', { given: String(who) });
  if (lastSeen !== undefined && lastSeen !== 'on' && lastSeen !== 'off') {
    throw usageError('usage.bad-switch', { given: String(lastSeen) });
  }
  return {
    ...(policy ? { ask: policy } : {}),
    ...(typeof question === 'string' ? { question } : {}),
    ...(lastSeen === undefined ? {} : { showLastSeen: lastSeen === 'on' }),
  };
}

function policyLines({ text }: Invocation, { ask: who, question, showLastSeen }: PolicyJson): string[] {
  return [
    text('policy.may-ask', { who: text(`policy.${who}`) }),
    ...(question === '' ? [] : [text('policy.the-question', { question: printable(question) })]),
    text(showLastSeen ? 'policy.last-seen-on' : 'policy.last-seen-off'),
  ];
}

/** Nothing brings it back, so its name must be typed, or `--yes`. */
async function deleteAccount(invocation: Invocation, _words: readonly string[], options: OptionValues) {
  const { ports, text, interactive, out } = invocation;
  if (options.yes !== true && !interactive) {
    throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.delete-yes', hint: 'hint.yes-needed' });
  }
  const given = await passwordFromFile(invocation, options.passwordFile);
  return withDaemon(invocation, async (link) => {
    const { name } = await link.call('account.whoami', {});
    if (options.yes !== true) {
      const typed = await ask(ports, text('prompt.delete', { name: printable(name) }));
      if (typed !== name) throw new CliError({ code: 'CANCELLED' });
    }
    await link.call('account.delete', { password: given ?? (await askPassword(invocation)) });
    out.done({}, text('account.deleted', { name: printable(name) }));
    return undefined;
  });
}
