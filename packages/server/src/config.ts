import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SERVER_PORT_DEFAULT } from '@magpie/common/channel/pin.ts';
import type { Endpoint } from '@magpie/common/net.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { parse, TomlError } from 'smol-toml';
import { PASSWORD_HASH_COST, type PasswordHashCost } from './accounts/password-hasher.ts';
import type { RegistrationMode } from './accounts/registration.ts';
import { type LogLevel, limitKeyOf, SETTINGS, type Setting, type SettingExpectation } from './config-settings.ts';
import { didYouMean } from './config-suggestion.ts';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.ts';

/** Everything an operator can set; the server starts with this and nothing else. */
export interface ServerConfig {
  readonly listen: readonly Endpoint[];
  /** Absent: PORT and PORT + 1 of the first listen address, or free ones for port 0 (R25). */
  readonly udpPorts?: readonly number[];
  readonly dataFolder: string;
  readonly registration: RegistrationMode;
  readonly logLevel: LogLevel;
  /** Name or address that the line to hand out begins with; absent: taken from the listen address. */
  readonly publicHost?: string;
  /** Where health and metrics are told, on this machine only; absent: nowhere. */
  readonly monitor?: Endpoint;
  /** An orderly stop closes so many connections a second, so that they do not all come back at once elsewhere … */
  readonly drainPerSecond: number;
  /** … or more, so that it ends within this time. */
  readonly drainSeconds: number;
  readonly passwordHash: PasswordHashCost;
  readonly limits: ServerLimits;
}

/** Where values come from; what stands first wins. */
export interface ConfigSources {
  /** By key, as typed: a repeated flag is a list. */
  readonly flags?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Environment variables, as given to the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A TOML file that has been read. */
  readonly file?: { readonly path: string; readonly text: string };
}

/** What is wrong, and where it was written: `source` is a flag, a variable or a file. */
export type ConfigProblem =
  | {
      readonly code: 'bad-value';
      readonly key: string;
      readonly source: string;
      readonly given: string;
      readonly expected: SettingExpectation;
    }
  | { readonly code: 'unknown-key'; readonly key: string; readonly source: string; readonly suggestion?: string }
  | { readonly code: 'bad-syntax'; readonly source: string; readonly line: number; readonly column: number };

/** How a variable of the environment is named: MAGPIE_SERVER_LISTEN, MAGPIE_SERVER_LIMITS_LOOKUPS_PER_HOUR … */
const ENV_PREFIX = 'MAGPIE_SERVER_';
/** Names the file, and is therefore no key of it. */
export const CONFIG_FILE_VARIABLE = 'MAGPIE_SERVER_CONFIG';
/** A key login costs the next server a third of a millisecond: this keeps it far below one core. */
const DRAIN_PER_SECOND = 500;
/** Below the time after which service managers kill (docker 10 s plus, systemd 90 s). */
const DRAIN_SECONDS = 10;
/** Characters of a wrong value that an error repeats. */
const GIVEN_CHARACTERS_MAX = 60;

interface Given {
  readonly value: unknown;
  readonly source: string;
}

/** Merges flags over environment over file over defaults, key by key; every problem is reported, not just the first. */
export function loadConfig(sources: ConfigSources): Result<ServerConfig, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const file = readFile(sources.file, problems);
  const values: Record<string, unknown> = {};
  findUnknownVariables(sources.env ?? {}, problems);
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const given = fromFlag(key, setting, sources) ?? fromEnv(key, setting, sources) ?? file.get(key);
    if (!given) continue;
    const parsed = setting.schema.safeParse(given.value);
    if (parsed.success) values[key] = parsed.data;
    else problems.push(badValue(key, given, setting));
  }
  if (problems.length > 0) return err(problems);
  return checkPorts(compose(values, sources.env ?? {}));
}

function readFile(file: ConfigSources['file'], problems: ConfigProblem[]): ReadonlyMap<string, Given> {
  const found = new Map<string, Given>();
  if (!file) return found;
  try {
    for (const [key, value] of flatten(parse(file.text))) {
      if (Object.hasOwn(SETTINGS, key)) found.set(key, { value, source: file.path });
      else problems.push(unknownKey(key, file.path, key, Object.keys(SETTINGS)));
    }
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    problems.push({ code: 'bad-syntax', source: file.path, line: cause.line, column: cause.column });
  }
  return found;
}

