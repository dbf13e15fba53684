import { decode, encode } from '@magpie/common/bytes/codec.ts';
import { type Endpoint, endpointCodec } from '@magpie/common/net.ts';

/**
 * `global`: the public internet. `private`: RFC 1918, RFC 6598 and ULA. `never`: nothing that a peer may have us send
 * to, such as multicast, link-local without a scope, reserved blocks, or an IPv4 address wrapped in IPv6 that is not
 * itself global (security.md 5.2).
 */
export type AddressScope = 'global' | 'private' | 'loopback' | 'never';

/** @returns the 16 bytes of the address (IPv4 as ::ffff:a.b.c.d), or undefined when it is no IP literal */
export function addressBytes(address: string): Uint8Array | undefined {
  try {
    return encode(endpointCodec, { address, port: 0 }).slice(0, 16);
  } catch {
    return undefined;
  }
}

/** @returns the endpoint in its one spelling (IPv4 unwrapped from ::ffff:0:0/96), or undefined when it is none */
export function canonicalEndpoint(endpoint: Endpoint): Endpoint | undefined {
  const bytes = addressBytes(endpoint.address);
  if (!bytes || !Number.isInteger(endpoint.port) || endpoint.port < 1 || endpoint.port > 0xffff) return undefined;
  const address = decode(endpointCodec, new Uint8Array([...bytes, 0, 0]));
  return address.ok ? { address: address.value.address, port: endpoint.port } : undefined;
}

export function scopeOf(bytes: Uint8Array): AddressScope {
  return isMapped(bytes) ? scopeOfV4(bytes.subarray(12)) : scopeOfV6(bytes);
}

/** The same /24 (IPv4) or /64 (IPv6): near enough to call it one network, as prefix lengths are not exchanged. */
export function sharesPrefix(a: Uint8Array, b: Uint8Array): boolean {
  if (isMapped(a) !== isMapped(b)) return false;
  const length = isMapped(a) ? 15 : 8;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function isMapped(bytes: Uint8Array): boolean {
  return startsWith(bytes, MAPPED_PREFIX);
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const LOOPBACK_V6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/** NAT64 well-known prefix 64:ff9b::/96 (RFC 6052). */
const NAT64_PREFIX = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
/** Teredo 2001::/32 (RFC 4380), 6to4 2002::/16 (RFC 3056). */
const TEREDO_PREFIX = [0x20, 0x01, 0, 0];
const SIX_TO_FOUR_PREFIX = [0x20, 0x02];
const DOCUMENTATION_PREFIX = [0x20, 0x01, 0x0d, 0xb8];

/**
 * The documentation blocks of IPv4 are left in: they lead nowhere on the internet, and laboratories of network
 * namespaces are numbered with them.
 */
function scopeOfV4(v4: Uint8Array): AddressScope {
  const [a, b, c] = v4 as unknown as readonly [number, number, number, number];
  if (a === 127) return 'loopback';
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)) return 'private';
  if (a === 100 && b >= 64 && b <= 127) return 'private';
  const never =
    a === 0 || // this network
    a >= 224 || // multicast, reserved, broadcast
    (a === 169 && b === 254) || // link-local
    (a === 192 && b === 0 && c === 0) || // protocol assignments
    (a === 192 && b === 88 && c === 99); // 6to4 relay anycast
  return never ? 'never' : 'global';
}

function scopeOfV6(bytes: Uint8Array): AddressScope {
  if (startsWith(bytes, LOOPBACK_V6)) return 'loopback';
  const wrapped = embeddedV4(bytes);
  if (wrapped) return wrapped.every((v4) => scopeOfV4(v4) === 'global') ? 'global' : 'never';
  const first = bytes[0]!;
  if ((first & 0xfe) === 0xfc) return 'private';
  // Only 2000::/3 is handed out; everything else is multicast, link-local, reserved or obsolete.
  if ((first & 0xe0) !== 0x20) return 'never';
  if (startsWith(bytes, DOCUMENTATION_PREFIX)) return 'never';
  if (first === 0x3f && bytes[1] === 0xff && bytes[2]! < 0x10) return 'never'; // documentation, RFC 9637
  // ORCHID (RFC 4843, RFC 7343): 2001:10::/28 and 2001:20::/28 name keys, not hosts.
  if (startsWith(bytes, [0x20, 0x01, 0x00]) && (bytes[3]! >> 4 === 1 || bytes[3]! >> 4 === 2)) return 'never';
  return 'global';
}

/** The IPv4 addresses inside an IPv6 one; a packet to it may come out at any of them. */
function embeddedV4(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (startsWith(bytes, NAT64_PREFIX)) return [bytes.subarray(12)];
  if (startsWith(bytes, SIX_TO_FOUR_PREFIX)) return [bytes.subarray(2, 6)];
  if (startsWith(bytes, TEREDO_PREFIX)) return [bytes.subarray(4, 8), bytes.slice(12).map((byte) => byte ^ 0xff)];
  // ISATAP (RFC 5214): the interface id is 0:5efe or 200:5efe and then the IPv4 address.
  if ((bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) {
    return [bytes.subarray(12)];
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
