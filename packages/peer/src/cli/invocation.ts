import type { TextKey, TextValues, Translator } from '@magpie/common/i18n/translator.ts';
import type { ProfilePaths } from '../config.ts';
import type { Output } from './output.ts';
import type { CliPorts } from './ports.ts';

/** One command as typed, its global options read and checked. */
export interface Invocation {
  readonly ports: CliPorts;
  readonly translator: Translator;
  readonly text: (key: TextKey, values?: TextValues) => string;
  readonly out: Output;
  readonly paths: ProfilePaths;
  /** `magpie`, with the profile when one was named: how the next command is to be typed. */
  readonly magpie: string;
  /** False: nothing may be asked (`--json`, `--no-input`, no terminal). */
  readonly interactive: boolean;
  /** Undefined: each command's own. */
  readonly timeoutMs: number | undefined;
  readonly udp: boolean;
  /** Where the passphrase of the profile is to be read (R30); `-` is stdin. */
  readonly passphraseFile: string | undefined;
}

/** What a command waits for an answer of the daemon when `--timeout` says nothing. */
export const CALL_MS_DEFAULT = 10_000;
/** What needs a password waits for the server's password queue too. */
export const SIGN_IN_MS_DEFAULT = 30_000;
