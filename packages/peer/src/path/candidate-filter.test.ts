import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import { describe, expect, it } from 'vitest';
import { acceptCandidates, gatherHostCandidates, isLan, probeable } from './candidate-filter.ts';
import { addressBytes } from './special-address.ts';

const noLoopback = { allowLoopback: false };
const withLoopback = { allowLoopback: true };

describe('candidate filter (PA)', () => {
  it.each([
    ['192.168.1.5'],
    ['10.0.0.1'],
    ['172.31.255.1'],
    ['100.64.0.1'],
    ['8.8.8.8'],
    ['203.0.113.2'],
    ['2600:1f18::1'],
    ['fd12:3456::1'],
    ['64:ff9b::808:808'],
    ['2002:808:808::1'],
  ])('[PA14] may probe %s', (address) => {
    expect(probeable({ address, port: 40_000 }, noLoopback)).toEqual({ address, port: 40_000 });
  });

  it.each([
    ['0.0.0.0'],
    ['0.1.2.3'],
    ['127.0.0.1'],
    ['127.8.9.1'],
    ['169.254.1.1'],
    ['192.0.0.6'],
    ['192.88.99.1'],
    ['224.0.0.251'],
    ['239.255.255.250'],
    ['240.0.0.1'],
    ['255.255.255.255'],
    ['::'],
    ['::1'],
    ['fe80::1'],
    ['fec0::1'],
    ['ff02::fb'],
    ['2001:db8::1'],
    ['3fff::1'],
    ['2001:10::1'],
    ['2001:20::1'],
    ['64:ff9b:1::1'],
    ['100::1'],
    // IPv4 inside IPv6: judged by what is inside (security.md 5.2).
    ['::ffff:127.0.0.1'],
    ['::ffff:224.0.0.1'],
    ['::127.0.0.1'],
    ['::8.8.8.8'],
    ['64:ff9b::7f00:1'],
    ['64:ff9b::a00:1'],
    ['2002:7f00:1::'],
    ['2002:c0a8:101::1'],
    // Teredo: the server 8.8.8.8, the client 127.0.0.1 inverted; then a loopback server.
    ['2001:0:808:808:0:0:80ff:fffe'],
    ['2001:0:7f00:1:0:0:f7f7:f7f7'],
    // ISATAP in a global prefix.
    ['2600::5efe:7f00:1'],
    ['2600::200:5efe:a00:1'],
  ])('[PA14] never probes %s', (address) => {
    expect(probeable({ address, port: 40_000 }, noLoopback)).toBeUndefined();
  });

  it('[PA14] unwraps an IPv4-mapped address before anything is compared', () => {
    expect(probeable({ address: '::ffff:10.1.2.3', port: 4_000 }, noLoopback)).toEqual({
      address: '10.1.2.3',
      port: 4_000,
    });
  });

  it.each([[0], [-1], [53], [1_023], [1_900], [5_353], [11_211], [65_536], [1.5], [Number.NaN]])(
    '[PA14] never probes port %s',
    (port) => {
      expect(probeable({ address: '8.8.8.8', port }, noLoopback)).toBeUndefined();
    },
  );

  it.each([['example.org'], [''], ['1.2.3'], ['1.2.3.4.5'], ['fe80::1%eth0'], [':::'], ['٣.1.1.1']])(
    '[PA14] takes %j for no address, without throwing',
    (address) => {
      expect(probeable({ address, port: 40_000 }, withLoopback)).toBeUndefined();
    },
  );

  it('[PA14] allows loopback between two peers on one machine, but not wrapped in IPv6', () => {
    expect(probeable({ address: '127.0.0.1', port: 40_000 }, withLoopback)).toBeDefined();
    expect(probeable({ address: '::1', port: 40_000 }, withLoopback)).toBeDefined();
    expect(probeable({ address: '64:ff9b::7f00:1', port: 40_000 }, withLoopback)).toBeUndefined();
  });

  it('[PA14] drops our own socket, which is the same address and port, and keeps a neighbour on it', () => {
    const own = new Set([endpointText({ address: '192.168.1.5', port: 40_000 })]);
    const accepted = acceptCandidates(
      [named('192.168.1.5', 40_000), named('::ffff:192.168.1.5', 40_000), named('192.168.1.5', 40_001)],
      noLoopback,
      own,
    );
    expect(endpoints(accepted)).toEqual(['192.168.1.5:40001']);
  });

  it('[PA15] takes each endpoint once and 16 at most', () => {
    const many = Array.from({ length: 100 }, (_, i) => named(`10.0.0.${Math.floor(i / 2) + 1}`, 40_000));
    const accepted = acceptCandidates(many, noLoopback, new Set());
    expect(accepted).toHaveLength(16);
    expect(new Set(endpoints(accepted)).size).toBe(16);
  });

  it('gathers a host candidate per usable address, bridges of containers last', () => {
    const found = gatherHostCandidates(
      [
        { interfaceName: 'docker0', address: '172.17.0.1' },
        { interfaceName: 'lo', address: '127.0.0.1' },
        { interfaceName: 'eth0', address: '192.168.1.5' },
        { interfaceName: 'eth0', address: 'fe80::1' },
        { interfaceName: 'eth0', address: 'fd00::5' },
      ],
      4_444,
      6_666,
      noLoopback,
    );
    expect(endpoints(found)).toEqual(['192.168.1.5:4444', '[fd00::5]:6666', '172.17.0.1:4444']);
    expect(found.map((one) => one.id)).toEqual([1, 2, 3]);
  });

  it('gathers nothing for a family without a socket, and loopback first where it is allowed', () => {
    const addresses = [
      { interfaceName: 'eth0', address: '192.168.1.5' },
      { interfaceName: 'lo', address: '127.0.0.1' },
      { interfaceName: 'lo', address: '::1' },
    ];
    expect(endpoints(gatherHostCandidates(addresses, 4_444, undefined, withLoopback))).toEqual([
      '127.0.0.1:4444',
      '192.168.1.5:4444',
    ]);
  });

  it('leaves room for reflexive candidates on a machine with very many addresses', () => {
    const addresses = Array.from({ length: 40 }, (_, i) => ({ interfaceName: 'eth0', address: `10.0.0.${i + 1}` }));
    expect(gatherHostCandidates(addresses, 4_444, 6_666, noLoopback)).toHaveLength(12);
  });

  it('calls a shared /24 or /64 and this machine LAN, and nothing else', () => {
    const hosts = ['192.168.1.5', 'fd00:1:2:3::5'].map((address) => addressBytes(address)!);
    const lan = (address: string): boolean => isLan({ address, port: 40_000 }, hosts);
    expect(['192.168.1.77', '127.0.0.1', '::1', 'fd00:1:2:3:aaaa::1'].map(lan)).toEqual([true, true, true, true]);
    expect(['192.168.2.77', '10.0.0.1', 'fd00:1:2:4::5', '8.8.8.8'].map(lan)).toEqual([false, false, false, false]);
  });
});

function named(address: string, port: number): Candidate {
  return { id: 1, kind: 'host', endpoint: { address, port } satisfies Endpoint };
}

function endpoints(candidates: readonly Candidate[]): string[] {
  return candidates.map((candidate) => endpointText(candidate.endpoint));
}
