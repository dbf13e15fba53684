import { PASSWORD_BYTES_MAX, PASSWORD_CODE_POINTS_MAX, PASSWORD_CODE_POINTS_MIN } from '@magpie/common/limits.ts';
import { CliError, usageError } from './cli-error.ts';
import type { OptionValues } from './command-host.ts';
import { readTextInput } from './input.ts';
import type { Invocation } from './invocation.ts';
import { askSecret } from './prompt.ts';

/** The password of `--password-file` (`-` is stdin), else undefined. */
export async function passwordFromFile(
  { ports }: Invocation,
  file: string | boolean | undefined,
): Promise<string | undefined> {
  return typeof file === 'string' ? readTextInput(ports, file, PASSWORD_BYTES_MAX) : undefined;
}

export async function askPassword(
  { ports, text, interactive }: Invocation,
  question: 'prompt.password' | 'prompt.old-password' | 'prompt.new-password' = 'prompt.password',
): Promise<string> {
  if (!interactive) throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.password-needed' });
  return askSecret(ports, text(question));
}

/** For a new account: asked twice, and checked before anything travels (R25); the server has the last word. */
export async function newPassword(invocation: Invocation, file: string | boolean | undefined): Promise<string> {
  const given = await passwordFromFile(invocation, file);
  return given === undefined ? askNewPassword(invocation, 'prompt.password') : checked(given);
}

/** The old and the new one: from one file with two lines, from two files, or asked for. */
export async function changedPasswords(
  invocation: Invocation,
  options: OptionValues,
): Promise<{ readonly oldPassword: string; readonly newPassword: string }> {
  const { passwordFile, oldPasswordFile, newPasswordFile } = options;
  if (typeof passwordFile === 'string') {
    if (oldPasswordFile !== undefined || newPasswordFile !== undefined) throw usageError('usage.passwords-twice');
    const text = await readTextInput(invocation.ports, passwordFile, 2 * PASSWORD_BYTES_MAX + 2);
    const [oldPassword, newPassword, ...more] = text.split(/\r?\n/);
    if (oldPassword === undefined || newPassword === undefined || more.length > 0) throw usageError('usage.two-lines');
    return { oldPassword, newPassword: checked(newPassword) };
  }
  if (oldPasswordFile === '-' && newPasswordFile === '-') throw usageError('usage.one-stdin');
  const oldGiven = await passwordFromFile(invocation, oldPasswordFile);
  const newGiven = await passwordFromFile(invocation, newPasswordFile);
  const oldPassword = oldGiven ?? (await askPassword(invocation, 'prompt.old-password'));
  const newPassword =
    newGiven === undefined ? await askNewPassword(invocation, 'prompt.new-password') : checked(newGiven);
  return { oldPassword, newPassword };
}

async function askNewPassword(
  invocation: Invocation,
  question: 'prompt.password' | 'prompt.new-password',
): Promise<string> {
  const password = checked(await askPassword(invocation, question));
  const again = await askSecret(invocation.ports, invocation.text('prompt.password-again'));
  if (again !== password) throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.passwords-differ' });
  return password;
}

function checked(password: string): string {
  const codePoints = [...password].length;
  if (codePoints >= PASSWORD_CODE_POINTS_MIN && codePoints <= PASSWORD_CODE_POINTS_MAX) return password;
  throw new CliError({ code: 'SERVER_REFUSED', refusal: 'weak-password' });
}
