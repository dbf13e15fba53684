import type { TextKey, Translator } from '@magpie/common/i18n/translator.ts';
import type { Command } from 'commander';
import type { Invocation } from './invocation.ts';

/** Values of a command's own options, as commander gives them. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** @returns the exit code; nothing means 0 */
export type CommandBody = (
  invocation: Invocation,
  words: readonly string[],
  options: OptionValues,
) => Promise<number | undefined>;

/** What a noun's file needs to add its commands to the program. */
export interface CommandHost {
  readonly translator: Translator;
  readonly text: Translator['text'];
  /** Adds a command with its help: a summary, examples first, then arguments and options. */
  add(parent: Command, spec: CommandSpec): void;
  /** A noun: a command that only has commands. @param parent another noun; absent: the program */
  noun(name: string, summary: TextKey, parent?: Command): Command;
  readonly program: Command;
}

export interface CommandSpec {
  /** `send <to> [text...]` */
  readonly usage: string;
  readonly summary: TextKey;
  /** Command lines without the leading `magpie`. */
  readonly examples?: readonly string[];
  readonly options?: readonly (readonly [flags: string, description: TextKey])[];
  readonly body: CommandBody;
}
