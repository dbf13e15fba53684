import { chooseLanguage, createTranslator, parseLanguage, type Translator } from '@magpie/common/i18n/translator.ts';
import { Command, CommanderError, Option } from 'commander';
import { profilePaths, programName } from '../config.ts';
import { addAccountCommands } from './account-commands.ts';
import { usageError } from './cli-error.ts';
import type { CommandBody, CommandHost, CommandSpec, OptionValues } from './command-host.ts';
import { addContactCommands } from './contact-commands.ts';
import { addContactNoteCommands } from './contact-note-commands.ts';
import { addDaemonCommands } from './daemon-commands.ts';
import { addDeviceCommands } from './device-commands.ts';
import { addDraftCommands } from './draft-commands.ts';
import { parseDurationMs } from './duration.ts';
import { EXIT } from './exit-codes.ts';
import { describeFailure } from './failure.ts';
import { addHelpCommand } from './help-command.ts';
import type { Invocation } from './invocation.ts';
import { addMsgChangeCommands } from './msg-change-commands.ts';
import { addMsgCommands } from './msg-commands.ts';
import { addMsgExportCommand } from './msg-export-command.ts';
import { addNoticeCommands } from './notice-commands.ts';
import { Output } from './output.ts';
import { addPassphraseCommands } from './passphrase-commands.ts';
import type { CliPorts } from './ports.ts';
import { addPresenceCommands } from './presence-commands.ts';
import { addPrivacyCommand } from './privacy-command.ts';
import { addProfileCommands } from './profile-commands.ts';
import { addSendCommand } from './send-command.ts';
import { addStatusCommands } from './status-commands.ts';
import { addUiCommand } from './ui-command.ts';
import { addVerifyCommands } from './verify-commands.ts';
import { addWatchCommand } from './watch-command.ts';

/**
 * Runs one command line to its end.
 * @param words the arguments after `magpie`
 * @returns the exit code
 */
export async function runCli(words: readonly string[], ports: CliPorts): Promise<number> {
  const early = earlyOptions(words);
  const translator = createTranslator(chooseLanguage(early.lang, ports.env));
  const out = new Output(ports.stdout, ports.stderr, { ...early, quiet: false, color: 'auto' }, ports.env);
  let exit: number = EXIT.ok;
  let magpie = programName(ports.env);
  const program = buildProgram(translator, ports, early.json ? out : undefined, async (command, body, given) => {
    const invocation = readInvocation(command, translator, ports);
    magpie = invocation.magpie;
    exit = (await body(invocation, given, command.opts<OptionValues>())) ?? EXIT.ok;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    if (error instanceof CommanderError && error.code === 'commander.help' && !early.json) return EXIT.usage;
    const failure = describeFailure(error, translator, magpie, commandOf(program, words));
    out.failure(failure.json, failure.lines);
    return failure.exit;
  }
}

/** The longest beginning of the words that is a command: `draft` of `draft show`. */
function commandOf(program: Command, words: readonly string[]): string {
  const path: string[] = [];
  let command = program;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') break;
    // The value of an option is no command, whatever it is called.
    if (program.options.some((option) => option.required && [option.short, option.long].includes(word))) at++;
    if (word.startsWith('-')) continue;
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    path.push(word);
    command = next;
  }
  return path.join(' ');
}

/** What must be known before the command line can be read: the language of its help and the form of its errors. */
function earlyOptions(words: readonly string[]): { json: boolean; plain: boolean; lang: string | undefined } {
  const end = words.indexOf('--');
  const options = end < 0 ? words : words.slice(0, end);
  const langAt = options.indexOf('--lang');
  const joined = options.find((word) => word.startsWith('--lang='))?.slice('--lang='.length);
  const lang = langAt < 0 ? joined : options[langAt + 1];
  return { json: options.includes('--json'), plain: options.includes('--plain'), lang };
}

type Run = (command: Command, body: CommandBody, words: readonly string[]) => Promise<void>;

/** @param json where help goes as JSON; absent: it is printed as it is */
function buildProgram(translator: Translator, ports: CliPorts, json: Output | undefined, run: Run): Command {
  const { text } = translator;
  const program = new Command('magpie')
    .description(text('help.magpie'))
    .exitOverride()
    .configureOutput({
      writeOut: (help) => (json ? json.data({ help }, []) : ports.stdout.write(help)),
      writeErr: (help) => json || ports.stderr.write(help),
      outputError: () => {},
      getOutHelpWidth: () => ports.stdout.columns ?? 100,
      getErrHelpWidth: () => ports.stderr.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => translatedTitle(translator, title) })
    .helpOption('-h, --help', text('option.help'))
    .helpCommand(false);
  addGlobalOptions(program, translator);

  const host: CommandHost = {
    program,
    translator,
    text,
    noun: (name, summary, parent = program) => parent.command(name).description(text(summary)).helpCommand(false),
    add: (parent, spec) => addCommand(parent, spec, translator, run),
  };
  addUiCommand(host);
  addDaemonCommands(host);
  addPassphraseCommands(host);
  const account = addAccountCommands(host);
  addProfileCommands(host, account);
  addDeviceCommands(host, account);
  const contact = addContactCommands(host);
  addContactNoteCommands(host, contact);
  addVerifyCommands(host, account, contact);
  addPresenceCommands(host);
  addPrivacyCommand(host);
  addNoticeCommands(host);
  addSendCommand(host);
  const msg = addMsgCommands(host);
  addMsgChangeCommands(host, msg);
  addMsgExportCommand(host, msg);
  addDraftCommands(host);
  addWatchCommand(host);
  addStatusCommands(host);
  addHelpCommand(host);
  return program;
}

