import { parseAccountName } from '@magpie/common/ids.ts';
import type { Command } from 'commander';
import { type AccountJson, ADMIN_PAGE_MAX, INVITE_USES_MAX } from '../admin/admin-protocol.ts';
import { type AdminFlags, askServer, openServer, resultOf } from './ask-server.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, withDataFolder } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { importUsers } from './import-users.ts';
import { durationMsIn, numberIn } from './numbers.ts';
import { choosePassword, type PasswordFlags } from './passwords.ts';
import { ask } from './prompt.ts';
import { tableLines } from './table.ts';

interface AddFlags extends AdminFlags, PasswordFlags {
  readonly displayName?: string;
  readonly fromCsv?: string;
}

/** `user …`: everything about accounts and who may make one. */
export function addUserCommands(program: Command, context: CommandContext): void {
  const { text } = context;
  const user = program.command('user').description(text('help.user')).helpCommand(false);
  const command = (words: string, help: Parameters<typeof text>[0]): Command =>
    withDataFolder(user.command(words).description(text(help)), text);

  command('list', 'help.user-list')
    .option('--search <text>', text('option.search'))
    .action((flags: AdminFlags & { readonly search?: string }) => list(context, flags));
  command('show <who>', 'help.user-show').action((who: string, flags: AdminFlags) => show(context, who, flags));
  withPassword(command('add [name]', 'help.user-add'), context)
    .option('--display-name <name>', text('option.display-name'))
    .option('--from-csv <file>', text('option.from-csv'))
    .action((name: string | undefined, flags: AddFlags) => add(context, name, flags));
  command('invite', 'help.user-invite')
    .option('--uses <n>', text('option.uses'), '1')
    .option('--expires <time>', text('option.expires'), '7d')
    .action((flags: InviteFlags) => invite(context, flags));
  command('invites', 'help.user-invites').action((flags: AdminFlags) => invites(context, flags));
  command('lock <who>', 'help.user-lock').action((who: string, flags: AdminFlags) => lock(context, who, flags));
  command('unlock <who>', 'help.user-unlock').action((who: string, flags: AdminFlags) => unlock(context, who, flags));
  withPassword(command('passwd <who>', 'help.user-passwd'), context).action(
    (who: string, flags: AdminFlags & PasswordFlags) => setPassword(context, who, flags),
  );
  command('delete <who>', 'help.user-delete')
    .option('--yes', text('option.yes'))
    .action((who: string, flags: AdminFlags & { readonly yes?: boolean }) => remove(context, who, flags));
}

function withPassword(command: Command, { text }: CommandContext): Command {
  return command
    .option('--password-file <file>', text('option.password-file'))
    .option('--generate', text('option.generate'))
    .option('--passwords-out <file>', text('option.passwords-out'));
}

/** Page by page to the end: the list of a large server fits no single answer. */
async function list(context: CommandContext, flags: AdminFlags & { readonly search?: string }): Promise<void> {
  const { client, dataFolder } = await openServer(context, flags);
  const accounts: AccountJson[] = [];
  try {
    for (let isLast = false; !isLast; ) {
      const query = { after: accounts.at(-1)?.number ?? 0, limit: ADMIN_PAGE_MAX, text: flags.search ?? '' };
      const page = resultOf(await client.call({ command: 'user-list', ...query }), dataFolder);
      accounts.push(...page.accounts);
      isLast = page.accounts.length < ADMIN_PAGE_MAX;
    }
  } finally {
    client.close();
  }
  const count = context.text('user.count', { count: accounts.length });
  context.show(flags, { accounts }, [...accountLines(accounts, context), count]);
}

async function show(context: CommandContext, who: string, flags: AdminFlags): Promise<void> {
  const { account } = await askServer(context, flags, { command: 'user-show', who }, who);
  context.show(flags, { account }, accountLines([account], context));
}

async function add(context: CommandContext, name: string | undefined, flags: AddFlags): Promise<void> {
  const { fromCsv } = flags;
  if ((name === undefined) === (fromCsv === undefined)) {
    throw new CliError('USAGE', EXIT.usage, 'input.name-or-csv');
  }
  if (fromCsv !== undefined) {
    refuseBesideCsv('--display-name', flags.displayName);
    refuseBesideCsv('--password-file', flags.passwordFile);
    return importUsers(context, { ...flags, fromCsv });
  }
  const { password, written } = await choosePassword(context, flags, parseAccountName(name!) ?? 'account');
  const account = await orRemove(written, async () => {
    const request = { command: 'user-add', name: name!, displayName: flags.displayName ?? name!, password } as const;
    return (await askServer(context, flags, request, name!)).account;
  });
  const sentence = context.text('user.added', { name: account.name, number: account.number });
  context.show(flags, { account, passwordsFile: written?.path ?? null }, [sentence, ...writtenLine(written, context)]);
}

