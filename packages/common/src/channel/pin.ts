import { isIP, isIPv6 } from 'node:net';
import { fromBase32, toBase32 } from '../bytes/base32.ts';
import type { Brand } from '../ids.ts';
import { blake2b } from './keys.ts';

/** R10: fingerprint of a server's X25519 key, 26 lower-case letters and digits (base32 of BLAKE2b-128). */
export type Pin = Brand<string, 'Pin'>;

/** Where a server is, and which key it must prove. `host` is a name or an IP literal without brackets. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly pin?: Pin;
}

/** R25: where a server listens unless told otherwise; assumed when an address names no port. */
export const SERVER_PORT_DEFAULT = 10_000;

const PIN_BYTES = 16;
/** A DNS name has at most 253 characters; with port, brackets and pin an address stays below this. */
const ADDRESS_CHARACTERS_MAX = 300;

export function pinOf(serverKey: Uint8Array): Pin {
  return toBase32(blake2b(PIN_BYTES, serverKey)) as Pin;
}

/** Accepts either case. */
export function parsePin(text: string): Pin | undefined {
  return fromBase32(text, PIN_BYTES) && (text.toLowerCase() as Pin);
}

/** Parses `host`, `host:port`, `host:port#pin` and `[v6]:port#pin`; undefined for anything else. */
export function parseServerAddress(text: string): ServerAddress | undefined {
  if (text.length > ADDRESS_CHARACTERS_MAX) return undefined;
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?(?:#([a-z0-9]+))?$/.exec(
    text.trim().toLowerCase(),
  );
  if (!parts) return undefined;
  const [, v6, name, portText, pinText] = parts;
  const host = v6 ?? name!;
  if (v6 === undefined ? !isHostName(host) : !isIPv6(host)) return undefined;
  const port = portText === undefined ? SERVER_PORT_DEFAULT : Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  if (pinText === undefined) return { host, port };
  const pin = parsePin(pinText);
  return pin && { host, port, pin };
}

/** What parseServerAddress reads back. */
export function serverAddressText(address: ServerAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}${address.pin === undefined ? '' : `#${address.pin}`}`;
}

function isHostName(host: string): boolean {
  if (isIP(host) === 4) return true;
  if (host.length > 253 || /^[0-9.]+$/.test(host)) return false;
  return host
    .replace(/\.$/, '')
    .split('.')
    .every((label) => label.length <= 63 && /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(label));
}
