import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import type { Messages } from './messages.ts';
import type { CliPorts } from './ports.ts';

/** What every command of one command line works with. */
export class CommandContext {
  readonly ports: CliPorts;
  readonly text: Messages;
  /** Of the process, once the command has ended without an error. */
  exit: number = EXIT.ok;

  constructor(ports: CliPorts, text: Messages) {
    this.ports = ports;
    this.text = text;
  }

  /** The answer of a command: one object for scripts, or lines for people. */
  show(flags: { readonly json?: boolean }, answer: object, lines: readonly string[]): void {
    const shown = flags.json ? [JSON.stringify({ ok: true, ...answer })] : lines;
    this.ports.stdout.write(shown.map((line) => `${line}\n`).join(''));
  }

  /** Words beside the answer; scripts do not get them. */
  note(flags: { readonly json?: boolean }, line: string): void {
    if (!flags.json) this.ports.stderr.write(`${line}\n`);
  }
}

/** Every flag of the configuration: what `run` takes, `check-config` can check. */
export function withConfig(command: Command, { text }: CommandContext): Command {
  return withDataFolder(command, text)
    .option('--listen <host:port>', text('option.listen'), collect)
    .option('--registration <mode>', text('option.registration'))
    .option('--log-level <level>', text('option.log-level'))
    .option('--public-host <host>', text('option.public-host'))
    .option('--monitor <ip:port>', text('option.monitor'));
}

export function withDataFolder(command: Command, text: Messages): Command {
  return withGlobal(command, text)
    .option('--data <folder>', text('option.data'))
    .option('--config <file>', text('option.config'));
}

export function withGlobal(command: Command, text: Messages): Command {
  return command
    .option('--json', text('option.json'))
    .option('--lang <language>', text('option.lang'))
    .helpOption('-h, --help', text('help.help'));
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
