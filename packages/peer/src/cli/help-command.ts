import { printApiHelp } from './api-help.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';

const TOPICS = ['exit-codes', 'environment', 'json'] as const;
/** Made from the table of the API, not from the catalogue. */
const API = 'api';

export function addHelpCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'help [words...]',
    summary: 'help.help',
    examples: ['help send', 'help exit-codes', 'help environment', 'help json', 'help api'],
    body: async (invocation, words) => {
      const { out, text } = invocation;
      if (words.length === 1 && words[0] === API) {
        await printApiHelp(invocation);
        return undefined;
      }
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
    if (!next) throw usageError('usage.unknown-topic', { given: words.join(' '), topics: [...TOPICS, API].join(', ') });
    command = next;
  }
  return command.helpInformation();
}
