import { isIP } from 'node:net';
import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import { type Endpoint, normalizeAddress } from '@magpie/common/net.ts';
import { z } from 'zod';
import { DEFAULT_LIMITS } from './limits.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a key wants, for the error that says so in the reader's language. */
export type SettingExpectation =
  | { readonly kind: 'listen-addresses' | 'loopback-address' | 'udp-ports' | 'folder' | 'host' | 'port-with-successor' }
  | { readonly kind: 'one-of'; readonly choices: readonly string[] }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number };

export interface Setting {
  readonly schema: z.ZodType;
  readonly expected: SettingExpectation;
  /** What the TOML file would hold, out of the text of a flag or a variable. */
  readonly fromText: (text: string) => unknown;
}

/** More listen addresses than any machine needs, and still a small number. */
const LISTEN_MAX = 16;
/** What the welcome frame has room for. */
const UDP_PORTS_MAX = 4;
/** No rate, count or size of a limit is larger on any machine of today. */
const LIMIT_MAX = 2 ** 40;

/** Faster than any machine closes connections; and no service manager waits longer for an end. */
const DRAIN_PER_SECOND_MAX = 1_000_000;
const DRAIN_SECONDS_MAX = 3_600;

const port = z.int().min(0).max(65_535);

/** Every key of the configuration; tables of the file are dotted. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  listen: {
    schema: listOf(z.string().transform(toEndpoint), LISTEN_MAX),
    expected: { kind: 'listen-addresses' },
    fromText: toList,
  },
  udp_ports: {
    schema: listOf(port, UDP_PORTS_MAX).refine(differ),
    expected: { kind: 'udp-ports' },
    fromText: (text) => toList(text).map(toNumber),
  },
  data: text(
    z
      .string()
      .min(1)
      .max(4_096)
      .refine((path) => !path.includes('\0')),
    { kind: 'folder' },
  ),
  registration: choice(['open', 'invite', 'closed']),
  log_level: choice(LOG_LEVELS),
  public_host: text(z.string().transform(toHost), { kind: 'host' }),
  monitor: text(z.string().transform(toLoopback), { kind: 'loopback-address' }),
  drain_per_second: integer(1, DRAIN_PER_SECOND_MAX),
  drain_seconds: integer(1, DRAIN_SECONDS_MAX),
  // 8 KiB per lane is argon2's minimum; 4 GiB and 64 passes are beyond any sensible server.
  'password_hash.memory_kib': integer(8, 4 * 1024 * 1024),
  'password_hash.passes': integer(1, 64),
  ...Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [limitKeyOf(name), integer(1, LIMIT_MAX)])),
};

/** `lookupsPerHour` is `limits.lookups_per_hour` in the file. */
export function limitKeyOf(name: string): string {
  return `limits.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function integer(min: number, max: number): Setting {
  return { schema: z.int().min(min).max(max), expected: { kind: 'integer', min, max }, fromText: toNumber };
}

function choice(choices: readonly string[]): Setting {
  return text(z.enum(choices), { kind: 'one-of', choices });
}

function text(schema: z.ZodType, expected: SettingExpectation): Setting {
  return { schema, expected, fromText: (given) => given };
}

/** Free ports (0) may repeat. */
function differ(ports: readonly number[]): boolean {
  const fixed = ports.filter((number) => number > 0);
  return new Set(fixed).size === fixed.length;
}

function listOf<T extends z.ZodType>(item: T, countMax: number) {
  return z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(item).min(1).max(countMax));
}

function toList(given: string): string[] {
  return given.split(',').map((part) => part.trim());
}

function toNumber(given: string): unknown {
  return /^[0-9]{1,15}$/.test(given) ? Number(given) : given;
}

/** `1.2.3.4:5`, `[::1]:5`, `localhost:5`; `:5` and `*:5` are every address of the machine. */
function toEndpoint(given: string, context: z.RefinementCtx): Endpoint {
  const [, host, portText] = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.*-]*):([0-9]{1,5})$/.exec(given) ?? [];
  const address = addressOf(host ?? '');
  if (host !== undefined && isIP(address) > 0 && Number(portText) <= 65_535) {
    return { address: normalizeAddress(address), port: Number(portText) };
  }
  context.addIssue({ code: 'custom', message: 'not a listen address' });
  return z.NEVER;
}

/** Health and metrics tell strangers too much: only this machine may ask. */
function toLoopback(given: string, context: z.RefinementCtx): Endpoint {
  const [, host, portText] = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+):([0-9]{1,5})$/.exec(given) ?? [];
  const address = addressOf(host ?? '');
  if (host !== undefined && isLoopback(address) && Number(portText) <= 65_535) {
    return { address, port: Number(portText) };
  }
  context.addIssue({ code: 'custom', message: 'not a loopback address' });
  return z.NEVER;
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function addressOf(host: string): string {
  if (host === '' || host === '*') return '::';
  return host === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
}

function toHost(given: string, context: z.RefinementCtx): string {
  const parsed = isIP(given) === 6 ? { host: given } : parseServerAddress(given);
  if (parsed && parsed.host === given.toLowerCase().replace(/^\[(.*)\]$/, '$1')) return parsed.host;
  context.addIssue({ code: 'custom', message: 'not a host' });
  return z.NEVER;
}
