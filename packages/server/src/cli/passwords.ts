import { PASSWORD_BYTES_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { systemRandom } from '../io/system-random.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { readTextFile } from './input-file.ts';
import { PasswordsFile } from './passwords-file.ts';
import { askSecret } from './prompt.ts';

export interface PasswordFlags {
  readonly passwordFile?: string;
  readonly generate?: boolean;
  readonly passwordsOut?: string;
}

/** Letters and digits that nobody takes for one another, on paper or on a telephone. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 16 of 31 signs: 79 bits, out of reach for guessing even with a stolen hash. */
const GROUPS = 4;
const GROUP_LETTERS = 4;

/** Strong, and easy to type: `k7mp-2xqd-w9fh-r4tn`. */
export function generatePassword(random: RandomSource = systemRandom): string {
  const group = (): string => Array.from({ length: GROUP_LETTERS }, () => letter(random)).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

/** Each sign equally likely: bytes beyond the last whole alphabet are thrown away. */
function letter(random: RandomSource): string {
  const bound = 256 - (256 % ALPHABET.length);
  for (;;) {
    const byte = random.bytes(1)[0]!;
    if (byte < bound) return ALPHABET[byte % ALPHABET.length]!;
  }
}

/** The password of one account: of a file, generated into one, or typed twice. @throws CliError */
export async function choosePassword(
  context: CommandContext,
  flags: PasswordFlags,
  name: string,
): Promise<{ readonly password: string; readonly written?: PasswordsFile }> {
  const { ports, text } = context;
  if (flags.passwordFile !== undefined) return { password: await passwordIn(context, flags.passwordFile) };
  if (flags.generate) {
    const password = generatePassword();
    return { password, written: PasswordsFile.create(flags.passwordsOut, `${name}.csv`, [{ name, password }]) };
  }
  const password = await askSecret(ports, text('prompt.password'));
  const again = await askSecret(ports, text('prompt.password-again'));
  if (again !== password) throw new CliError('PASSWORDS_DIFFER', EXIT.usage, 'input.differ');
  return { password };
}

/** The first line. */
async function passwordIn({ ports }: CommandContext, path: string): Promise<string> {
  const content = await readTextFile(ports, path, PASSWORD_BYTES_MAX + 2);
  const password = content.replace(/\r?\n$/, '');
  if (password === '') throw new CliError('NO_PASSWORD', EXIT.usage, 'input.no-password', { path });
  return password;
}
