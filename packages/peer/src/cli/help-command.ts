import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';

const TOPICS = ['exit-codes', 'environment', 'json'] as const;

export function addHelpCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'help [words...]',
    summary: 'help.help',
    examples: ['help send', 'help exit-codes', 'help environment', 'help json'],
    body: async ({ out, text }, words) => {
      const topic = TOPICS.find((each) => each === words[0]);
      const help = topic && words.length === 1 ? text(`topic.${topic}`) : commandHelp(host, words);
      out.data({ help }, [help.trimEnd()]);
      return undefined;
    },
  });
}

function commandHelp({ program }: CommandHost, words: readonly string[]): string {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) throw usageError('usage.unknown-topic', { given: words.join(' '), topics: TOPICS.join(', ') });
    command = next;
  }
  return command.helpInformation();
}
