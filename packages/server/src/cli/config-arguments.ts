import { readFileSync } from 'node:fs';
import {
  CONFIG_FILE_VARIABLE,
  type ConfigProblem,
  type ConfigSources,
  loadConfig,
  type ServerConfig,
} from '../config.ts';
import type { SettingExpectation } from '../config-settings.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Messages } from './messages.ts';

/** The flags that set the configuration, as commander gives them. */
export interface ConfigFlags {
  readonly listen?: readonly string[];
  readonly data?: string;
  readonly config?: string;
  readonly registration?: string;
  readonly logLevel?: string;
  readonly publicHost?: string;
  readonly monitor?: string;
}

/** The configuration of a command line. @throws CliError with every problem on a line of its own */
export function readConfig(
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
  text: Messages,
): ServerConfig {
  const path = flags.config ?? (env[CONFIG_FILE_VARIABLE] || undefined);
  const config = loadConfig({
    flags: {
      listen: flags.listen,
      data: flags.data,
      registration: flags.registration,
      log_level: flags.logLevel,
      public_host: flags.publicHost,
      monitor: flags.monitor,
    },
    env,
    ...(path !== undefined && { file: readFile(path) }),
  });
  if (config.ok) return config.value;
  throw new CliError(
    'BAD_CONFIG',
    EXIT.usage,
    'error.bad-config',
    {},
    {
      lines: config.error.map((problem) => `  ${problemText(problem, text)}`),
      json: { problems: config.error },
    },
  );
}

function readFile(path: string): NonNullable<ConfigSources['file']> {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (cause) {
    const detail = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError('CONFIG_UNREADABLE', EXIT.usage, 'error.config-unreadable', { path, detail });
  }
}

function problemText(problem: ConfigProblem, text: Messages): string {
  switch (problem.code) {
    case 'bad-value':
      return text('config.bad-value', { ...problem, expected: expectedText(problem.expected, text) });
    case 'unknown-key': {
      const { suggestion } = problem;
      const sentence = text('config.unknown-key', { key: problem.key, source: problem.source });
      return suggestion === undefined ? sentence : sentence + text('config.did-you-mean', { suggestion });
    }
    case 'bad-syntax':
      return text('config.bad-syntax', { ...problem });
  }
}

function expectedText(expected: SettingExpectation, text: Messages): string {
  switch (expected.kind) {
    case 'one-of':
      return text('expected.one-of', { choices: expected.choices.join(', ') });
    case 'integer':
      return text('expected.integer', { min: expected.min, max: expected.max });
    case 'listen-addresses':
    case 'loopback-address':
    case 'udp-ports':
    case 'folder':
    case 'host':
    case 'port-with-successor':
      return text(`expected.${expected.kind}`);
  }
}
