import type { SignInJson } from '@magpie/common/rpc/schemas.ts';
import { CliError, usageError } from './cli-error.ts';
import type { OptionValues } from './command-host.ts';
import { stopAndWait } from './daemon-commands.ts';
import { type DaemonLink, withStartedDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { confirm } from './prompt.ts';
import { RECOVERY_FILE_OPTION, recoveryLines, withRecoveryFile } from './recovery-output.ts';

/** What register, login and recover share: the server, its key, the daemon, and what is shown afterwards. */

export const SIGN_IN_OPTIONS = [
  ['--server <address>', 'option.server'],
  ['--password-file <file>', 'option.password-file'],
  ['--trust-first', 'option.trust-first'],
  ['--device-name <name>', 'option.device-name'],
  RECOVERY_FILE_OPTION,
] as const;

/** A daemon that was started for a sign-in that then failed is stopped again: nothing is left behind. */
export async function signIn(
  invocation: Invocation,
  options: OptionValues,
  sentence: 'account.registered' | 'account.logged-in' | 'account.recovered',
  body: (link: DaemonLink) => Promise<SignInJson>,
): Promise<undefined> {
  const { out, text, magpie } = invocation;
  await withStartedDaemon(invocation, async (link, started) => {
    try {
      await withRecoveryFile(
        invocation,
        link,
        options,
        () => body(link),
        ({ account }, kept) => {
          const values = {
            name: printable(account.name),
            number: account.id,
            server: printable(account.server),
            magpie,
          };
          const lines = recoveryLines(invocation, kept, out.quiet);
          out.data({ account, ...kept }, out.quiet ? lines : [text(sentence, values), ...lines]);
          out.note(text('account.next', values));
        },
      );
    } catch (error) {
      if (started) await stopAndWait(invocation, link).catch(() => {});
      throw error;
    }
  });
}

/** Where to sign in, and by which invitation. */
export interface ServerGiven {
  readonly address: string | undefined;
  readonly invite: string | undefined;
}

/** `--server`, then MAGPIE_SERVER; either may be an invitation link, which carries the address and perhaps a code. */
export async function serverOption({ ports }: Invocation, options: OptionValues): Promise<ServerGiven> {
  const given = typeof options.server === 'string' ? options.server : (ports.env.MAGPIE_SERVER ?? '');
  return given === '' ? { address: undefined, invite: undefined } : readServer(given);
}

/** The address as typed, or what a link says instead. */
export async function readServer(given: string): Promise<ServerGiven> {
  if (!/^\s*magpie:/i.test(given)) return { address: given, invite: undefined };
  const { parseInvitation } = await import('@magpie/common/invitation.ts');
  const { serverAddressText } = await import('@magpie/common/channel/pin.ts');
  const invitation = parseInvitation(given);
  if (!invitation) throw usageError('usage.bad-link', { given });
  return {
    address: serverAddressText(invitation.server),
    invite: invitation.kind === 'join' ? invitation.invite : undefined,
  };
}

/**
 * R10: an address without a pin shows the key's fingerprint and asks before the password leaves this machine. What was
 * accepted once is not asked again.
 */
export class AskedServer<Address extends string | undefined> {
  readonly #invocation: Invocation;
  #address: Address | string;

  constructor(invocation: Invocation, address: Address) {
    this.#invocation = invocation;
    this.#address = address;
  }

  /** @param call made again with the pin once the user has accepted it */
  async attempt(call: (address: Address | string) => Promise<SignInJson>): Promise<SignInJson> {
    try {
      return await call(this.#address);
    } catch (error) {
      const pin = error instanceof CliError && error.error.code === 'SERVER_KEY_UNKNOWN' ? error.error.detail?.pin : '';
      const { ports, text, interactive } = this.#invocation;
      if (!pin || this.#address === undefined || !interactive) throw error;
      const values = { server: printable(this.#address), pin: printable(String(pin)) };
      ports.stderr.write(`${text('prompt.fingerprint', values)}\n`);
      if (!(await confirm(ports, text('prompt.trust')))) throw error;
      this.#address = `${this.#address.split('#', 1)[0]}#${pin}`;
      return call(this.#address);
    }
  }
}
