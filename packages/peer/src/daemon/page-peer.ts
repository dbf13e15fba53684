import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';

/** Whose program is at the other end of a connection on this machine. */
export type PeerOwner = 'ourselves' | 'somebody-else' | 'unknown';

/** A connection as its server sees it. */
export interface ConnectionEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Linux tells everybody the user of each socket; one of IPv6 may reach an address of IPv4, too. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;
const ESTABLISHED = '01';
/** May read all that is ours anyway; relays of virtual machines run as root. */
const ROOT = 0;

/**
 * A link that opens the page goes through the list of processes, and a token lies in a browser: another user of the
 * machine who got hold of either is still another user. Systems that do not tell leave it at link and token.
 */
export async function ownerOfPeer(connection: ConnectionEnds): Promise<PeerOwner> {
  const ownUser = process.getuid?.();
  if (process.platform !== 'linux' || ownUser === undefined) return 'unknown';
  const tables = await Promise.all(TABLES.map((path) => readFile(path, 'latin1').catch(() => '')));
  return ownerIn(tables, connection, ownUser);
}

/**
 * @param tables of the system's TCP sockets, as in proc_net_tcp(5)
 * @param ownUser its number
 */
export function ownerIn(tables: readonly string[], connection: ConnectionEnds, ownUser: number): PeerOwner {
  const near = endIn(connection.remoteAddress, connection.remotePort);
  const far = endIn(connection.localAddress, connection.localPort);
  if (near === undefined || far === undefined) return 'unknown';
  for (const table of tables) {
    for (const prefix of ['', MAPPED]) {
      const ends = ` ${prefix}${near} ${prefix}${far} `;
      const at = table.indexOf(ends);
      if (at < 0) continue;
      const [state, , , , user] = table.slice(at + ends.length, table.indexOf('\n', at)).split(/ +/);
      // A socket that its program has closed belongs to nobody any more, which reads like root.
      const isOurs = state === ESTABLISHED && (Number(user) === ownUser || Number(user) === ROOT);
      return isOurs ? 'ourselves' : 'somebody-else';
    }
  }
  return 'unknown';
}

/** `::ffff:0:0/96`, in words of 32 bits as the machine keeps them. */
const MAPPED = `${'0'.repeat(16)}${endianness() === 'LE' ? 'FFFF0000' : '0000FFFF'}`;

function endIn(address: string | undefined, port: number | undefined): string | undefined {
  const bytes = /^(?:\d{1,3}\.){3}\d{1,3}$/.test(address ?? '') ? address?.split('.').map(Number) : undefined;
  if (!bytes || port === undefined) return undefined;
  const kept = endianness() === 'LE' ? bytes.toReversed() : bytes;
  return `${kept.map((byte) => hex(byte, 2)).join('')}:${hex(port, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}
