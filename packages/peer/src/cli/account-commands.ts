import type { RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import type { AccountJson, SignInJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { askMeans, MEANS_OPTIONS, type Means, meansOption, recoveryCodeOption } from './new-device.ts';
import { askPassword, newPassword, passwordFromFile } from './password.ts';
import { printable } from './printable.ts';
import { ask } from './prompt.ts';
import { AskedServer, readServer, type ServerGiven, SIGN_IN_OPTIONS, serverOption, signIn } from './sign-in.ts';

/** The engine waits a minute for the other device; beside that the connection, the password queue, the way of the seed. */
const APPROVED_LOGIN_MS_DEFAULT = 90_000;

/** @returns the noun, for the commands of other files */
export function addAccountCommands(host: CommandHost): Command {
  const account = host.noun('account', 'help.account');
  host.add(account, {
    usage: 'register [name]',
    summary: 'help.account.register',
    examples: [
      'account register alice --server chat.example.org:10000#PIN',
      "account register alice --server 'magpie://chat.example.org:10000/join?pin=PIN&invite=CODE'",
      'account register alice --server 127.0.0.1:10000 --trust-first --password-file secret.txt --json',
    ],
    options: [
      ...SIGN_IN_OPTIONS,
      ['--display-name <text>', 'option.display-name'],
      ['--invite <code>', 'option.invite'],
    ],
    body: register,
  });
  host.add(account, {
    usage: 'login [account]',
    summary: 'help.account.login',
    examples: [
      'account login',
      'account login alice --server chat.example.org:10000#PIN',
      'account login alice --server chat.example.org:10000#PIN --approval-code-file code.txt',
    ],
    options: [...SIGN_IN_OPTIONS, ...MEANS_OPTIONS],
    body: login,
  });
  host.add(account, {
    usage: 'recover <account>',
    summary: 'help.account.recover',
    examples: ['account recover alice --server chat.example.org:10000#PIN'],
    options: [...SIGN_IN_OPTIONS, ['--recovery-code-file <file>', 'option.recovery-code-file']],
    body: recover,
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
  return account;
}

async function register(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const given = await serverOption(invocation, options);
  const { address, invite } = given.address === undefined ? await askServer(invocation) : given;
  const name = await needed(invocation, words[0], 'prompt.name', 'input.name-needed');
  const displayName = typeof options.displayName === 'string' ? options.displayName : name;
  const password = await newPassword(invocation, options.passwordFile);
  const server = new AskedServer(invocation, address ?? '');
  return signIn(invocation, options, 'account.registered', (link) =>
    server.attempt((asked) => {
      const params = { server: asked, trustFirst: options.trustFirst === true, name, displayName, password };
      const code = typeof options.invite === 'string' ? options.invite : invite;
      return link.call('account.register', { ...params, ...withoutAbsent({ invite: code, label: labelOf(options) }) });
    }),
  );
}

/** By the device key alone, by password, or on a device that the account does not know with one of the three means. */
async function login(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const account = words[0];
  const means = await meansOption(invocation, options);
  const { address } = await serverOption(invocation, options);
  const server = new AskedServer(invocation, address);
  let password = await passwordFromFile(invocation, options.passwordFile);
  return signIn(invocation, options, 'account.logged-in', async (link) => {
    const attempt = (by: Means): Promise<SignInJson> =>
      loginBy(invocation, link, server, { ...common(options), account, password, ...by });
    const mayAsk = invocation.interactive && means.recoveryCode === undefined;
    if (password === undefined && account !== undefined && mayAsk) password = await askPassword(invocation);
    for (let by = means; ; ) {
      try {
        return await attempt(by);
      } catch (error) {
        if (!mayAsk) throw error;
        if (password === undefined && wantsPassword(error)) password = await askPassword(invocation);
        else if (Object.keys(by).length === 0 && isNewDevice(error)) by = await askMeans(invocation);
        else throw error;
      }
    }
  });
}

/** The password is lost: the recovery code sets a new one, and lets this device in. */
async function recover(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  if (options.recoveryCodeFile === '-' && options.passwordFile === '-') throw usageError('usage.one-stdin');
  const recoveryCode = await recoveryCodeOption(invocation, options);
  const password = await newPassword(invocation, options.passwordFile);
  const server = new AskedServer(invocation, (await serverOption(invocation, options)).address);
  return signIn(invocation, options, 'account.recovered', (link) => {
    const params = { ...common(options), account: words[0], recoveryCode, newPassword: password };
    return loginBy(invocation, link, server, params).catch((error: unknown) => {
      if (!(error instanceof CliError) || error.error.detail?.passwordChanged === undefined) throw error;
      throw new CliError(error.error, { ...error.extras, hint: 'hint.password-changed-already' });
    });
  });
}

type LoginWords = Pick<RpcParams<'account.login'>, 'trustFirst'> & {
  readonly [K in keyof RpcParams<'account.login'>]?: RpcParams<'account.login'>[K] | undefined;
};

async function loginBy(
  invocation: Invocation,
  link: DaemonLink,
  server: AskedServer<string | undefined>,
  words: LoginWords,
): Promise<SignInJson> {
  return server.attempt((address) => {
    const params = withoutAbsent({ ...words, server: address }) as RpcParams<'account.login'>;
    if (words.approvalCode === undefined) return link.call('account.login', params);
    invocation.out.note(invocation.text('new-device.waiting'));
    return link.call('account.login', params, APPROVED_LOGIN_MS_DEFAULT);
  });
}

function common(options: OptionValues): { readonly trustFirst: boolean; readonly label: string | undefined } {
  return { trustFirst: options.trustFirst === true, label: labelOf(options) };
}

function labelOf({ deviceName }: OptionValues): string | undefined {
  return typeof deviceName === 'string' ? deviceName : undefined;
}

/** The device key was not enough: the server forgot it, or never knew it. */
function wantsPassword(error: unknown): boolean {
  if (!(error instanceof CliError) || error.error.code !== 'SERVER_REFUSED') return false;
  const refusals = ['unknown-device', 'wrong-credentials', 'revoked', 'device-not-certified', 'password-changed'];
  return refusals.includes(error.error.refusal ?? '');
}

function isNewDevice(error: unknown): boolean {
  return error instanceof CliError && error.error.code === 'NEW_DEVICE';
}

async function askServer(invocation: Invocation): Promise<ServerGiven> {
  return readServer(await needed(invocation, undefined, 'prompt.server', 'input.server-needed'));
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
function withoutAbsent<T extends object>(params: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(params).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

export async function accountLines({ out, text }: Invocation, account: AccountJson): Promise<string[]> {
  const state = text(account.signedIn ? 'account.signed-in' : 'account.signed-out');
  const name = printable(account.displayName);
  return out.table(
    [
      text('column.number'),
      text('column.name'),
      text('column.display-name'),
      text('column.server'),
      text('column.state'),
      text('column.signature'),
    ],
    [
      [
        account.id,
        printable(account.name),
        name,
        printable(account.server),
        state,
        printable(account.signatureLine || '-'),
      ],
    ],
  );
}