/** Tables to dotted keys: `[limits] lookups_per_hour` is `limits.lookups_per_hour`. */
function* flatten(table: object, prefix = ''): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(table) as [string, unknown][]) {
    const key = prefix + name;
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable && !Object.hasOwn(SETTINGS, key)) yield* flatten(value, `${key}.`);
    else yield [key, value];
  }
}

function fromFlag(key: string, setting: Setting, { flags }: ConfigSources): Given | undefined {
  const given = flags?.[key];
  if (given === undefined) return undefined;
  const source = `--${key.replaceAll('_', '-')}`;
  return { value: typeof given === 'string' ? setting.fromText(given) : given, source };
}

function fromEnv(key: string, setting: Setting, { env }: ConfigSources): Given | undefined {
  const source = variableOf(key);
  const given = env?.[source];
  // An empty variable is an unset one, as everywhere in shells.
  return given ? { value: setting.fromText(given), source } : undefined;
}

function variableOf(key: string): string {
  return ENV_PREFIX + key.replaceAll('.', '_').toUpperCase();
}

function findUnknownVariables(env: Readonly<Record<string, string | undefined>>, problems: ConfigProblem[]): void {
  const known = [...Object.keys(SETTINGS).map(variableOf), CONFIG_FILE_VARIABLE];
  for (const name of Object.keys(env)) {
    if (name.startsWith(ENV_PREFIX) && !known.includes(name)) problems.push(unknownKey(name, name, name, known));
  }
}

function unknownKey(key: string, source: string, given: string, known: readonly string[]): ConfigProblem {
  const suggestion = didYouMean(given, known);
  return { code: 'unknown-key', key, source, ...(suggestion !== undefined && { suggestion }) };
}

function badValue(key: string, { value, source }: Given, { expected }: Setting): ConfigProblem {
  const given = givenText(value).slice(0, GIVEN_CHARACTERS_MAX);
  return { code: 'bad-value', key, source, given, expected };
}

function givenText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(givenText).join(', ');
  return JSON.stringify(value) ?? String(value);
}

function compose(
  values: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): ServerConfig {
  const value = <T>(key: string): T | undefined => values[key] as T | undefined;
  const udpPorts = value<readonly number[]>('udp_ports');
  const publicHost = value<string>('public_host');
  const monitor = value<Endpoint>('monitor');
  const limits = Object.fromEntries(
    Object.entries(DEFAULT_LIMITS).map(([name, number]) => [name, value(limitKeyOf(name)) ?? number]),
  );
  return {
    listen: value<readonly Endpoint[]>('listen') ?? [{ address: '::', port: SERVER_PORT_DEFAULT }],
    ...(udpPorts && { udpPorts }),
    dataFolder: resolve(value<string>('data') ?? defaultDataFolder(env)),
    registration: value<RegistrationMode>('registration') ?? 'open',
    logLevel: value<LogLevel>('log_level') ?? 'info',
    ...(publicHost !== undefined && { publicHost }),
    ...(monitor && { monitor }),
    drainPerSecond: value<number>('drain_per_second') ?? DRAIN_PER_SECOND,
    drainSeconds: value<number>('drain_seconds') ?? DRAIN_SECONDS,
    passwordHash: {
      memoryKiB: value<number>('password_hash.memory_kib') ?? PASSWORD_HASH_COST.memoryKiB,
      passes: value<number>('password_hash.passes') ?? PASSWORD_HASH_COST.passes,
    },
    limits: limits as unknown as ServerLimits,
  };
}

/** The reflector's second port stands behind the first one. */
function checkPorts(config: ServerConfig): Result<ServerConfig, readonly ConfigProblem[]> {
  if (config.udpPorts || config.listen[0]!.port < 65_535) return ok(config);
  return err([
    { code: 'bad-value', key: 'listen', source: 'listen', given: '65535', expected: { kind: 'port-with-successor' } },
  ]);
}

function defaultDataFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (process.platform === 'win32') return join(env.LOCALAPPDATA || homedir(), 'magpie-server');
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local', 'share'), 'magpie-server');
}