function addGlobalOptions(program: Command, { text }: Translator): void {
  program
    .option('--profile <name>', text('option.profile'))
    .option('--json', text('option.json'))
    .option('--plain', text('option.plain'))
    .option('-q, --quiet', text('option.quiet'))
    .addOption(new Option('--no-input', text('option.no-input')))
    .option('--color <when>', text('option.color'))
    .option('--timeout <duration>', text('option.timeout'))
    .option('--lang <tag>', text('option.lang'))
    .option('--passphrase-file <file>', text('option.passphrase-file'))
    .addOption(new Option('--no-udp', text('option.no-udp')));
}

function addCommand(parent: Command, spec: CommandSpec, { text }: Translator, run: Run): void {
  const summary = text(spec.summary);
  const examples = (spec.examples ?? []).map((line) => `  ${line.includes('magpie') ? line : `magpie ${line}`}`);
  const description = examples.length === 0 ? [summary] : [summary, '', text('help.examples'), ...examples];
  const command = parent.command(spec.usage).summary(summary).description(description.join('\n'));
  for (const [flags, meaning] of spec.options ?? []) command.option(flags, text(meaning));
  command.action((...given: readonly unknown[]) => {
    const words = given
      .slice(0, -2)
      .flat()
      .filter((word) => typeof word === 'string');
    return run(command, spec.body, words);
  });
}

function translatedTitle({ text }: Translator, title: string): string {
  switch (title) {
    case 'Usage:':
      return text('help.usage');
    case 'Arguments:':
      return text('help.arguments');
    case 'Options:':
      return text('help.options');
    case 'Global Options:':
      return text('help.global-options');
    case 'Commands:':
      return text('help.commands');
    default:
      return title;
  }
}

/** Reads the options every command shares: flags before environment. */
function readInvocation(command: Command, translator: Translator, ports: CliPorts): Invocation {
  const options = command.optsWithGlobals<OptionValues>();
  const { env } = ports;
  const color = oneOfColors(options.color);
  const fromStdin = Object.entries(options).filter(
    ([name, value]) => /(password|passphrase)File$/i.test(name) && value === '-',
  );
  if (fromStdin.length > 1) throw usageError('usage.one-stdin');
  if (typeof options.lang === 'string' && !parseLanguage(options.lang)) {
    throw usageError('usage.bad-lang', { given: options.lang });
  }
  const profile = typeof options.profile === 'string' ? options.profile : undefined;
  const paths = profilePaths(profile, env);
  if (!paths.ok) throw usageError('usage.bad-profile', { given: profile ?? env.MAGPIE_PROFILE ?? '' });
  const json = options.json === true;
  const out = new Output(
    ports.stdout,
    ports.stderr,
    { json, plain: options.plain === true, quiet: options.quiet === true, color },
    env,
  );
  return {
    ports,
    translator,
    text: translator.text,
    out,
    paths: paths.value,
    magpie: profile === undefined ? programName(env) : `${programName(env)} --profile ${shellWord(profile)}`,
    interactive: !json && options.input !== false && ports.stdin.isTTY === true && ports.stderr.isTTY === true,
    timeoutMs: timeoutOption(options.timeout ?? (env.MAGPIE_TIMEOUT || undefined)),
    udp: options.udp !== false,
    passphraseFile: typeof options.passphraseFile === 'string' ? options.passphraseFile : undefined,
  };
}

function oneOfColors(given: string | boolean | undefined): 'auto' | 'always' | 'never' {
  const color = (['auto', 'always', 'never'] as const).find((each) => each === (given ?? 'auto'));
  if (!color) throw usageError('usage.bad-color', { given: String(given) });
  return color;
}

function timeoutOption(given: string | boolean | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = parseDurationMs(String(given));
  if (ms === undefined) throw usageError('usage.bad-timeout', { given: String(given) });
  return ms;
}

/** Quoted for a shell when it needs to be: the hint can be pasted. */
function shellWord(word: string): string {
  return /^[A-Za-z0-9._/~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
