import { PASSWORD_BYTES_MAX, PASSWORD_CODE_POINTS_MAX, PASSWORD_CODE_POINTS_MIN } from '@magpie/common/limits.ts';
import { CliError } from './cli-error.ts';
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

export async function askPassword({ ports, text, interactive }: Invocation): Promise<string> {
  if (!interactive) throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.password-needed' });
  return askSecret(ports, text('prompt.password'));
}

/** For a new account: asked twice, and checked before anything travels (R25); the server has the last word. */
export async function newPassword(invocation: Invocation, file: string | boolean | undefined): Promise<string> {
  const given = await passwordFromFile(invocation, file);
  const password = given ?? (await askPassword(invocation));
  const codePoints = [...password].length;
  if (codePoints < PASSWORD_CODE_POINTS_MIN || codePoints > PASSWORD_CODE_POINTS_MAX) {
    throw new CliError({ code: 'SERVER_REFUSED', refusal: 'weak-password' });
  }
  if (given === undefined) {
    const again = await askSecret(invocation.ports, invocation.text('prompt.password-again'));
    if (again !== password) throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.passwords-differ' });
  }
  return password;
}
