import { CANDIDATES_MAX } from '@magpie/common/limits.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import { HOST_CANDIDATES_MAX } from './limits.ts';
import { addressBytes, canonicalEndpoint, isMapped, scopeOf, sharesPrefix } from './special-address.ts';

/** One address of one interface of this machine. */
export interface LocalAddress {
  readonly interfaceName: string;
  readonly address: string;
}

export interface FilterPolicy {
  /** R26: only between peers whom the server sees from loopback, that is on one machine. */
  readonly allowLoopback: boolean;
}

/** Ports of services that answer or act on a stray datagram: SSDP, mDNS, memcached (p2p.md 6.8). */
const FORBIDDEN_PORTS: ReadonlySet<number> = new Set([1900, 5353, 11211]);
const PORT_MIN = 1024;

/** Interfaces of containers and virtual machines: their addresses rarely lead anywhere, so they come last. */
const VIRTUAL_INTERFACE = /^(docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|flannel|cali|podman|vEthernet)/i;

/** @returns the endpoint in its one spelling, or undefined when nothing may ever be sent there (rule PA14) */
export function probeable(endpoint: Endpoint, policy: FilterPolicy): Endpoint | undefined {
  if (endpoint.port < PORT_MIN || FORBIDDEN_PORTS.has(endpoint.port)) return undefined;
  const canonical = canonicalEndpoint(endpoint);
  const bytes = canonical && addressBytes(canonical.address);
  if (!canonical || !bytes) return undefined;
  switch (scopeOf(bytes)) {
    case 'global':
    case 'private':
      return canonical;
    case 'loopback':
      return policy.allowLoopback ? canonical : undefined;
    case 'never':
      return undefined;
  }
}

/**
 * The candidates of a peer that are worth a probe: probeable, not our own socket (the same IP and port, R26), each
 * endpoint once, at most CANDIDATES_MAX, in the order of the list.
 * @param own text of our own endpoints, as `endpointText` gives it
 */
export function acceptCandidates(
  candidates: readonly Candidate[],
  policy: FilterPolicy,
  own: ReadonlySet<string>,
): readonly Candidate[] {
  const accepted = new Map<string, Candidate>();
  for (const candidate of candidates) {
    if (accepted.size === CANDIDATES_MAX) break;
    const endpoint = probeable(candidate.endpoint, policy);
    if (!endpoint) continue;
    const key = endpointText(endpoint);
    if (own.has(key) || accepted.has(key)) continue;
    accepted.set(key, { ...candidate, endpoint });
  }
  return [...accepted.values()];
}

/**
 * Host candidates for the two sockets, best first.
 * @param port4 bound port of the IPv4 socket, undefined when there is none; `port6` likewise
 */
export function gatherHostCandidates(
  addresses: readonly LocalAddress[],
  port4: number | undefined,
  port6: number | undefined,
  policy: FilterPolicy,
): readonly Candidate[] {
  const found = new Map<string, { readonly endpoint: Endpoint; readonly rank: number }>();
  for (const { interfaceName, address } of addresses) {
    const bytes = addressBytes(address);
    const port = bytes && (isMapped(bytes) ? port4 : port6);
    const endpoint = port === undefined ? undefined : probeable({ address, port }, policy);
    if (!endpoint) continue;
    const rank = VIRTUAL_INTERFACE.test(interfaceName) ? 2 : scopeOf(bytes!) === 'loopback' ? 0 : 1;
    const key = endpointText(endpoint);
    if (!found.has(key)) found.set(key, { endpoint, rank });
  }
  return [...found.values()]
    .sort((a, b) => a.rank - b.rank)
    .slice(0, HOST_CANDIDATES_MAX)
    .map(({ endpoint }, index) => ({ id: index + 1, kind: 'host', endpoint }));
}

/** Whether the endpoint lies on this machine or in one of its networks, judged by our own host addresses. */
export function isLan(endpoint: Endpoint, hosts: readonly Uint8Array[]): boolean {
  const bytes = addressBytes(endpoint.address);
  if (!bytes) return false;
  return scopeOf(bytes) === 'loopback' || hosts.some((host) => sharesPrefix(host, bytes));
}

/** Try order of p2p.md 6.4, lower first: last-good, LAN, global IPv6 and mapped ports, reflexive, the rest. */
export function tryRank(candidate: Candidate, lan: boolean): number {
  if (lan) return 1;
  switch (candidate.kind) {
    case 'last-good':
      return 0;
    case 'host': {
      const bytes = addressBytes(candidate.endpoint.address);
      return bytes && scopeOf(bytes) === 'global' ? 2 : 5;
    }
    case 'port-mapped':
      return 3;
    case 'server-reflexive':
    case 'peer-reflexive':
      return 4;
    case 'predicted':
      return 6;
  }
}
