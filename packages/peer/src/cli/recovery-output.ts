import { CliError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import type { DaemonLink } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { SecretFile } from './secret-file.ts';

/** The one moment in which a recovery code is seen (R7): in the terminal, or in a new file. */

export const RECOVERY_FILE_OPTION = ['--recovery-file <file>', 'option.recovery-file'] as const satisfies NonNullable<
  Parameters<CommandHost['add']>[1]['options']
>[number];

/**
 * Opens `--recovery-file`, and removes it again when the body fails, makes no code, or is ended by a signal. The daemon
 * is told that the code was seen only when it has been: until then the next login makes another one.
 */
export async function withRecoveryFile<T extends { readonly recoveryCode: string | null }>(
  invocation: Invocation,
  link: DaemonLink,
  options: OptionValues,
  body: () => Promise<T>,
  report: (outcome: T, kept: KeptCode) => void,
): Promise<void> {
  const file = typeof options.recoveryFile === 'string' ? await SecretFile.create(options.recoveryFile) : undefined;
  let outcome: T;
  try {
    outcome = await unlessSignalled(invocation, body());
  } catch (error) {
    await file?.discard();
    throw error;
  }
  const { recoveryCode } = outcome;
  const written = recoveryCode !== null && file !== undefined && (await file.write(recoveryCode));
  if (!written) await file?.discard();
  report(outcome, written ? { recoveryCode: null, recoveryFile: file.path } : { recoveryCode });
  if (recoveryCode !== null) await link.call('account.recoveryKept', {}).catch(() => {});
}

/** The end of our connection then ends in the daemon what was begun. */
async function unlessSignalled<T>({ ports }: Invocation, work: Promise<T>): Promise<T> {
  const signalled = Promise.withResolvers<never>();
  const unlisten = ports.onSignal(() =>
    signalled.reject(new CliError({ code: 'CANCELLED' }, { hint: 'hint.sign-in-cancelled' })),
  );
  try {
    return await Promise.race([work, signalled.promise]);
  } finally {
    unlisten();
    work.catch(() => {});
  }
}

/** Where the code is: shown here, in a file, or nowhere because none was made. A file that failed shows it after all. */
export interface KeptCode {
  readonly recoveryCode: string | null;
  readonly recoveryFile?: string;
}

/** Lines for people; with `--quiet` only the code itself. */
export function recoveryLines(
  { text }: Invocation,
  { recoveryCode, recoveryFile }: KeptCode,
  quiet: boolean,
): string[] {
  if (recoveryFile !== undefined) return quiet ? [] : [text('recovery.in-file', { file: printable(recoveryFile) })];
  if (recoveryCode === null) return [];
  const code = printable(recoveryCode);
  return quiet ? [code] : [text('recovery.code'), '', `    ${code}`, '', text('recovery.advice')];
}
