import type { CommanderError, HelpConfiguration } from 'commander';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { MessageKey, Messages } from './messages.ts';
import { columnsOf } from './table.ts';

/** The parts of a help page that commander writes in English, in the reader's language. */
export function helpIn(text: Messages): HelpConfiguration {
  const placeholders = (usage: string): string =>
    usage.replace('[options]', text('help.options-placeholder')).replace('[command]', text('help.command-placeholder'));
  return {
    styleTitle: (title) => {
      const key = TITLES[title];
      return key === undefined ? title : text(key);
    },
    styleUsage: placeholders,
    styleSubcommandTerm: placeholders,
    displayWidth: columnsOf,
  };
}

const TITLES: Readonly<Record<string, MessageKey>> = {
  'Usage:': 'help.usage',
  'Arguments:': 'help.arguments',
  'Options:': 'help.options',
  'Commands:': 'help.commands',
};

/** Commander's own sentences are English; the word they quote and the likely word are taken out of them. */
export function usageErrorOf(cause: CommanderError, text: Messages): CliError {
  const given = /'([^']*)'/.exec(cause.message)?.[1] ?? '';
  const likely = /Did you mean (?:one of )?([^?]*)\?/.exec(cause.message)?.[1];
  const suggestion = likely === undefined ? '' : text('config.did-you-mean', { suggestion: likely });
  const hint = text('usage.see-help');
  return new CliError(
    'USAGE',
    EXIT.usage,
    SENTENCES[cause.code] ?? 'usage.other',
    { given, suggestion, detail: cause.message.replace(/^error: /, '') },
    { lines: [hint], json: { hint } },
  );
}

const SENTENCES: Readonly<Record<string, MessageKey>> = {
  'commander.unknownOption': 'usage.unknown-option',
  'commander.unknownCommand': 'usage.unknown-command',
  'commander.missingArgument': 'usage.missing-argument',
  'commander.optionMissingArgument': 'usage.option-value-missing',
  'commander.excessArguments': 'usage.excess-arguments',
  'commander.help': 'usage.command-missing',
};
