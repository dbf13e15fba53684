import { isIP, isIPv6 } from 'node:net';
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

/** RFC 4648 section 6, lower case, without padding. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const PIN_BYTES = 16;
const PIN_CHARACTERS = 26;
/** A DNS name has at most 253 characters; with port, brackets and pin an address stays below this. */
const ADDRESS_CHARACTERS_MAX = 300;

export function pinOf(serverKey: Uint8Array): Pin {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of blake2b(PIN_BYTES, serverKey)) {
    bits = ((bits << 8) | byte) & 0xfff;
    bitCount += 8;
    for (; bitCount >= 5; bitCount -= 5) text += BASE32[(bits >> (bitCount - 5)) & 31];
  }
  return (text + BASE32[(bits << (5 - bitCount)) & 31]) as Pin;
}

/** Accepts either case. The last character carries three bits, so only eight are possible there. */
export function parsePin(text: string): Pin | undefined {
  const folded = text.toLowerCase();
  if (folded.length !== PIN_CHARACTERS || !/^[a-z2-7]{25}[aeimquy4]$/.test(folded)) return undefined;
  return folded as Pin;
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
