import { isIP } from 'node:net';
import type { Codec } from './bytes/codec.ts';

/** An IP literal and a port; never a host name. IPv4 is dotted, IPv6 as Node prints it, without a zone. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type IpFamily = 4 | 6;

export function familyOf(endpoint: Endpoint): IpFamily {
  return endpoint.address.includes(':') ? 6 : 4;
}

/** The text used as a map key and in debug logs: `1.2.3.4:5`, `[::1]:5`. */
export function endpointText(endpoint: Endpoint): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

/** Takes the IPv4-mapped form that a dual-stack socket reports back to plain IPv4, and drops a zone. */
export function normalizeAddress(address: string): string {
  const bare = address.split('%', 1)[0]!;
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(bare) ? bare.slice(7) : bare;
}

/** 16 address bytes (IPv4 as ::ffff:a.b.c.d) and a port, 18 bytes. */
export const endpointCodec: Codec<Endpoint> = {
  read: (r) => {
    const bytes = r.bytes(16);
    const port = r.u16();
    return { address: r.error ? '0.0.0.0' : addressFromBytes(bytes), port };
  },
  write: (w, endpoint) => {
    w.bytes(addressToBytes(endpoint.address));
    w.u16(endpoint.port);
  },
};

function addressToBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  switch (isIP(address)) {
    case 4:
      bytes.set([0xff, 0xff], 10);
      bytes.set(address.split('.').map(Number), 12);
      return bytes;
    case 6: {
      const groups = expandGroups(address);
      for (let i = 0; i < 8; i++) {
        bytes[2 * i] = groups[i]! >> 8;
        bytes[2 * i + 1] = groups[i]! & 0xff;
      }
      return bytes;
    }
    default:
      throw new RangeError('not an IP address');
  }
}

function expandGroups(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${hex16(+dotted[2]! * 256 + +dotted[3]!)}:${hex16(+dotted[4]! * 256 + +dotted[5]!)}`
    : address;
  const [head, tail] = text.split('::', 2) as [string, string?];
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const middle = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16));
}

function hex16(value: number): string {
  return value.toString(16);
}

function addressFromBytes(bytes: Uint8Array): string {
  const mapped = bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.subarray(12).join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes[i]! * 256 + bytes[i + 1]!);
  return compressGroups(groups);
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`, the first of equals. */
function compressGroups(groups: readonly number[]): string {
  let bestAt = -1;
  let bestLength = 1;
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > bestLength) [bestAt, bestLength] = [at, length];
  }
  const text = (part: readonly number[]): string => part.map(hex16).join(':');
  if (bestAt < 0) return text(groups);
  return `${text(groups.slice(0, bestAt))}::${text(groups.slice(bestAt + bestLength))}`;
}

/** What a shell is told about one TCP stream. Calls come in order; `onClose` is last and comes once. */
export interface TcpHandlers {
  onOpen?(): void;
  /** `bytes` are the handler's to keep. */
  onBytes(bytes: Uint8Array): void;
  /** All queued bytes have been taken by the operating system. */
  onDrain?(): void;
  /** @param error a system error code such as ECONNREFUSED, absent after an orderly end */
  onClose(error?: string): void;
}

/** One TCP stream; every call is safe after the close. */
export interface TcpStream {
  readonly remote: Endpoint;
  /** Bytes given to `write` that the operating system has not taken yet. */
  readonly queuedBytes: number;
  write(bytes: Uint8Array): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is queued, then ends. */
  end(): void;
  destroy(): void;
}

export interface TcpConnector {
  /** Resolves names itself. Handlers are called later, never inside this call. */
  connect(target: { readonly host: string; readonly port: number }, handlers: TcpHandlers): TcpStream;
}

export interface UdpSocket {
  readonly local: Endpoint;
  /** Best effort, at once; a refused or full socket drops the datagram silently. */
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

export interface UdpHandlers {
  /** `bytes` are the handler's to keep. `from` is normalised. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void;
  onError?(code: string): void;
}

export interface UdpFactory {
  /**
   * Binds `address`, or without it every address of the family; port 0 picks a free one. Rejects with a system error
   * code.
   */
  open(family: IpFamily, port: number, handlers: UdpHandlers, address?: string): Promise<UdpSocket>;
}
