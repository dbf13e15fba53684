import { CODE_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import { CliError, usageError } from './cli-error.ts';
import type { OptionValues } from './command-host.ts';
import { readTextInput } from './input.ts';
import type { Invocation } from './invocation.ts';
import { ask, askSecret, confirm } from './prompt.ts';

/** How a device that the account does not know gets the account's key (R7): at most one of the three. */
export interface Means {
  readonly approvalCode?: string;
  readonly recoveryCode?: string;
  readonly newIdentity?: true;
}

export const MEANS_OPTIONS = [
  ['--approval-code-file <file>', 'option.approval-code-file'],
  ['--recovery-code-file <file>', 'option.recovery-code-file'],
  ['--new-identity', 'option.new-identity'],
  ['--yes', 'option.yes'],
] as const;

/** What the command line says about it; nothing when it says nothing. */
export async function meansOption(invocation: Invocation, options: OptionValues): Promise<Means> {
  const { approvalCodeFile, recoveryCodeFile, newIdentity, passwordFile } = options;
  const files = [approvalCodeFile, recoveryCodeFile].filter((each) => typeof each === 'string');
  if (files.length + (newIdentity === true ? 1 : 0) > 1) throw usageError('usage.one-means');
  if ([...files, passwordFile].filter((each) => each === '-').length > 1) throw usageError('usage.one-stdin');
  if (typeof approvalCodeFile === 'string') return { approvalCode: await codeOf(invocation, approvalCodeFile) };
  if (typeof recoveryCodeFile === 'string') return { recoveryCode: await codeOf(invocation, recoveryCodeFile) };
  if (newIdentity !== true) return {};
  if (options.yes !== true) {
    const needed = { sentence: 'input.new-identity-yes', hint: 'hint.yes-needed' } as const;
    if (!invocation.interactive) throw new CliError({ code: 'INPUT_NEEDED' }, needed);
    await confirmNewIdentity(invocation);
  }
  return { newIdentity: true };
}

/** After the right password on a device that the account does not know: says which ways there are, and asks. */
export async function askMeans(invocation: Invocation): Promise<Means> {
  const { ports, text } = invocation;
  ports.stderr.write(`${text('new-device.ways')}\n`);
  switch (await ask(ports, text('prompt.way'))) {
    case '1':
      return { approvalCode: await ask(ports, text('prompt.approval-code')) };
    case '2':
      return { recoveryCode: await askSecret(ports, text('prompt.recovery-code')) };
    case '3':
      await confirmNewIdentity(invocation);
      return { newIdentity: true };
    default:
      throw new CliError({ code: 'CANCELLED' });
  }
}

export async function recoveryCodeOption(invocation: Invocation, options: OptionValues): Promise<string> {
  if (typeof options.recoveryCodeFile === 'string') return codeOf(invocation, options.recoveryCodeFile);
  const { ports, text, interactive } = invocation;
  if (!interactive) {
    throw new CliError(
      { code: 'INPUT_NEEDED' },
      { sentence: 'input.recovery-code-needed', hint: 'hint.recovery-code' },
    );
  }
  return askSecret(ports, text('prompt.recovery-code'));
}

/** Friends see the key change, and nothing is sent either way until they have looked: this is asked twice over. */
async function confirmNewIdentity({ ports, text }: Invocation): Promise<void> {
  ports.stderr.write(`${text('new-device.new-identity')}\n`);
  if (!(await confirm(ports, text('prompt.new-identity')))) throw new CliError({ code: 'CANCELLED' });
}

async function codeOf({ ports }: Invocation, file: string): Promise<string> {
  return (await readTextInput(ports, file, CODE_CHARS_MAX)).trim();
}
