import { chooseLanguage } from '@magpie/common/i18n/translator.ts';
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { CliError, showError } from './cli-error.ts';
import { type ConfigFlags, readConfig } from './config-arguments.ts';
import { EXIT } from './exit-codes.ts';
import { type Messages, messagesIn } from './messages.ts';
import { type NoticeFlags, sendNotice } from './notice-command.ts';
import type { CliPorts } from './ports.ts';
import { type RunFlags, runServer } from './run-command.ts';
import { helpIn, usageErrorOf } from './usage.ts';

/**
 * Runs one command line of `magpie-server` to its end.
 * @param words the arguments after the program's name
 * @returns the exit code. Rejects only for bugs
 */
export async function runProgram(words: readonly string[], ports: CliPorts): Promise<number> {
  const text = messagesIn(chooseLanguage(optionIn(words, '--lang'), ports.env));
  try {
    await buildProgram(ports, text).parseAsync([...words], { from: 'user' });
    return EXIT.ok;
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return EXIT.ok;
    const error = cause instanceof CommanderError ? usageErrorOf(cause, text) : cause;
    if (!(error instanceof CliError)) throw error;
    const shown = showError(error, text);
    if (words.includes('--json')) ports.stdout.write(`${JSON.stringify(shown.json)}\n`);
    else for (const line of shown.lines) ports.stderr.write(`${line}\n`);
    return shown.exit;
  }
}

function buildProgram(ports: CliPorts, text: Messages): Command {
  const program = new Command('magpie-server')
    .description(text('help.program'))
    .exitOverride()
    .configureOutput({
      writeOut: (help) => ports.stdout.write(help),
      writeErr: (help) => ports.stderr.write(help),
      outputError: () => {},
    })
    .configureHelp(helpIn(text))
    .helpOption('-h, --help', text('help.help'))
    .helpCommand(false);

  withConfig(program.command('run').description(text('help.run')), text)
    .option('--new-key', text('option.new-key'))
    .option('--new-database', text('option.new-database'))
    .action((flags: RunFlags) => runServer(flags, ports, text));

  withConfig(program.command('check-config').description(text('help.check-config')), text).action(
    (flags: ConfigFlags & { readonly json?: boolean }) => {
      const config = readConfig(flags, ports.env, text);
      ports.stdout.write(`${flags.json ? JSON.stringify({ ok: true, config }) : text('config.fine')}\n`);
    },
  );

  const notice = program.command('notice').description(text('help.notice')).helpCommand(false);
  withDataFolder(notice.command('send <text...>').description(text('help.notice-send')), text).action(
    (words: readonly string[], flags: NoticeFlags) => sendNotice(words, flags, ports, text),
  );

  withGlobal(program.command('version').description(text('help.version')), text).action(
    (flags: { readonly json?: boolean }) => {
      const { version } = packageJson;
      const json = { ok: true, version, node: process.version };
      ports.stdout.write(`${flags.json ? JSON.stringify(json) : `magpie-server ${version}`}\n`);
    },
  );
  return program;
}

/** Every flag of the configuration: what `run` takes, `check-config` can check. */
function withConfig(command: Command, text: Messages): Command {
  return withDataFolder(command, text)
    .option('--listen <host:port>', text('option.listen'), collect)
    .option('--registration <mode>', text('option.registration'))
    .option('--log-level <level>', text('option.log-level'))
    .option('--public-host <host>', text('option.public-host'));
}

function withDataFolder(command: Command, text: Messages): Command {
  return withGlobal(command, text)
    .option('--data <folder>', text('option.data'))
    .option('--config <file>', text('option.config'));
}

function withGlobal(command: Command, text: Messages): Command {
  return command
    .option('--json', text('option.json'))
    .option('--lang <language>', text('option.lang'))
    .helpOption('-h, --help', text('help.help'));
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function optionIn(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
}
