import type { RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import type { AccountJson } from '@magpie/common/rpc/schemas.ts';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { stopAndWait } from './daemon-commands.ts';
import { type DaemonLink, withDaemon, withStartedDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { askPassword, newPassword, passwordFromFile } from './password.ts';
import { printable } from './printable.ts';
import { ask, confirm } from './prompt.ts';

const SIGN_IN_OPTIONS = [
  ['--server <address>', 'option.server'],
  ['--password-file <file>', 'option.password-file'],
  ['--trust-first', 'option.trust-first'],
] as const;

export function addAccountCommands(host: CommandHost): void {
  const account = host.noun('account', 'help.account');
  host.add(account, {
    usage: 'register [name]',
    summary: 'help.account.register',
    examples: [
      'account register alice --server chat.example.org:10000#PIN',
      'account register alice --server 127.0.0.1:10000 --trust-first --password-file secret.txt --json',
    ],
    options: [...SIGN_IN_OPTIONS, ['--display-name <text>', 'option.display-name']],
    body: register,
  });
  host.add(account, {
    usage: 'login [account]',
    summary: 'help.account.login',
    examples: ['account login', 'account login alice --server chat.example.org:10000#PIN'],
    options: SIGN_IN_OPTIONS,
    body: login,
  });
  host.add(account, {
    usage: 'logout',
    summary: 'help.account.logout',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        await link.call('account.logout', {});
        invocation.out.done({}, invocation.text('account.logged-out'));
        return undefined;
      }),
  });
  host.add(account, {
    usage: 'whoami',
    summary: 'help.account.whoami',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const found = await link.call('account.whoami', {});
        invocation.out.data({ account: found }, await accountLines(invocation, found));
        return undefined;
      }),
  });
}

async function register(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const server = await needed(invocation, serverOption(invocation, options), 'prompt.server', 'input.server-needed');
  const name = await needed(invocation, words[0], 'prompt.name', 'input.name-needed');
  const displayName = typeof options.displayName === 'string' ? options.displayName : name;
  const password = await newPassword(invocation, options.passwordFile);
  const trustFirst = options.trustFirst === true;
  await signIn(invocation, 'account.registered', (link) =>
    withKnownServer(invocation, server, (address) =>
      link.call('account.register', { server: address, trustFirst, name, displayName, password }),
    ),
  );
}

async function login(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const account = words[0];
  const server = serverOption(invocation, options);
  const trustFirst = options.trustFirst === true;
  const given = await passwordFromFile(invocation, options.passwordFile);
  await signIn(invocation, 'account.logged-in', async (link) => {
    const attempt = (password: string | undefined) =>
      withKnownServer(invocation, server, (address) => {
        const params: RpcParams<'account.login'> = { server: address, trustFirst, account, password };
        return link.call('account.login', withoutAbsent(params));
      });
    if (given !== undefined) return attempt(given);
    if (account !== undefined && invocation.interactive) return attempt(await askPassword(invocation));
    try {
      return await attempt(undefined);
    } catch (error) {
      if (!invocation.interactive || !wantsPassword(error)) throw error;
      return attempt(await askPassword(invocation));
    }
  });
}

/** The device key was not enough: the server forgot it, or never knew it. */
function wantsPassword(error: unknown): boolean {
  if (!(error instanceof CliError) || error.error.code !== 'SERVER_REFUSED') return false;
  return ['unknown-device', 'wrong-credentials', 'revoked', 'device-not-certified'].includes(error.error.refusal ?? '');
}

/** A daemon that was started for a sign-in that then failed is stopped again: nothing is left behind. */
async function signIn(
  invocation: Invocation,
  sentence: 'account.registered' | 'account.logged-in',
  body: (link: DaemonLink) => Promise<AccountJson>,
): Promise<void> {
  const { out, text, magpie } = invocation;
  await withStartedDaemon(invocation, async (link, started) => {
    try {
      const account = await body(link);
      const values = { name: account.name, number: account.id, server: printable(account.server), magpie };
      out.done({ account }, text(sentence, values));
      out.note(text('account.next', values));
    } catch (error) {
      if (started) await stopAndWait(invocation, link).catch(() => {});
      throw error;
    }
  });
}

/**
 * R10: an address without a pin shows the key's fingerprint and asks before the password leaves this machine.
 * @param attempt called again with the pin once the user has accepted it
 */
async function withKnownServer<Address extends string | undefined>(
  invocation: Invocation,
  server: Address,
  attempt: (server: Address | string) => Promise<AccountJson>,
): Promise<AccountJson> {
  try {
    return await attempt(server);
  } catch (error) {
    const pin = error instanceof CliError && error.error.code === 'SERVER_KEY_UNKNOWN' ? error.error.detail?.pin : '';
    if (!pin || server === undefined || !invocation.interactive) throw error;
    const { ports, text } = invocation;
    const values = { server: printable(server), pin: printable(String(pin)) };
    ports.stderr.write(`${text('prompt.fingerprint', values)}\n`);
    if (!(await confirm(ports, text('prompt.trust')))) throw error;
    return attempt(`${server.split('#', 1)[0]}#${pin}`);
  }
}

function serverOption({ ports }: Invocation, options: OptionValues): string | undefined {
  return typeof options.server === 'string' ? options.server : ports.env.MAGPIE_SERVER || undefined;
}

async function needed(
  { ports, text, interactive }: Invocation,
  value: string | undefined,
  question: 'prompt.server' | 'prompt.name',
  sentence: 'input.server-needed' | 'input.name-needed',
): Promise<string> {
  const answer = value ?? (interactive ? await ask(ports, text(question)) : '');
  if (answer === '') throw usageError(sentence);
  return answer;
}

/** Drops absent fields: the schemas are strict and JSON has no undefined. */
function withoutAbsent<T extends object>(params: T): T {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as T;
}

async function accountLines({ out, text }: Invocation, account: AccountJson): Promise<string[]> {
  const state = text(account.signedIn ? 'account.signed-in' : 'account.signed-out');
  const name = printable(account.displayName);
  return out.table(
    [
      text('column.number'),
      text('column.name'),
      text('column.display-name'),
      text('column.server'),
      text('column.state'),
    ],
    [[account.id, account.name, name, printable(account.server), state]],
  );
}