function refuseBesideCsv(option: string, given: unknown): void {
  if (given !== undefined) throw new CliError('USAGE', EXIT.usage, 'input.csv-only', { option });
}

interface InviteFlags extends AdminFlags {
  readonly uses: string;
  readonly expires: string;
}

async function invite(context: CommandContext, flags: InviteFlags): Promise<void> {
  const uses = numberIn('--uses', flags.uses, 1, INVITE_USES_MAX);
  const validMs = durationMsIn('--expires', flags.expires);
  const made = await askServer(context, flags, { command: 'user-invite', uses, validMs });
  const expires = shortTime(made.expiresAt);
  if (made.registration === 'closed') context.note(flags, context.text('invite.closed'));
  context.show(flags, made, [
    context.text('invite.made', { uses, expires }),
    made.link,
    context.text('invite.code', { code: made.code }),
  ]);
}

async function invites(context: CommandContext, flags: AdminFlags): Promise<void> {
  const { text } = context;
  const found = await askServer(context, flags, { command: 'user-invites' });
  const titles = [text('column.uses-left'), text('column.created'), text('column.expires')];
  const rows = found.invites.map(({ usesLeft, createdAt, expiresAt }) => [
    String(usesLeft),
    shortTime(createdAt),
    shortTime(expiresAt),
  ]);
  context.show(flags, found, rows.length === 0 ? [text('invite.none')] : tableLines(titles, rows));
}

async function lock(context: CommandContext, who: string, flags: AdminFlags): Promise<void> {
  const { account } = await askServer(context, flags, { command: 'user-lock', who }, who);
  context.show(flags, { account }, [context.text('user.locked', namesOf(account))]);
}

async function unlock(context: CommandContext, who: string, flags: AdminFlags): Promise<void> {
  const { account } = await askServer(context, flags, { command: 'user-unlock', who }, who);
  context.show(flags, { account }, [context.text('user.unlocked', namesOf(account))]);
}

async function setPassword(context: CommandContext, who: string, flags: AdminFlags & PasswordFlags): Promise<void> {
  // Nobody types a password twice to learn that there is no such account.
  const { account: found } = await askServer(context, flags, { command: 'user-show', who }, who);
  const { password, written } = await choosePassword(context, flags, found.name);
  const account = await orRemove(written, async () => {
    return (await askServer(context, flags, { command: 'user-passwd', who, password }, who)).account;
  });
  const sentence = context.text('user.password-set', namesOf(account));
  context.show(flags, { account, passwordsFile: written?.path ?? null }, [sentence, ...writtenLine(written, context)]);
}

async function remove(
  context: CommandContext,
  who: string,
  flags: AdminFlags & { readonly yes?: boolean },
): Promise<void> {
  if (!flags.yes) {
    const { account } = await askServer(context, flags, { command: 'user-show', who }, who);
    const question = context.text('user.delete-question', { ...namesOf(account), display: account.displayName });
    const typed = await ask(context.ports, question);
    if (typed.trim() !== account.name) throw new CliError('CANCELLED', EXIT.interrupted, 'input.cancelled');
  }
  const deleted = await askServer(context, flags, { command: 'user-delete', who }, who);
  context.show(flags, { deleted }, [context.text('user.deleted', { ...deleted })]);
}

/** A password that no account has must not lie around. */
async function orRemove<T>(written: { remove(): void } | undefined, done: () => Promise<T>): Promise<T> {
  try {
    return await done();
  } catch (cause) {
    written?.remove();
    throw cause;
  }
}

function writtenLine(written: { readonly path: string } | undefined, { text }: CommandContext): readonly string[] {
  return written ? [text('user.passwords-written', { file: written.path })] : [];
}

function accountLines(accounts: readonly AccountJson[], { text }: CommandContext): readonly string[] {
  const titles = [
    ...[text('column.number'), text('column.name'), text('column.state'), text('column.devices')],
    ...[text('column.created'), text('column.last-login'), text('column.display-name')],
  ];
  const rows = accounts.map(({ number, name, displayName, state, createdAt, lastLoginAt, devices }) => [
    ...[String(number), name, text(`state.${state}`), String(devices), shortTime(createdAt)],
    ...[lastLoginAt === null ? text('time.never') : shortTime(lastLoginAt), displayName],
  ]);
  return tableLines(titles, rows);
}

function namesOf({ name, number }: AccountJson): { readonly name: string; readonly number: number } {
  return { name, number };
}

/** `2026-11-23 04:26Z`: to the minute, in UTC, whatever the machine's zone. */
export function shortTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}
