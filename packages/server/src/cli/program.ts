import { chooseLanguage } from '@magpie/common/i18n/translator.ts';
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addBackupCommands } from './backup-commands.ts';
import { CliError, showError } from './cli-error.ts';
import { CommandContext, withConfig, withGlobal } from './command-context.ts';
import { type ConfigFlags, readConfig } from './config-arguments.ts';
import { EXIT } from './exit-codes.ts';
import { addLookCommands } from './look-commands.ts';
import { messagesIn } from './messages.ts';
import { addNoticeCommands } from './notice-command.ts';
import type { CliPorts } from './ports.ts';
import { type RunFlags, runServer } from './run-command.ts';
import { addStopCommand } from './stop-command.ts';
import { helpIn, usageErrorOf } from './usage.ts';
import { addUserCommands } from './user-commands.ts';

/**
 * Runs one command line of `magpie-server` to its end.
 * @param words the arguments after the program's name
 * @returns the exit code. Rejects only for bugs
 */
export async function runProgram(words: readonly string[], ports: CliPorts): Promise<number> {
  const text = messagesIn(chooseLanguage(optionIn(words, '--lang'), ports.env));
  const context = new CommandContext(ports, text);
  try {
    await buildProgram(context).parseAsync([...words], { from: 'user' });
    return context.exit;
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

function buildProgram(context: CommandContext): Command {
  const { ports, text } = context;
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

  withConfig(program.command('run').description(text('help.run')), context)
    .option('--new-key', text('option.new-key'))
    .option('--new-database', text('option.new-database'))
    .action((flags: RunFlags) => runServer(flags, ports, text));

  withConfig(program.command('check-config').description(text('help.check-config')), context).action(
    (flags: ConfigFlags & { readonly json?: boolean }) => {
      const config = readConfig(flags, ports.env, text);
      ports.stdout.write(`${flags.json ? JSON.stringify({ ok: true, config }) : text('config.fine')}\n`);
    },
  );

  addUserCommands(program, context);
  addNoticeCommands(program, context);
  addLookCommands(program, context);
  addBackupCommands(program, context);
  addStopCommand(program, context);

  withGlobal(program.command('version').description(text('help.version')), text).action(
    (flags: { readonly json?: boolean }) => {
      const { version } = packageJson;
      const json = { ok: true, version, node: process.version };
      ports.stdout.write(`${flags.json ? JSON.stringify(json) : `magpie-server ${version}`}\n`);
    },
  );
  return program;
}

function optionIn(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
}
