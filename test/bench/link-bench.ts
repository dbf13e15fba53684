import { type Row, row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import { BenchProcess } from './bench-process.ts';
import type { Say } from './command.ts';
import { listed, measured, none } from './figures.ts';
import type { BulkReceived, BulkSent, PingRound } from './link-end.ts';
import { ROADS, type RoadAddress, type RoadName } from './road.ts';
import type { SessionIdentity } from './session-road.ts';

const ROUNDS = 5;
const PINGS = 2_000;
const BULK_SECONDS = 1;

const WHAT: Readonly<Record<RoadName, string>> = {
  session: 'peer session (PeerSessions of the engine on real UDP sockets, encrypted, reliable)',
  dgram: 'raw dgram (connected, no encryption, no repetition)',
  tcp: 'TCP (noDelay, no encryption)',
  tls: 'TLS',
};

interface BulkRound {
  readonly messages: number;
  readonly sent: BulkSent;
  readonly received: BulkReceived;
}

/** The same messages between the same two processes by each road, in turns, so that all meet the same machine. */
export async function linkBench(say: Say): Promise<readonly Row[]> {
  const left = new BenchProcess(new URL('link-end.ts', import.meta.url), (note) => right.note(note));
  const right = new BenchProcess(new URL('link-end.ts', import.meta.url), (note) => left.note(note));
  try {
    const cipher = await openRoads(left, right);
    const relayedBefore = await relayedPackets(left, right);
    const pings = new Map<RoadName, PingRound[]>(ROADS.map((name) => [name, []]));
    const bulks = new Map<RoadName, BulkRound[]>(ROADS.map((name) => [name, []]));
    // The first round warms up: it is not counted.
    for (let i = 0; i <= ROUNDS; i++) {
      for (const name of rotated(i)) {
        const ping = await left.call<PingRound>('ping', { name, count: PINGS });
        const bulk = await bulkRound(left, right, name);
        if (i === 0) continue;
        pings.get(name)!.push(ping);
        bulks.get(name)!.push(bulk);
      }
    }
    say(
      `two processes on loopback, ${ROUNDS} rounds in turns, ${PINGS} round trips of 100 bytes and ${BULK_SECONDS} s of bulk each; TLS is ${cipher}`,
    );
    const relayed = (await relayedPackets(left, right)) - relayedBefore;
    return [
      ...ROADS.flatMap((name) => roadRows(name, pings.get(name)!, bulks.get(name)!)),
      none(
        'session-relayed',
        'packets of the session that took the relay (here the bench itself), alone or beside the direct path',
        relayed,
      ),
      ...ratioRows(pings, bulks),
    ];
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}

/** @returns what TLS agreed on */
async function openRoads(left: BenchProcess, right: BenchProcess): Promise<string> {
  const [leftIdentity, rightIdentity] = await Promise.all([
    left.call<SessionIdentity>('sessionIdentity'),
    right.call<SessionIdentity>('sessionIdentity'),
  ]);
  await Promise.all([left.call('sessionOpen', rightIdentity), right.call('sessionOpen', leftIdentity)]);
  await Promise.all([right.call('sessionDirect', false), left.call('sessionDirect', true)]);

  const leftDgram = await left.call<RoadAddress>('dgramOpen');
  const rightDgram = await right.call<RoadAddress>('dgramOpen');
  await Promise.all([left.call('dgramConnect', rightDgram), right.call('dgramConnect', leftDgram)]);

  let cipher = '';
  for (const name of ['tcp', 'tls'] as const) {
    const address = await right.call<RoadAddress>('listen', name);
    [cipher] = await Promise.all([left.call<string>('connect', { name, address }), right.call('accept', name)]);
  }
  return cipher;
}

async function bulkRound(left: BenchProcess, right: BenchProcess, name: RoadName): Promise<BulkRound> {
  await right.call('expectBulk');
  const messages = await left.call<number>('sendBulk', { name, seconds: BULK_SECONDS });
  const received = await right.call<BulkReceived>('bulkReceived', messages);
  return { messages, received, sent: await left.call<BulkSent>('bulkSent') };
}

async function relayedPackets(...ends: readonly BenchProcess[]): Promise<number> {
  const counts = await Promise.all(ends.map((end) => end.call<number>('relayed')));
  return counts.reduce((sum, count) => sum + count, 0);
}

function rotated(by: number): readonly RoadName[] {
  return ROADS.map((_, i) => ROADS[(i + by) % ROADS.length]!);
}

function roadRows(name: RoadName, pings: readonly PingRound[], bulks: readonly BulkRound[]): readonly Row[] {
  const what = WHAT[name];
  const p50 = pings.map(({ p50Us }) => p50Us);
  const p99 = pings.map(({ p99Us }) => p99Us);
  const rate = bulks.map(megabytesPerSecond);
  const failed = pings.reduce((sum, round) => sum + round.failed, 0);
  const bad = bulks.reduce((sum, { received }) => sum + received.bad, 0);
  const lost = bulks.reduce((sum, { messages, received }) => sum + messages - received.messages, 0);
  const rows = [
    measured(`${name}-rtt-p50`, `round trip of 100 bytes, ${what}; rounds: ${listed(p50)}`, median(p50), 'µs'),
    measured(`${name}-rtt-p99`, `the same; rounds: ${listed(p99)}`, median(p99), 'µs'),
    measured(`${name}-goodput`, `bytes at the receiver; rounds: ${listed(rate, 1)}`, median(rate), 'MB/s'),
    none(`${name}-wrong`, 'round trips that failed and messages with a wrong checksum', failed + bad),
  ];
  if (name === 'dgram') {
    // Nothing repeats a lost datagram here, so losing some breaks no promise.
    rows.push(row('dgram-lost', 'datagrams lost of those sent in bulk', lost, '', 'counted', lost >= 0));
  } else {
    rows.push(none(`${name}-lost`, 'bulk messages that did not arrive', lost));
  }
  return name === 'tcp' || name === 'tls' ? rows : [...rows, ...packetRows(name, bulks)];
}

/** What one datagram of 1,200 bytes costs: here, messages, packets and checksums together. */
function packetRows(name: RoadName, bulks: readonly BulkRound[]): readonly Row[] {
  const sending = bulks.map(({ sent }) => sent.cpuUs / sent.packetsSent);
  const receiving = bulks.map(({ sent, received }) => received.cpuUs / sent.packetsSent);
  const lost = bulks.reduce((sum, { sent }) => sum + sent.packetsLost, 0);
  const packets = bulks.reduce((sum, { sent }) => sum + sent.packetsSent, 0);
  const counted = name === 'session' ? `${packets} packets, ${lost} of them taken for lost` : `${packets} packets`;
  return [
    measured(
      `${name}-cpu-sending`,
      `per 1200-byte packet, all of the process; ${counted}; rounds: ${listed(sending, 1)}`,
      median(sending),
      'µs',
    ),
    measured(
      `${name}-cpu-receiving`,
      `per 1200-byte packet, all of the process; rounds: ${listed(receiving, 1)}`,
      median(receiving),
      'µs',
    ),
  ];
}

/** Medians of the ratios within a round: what slows the machine for a moment slows both. */
function ratioRows(
  pings: ReadonlyMap<RoadName, readonly PingRound[]>,
  bulks: ReadonlyMap<RoadName, readonly BulkRound[]>,
): readonly Row[] {
  return ROADS.filter((name) => name !== 'session').flatMap((name) => {
    const times = pings.get('session')!.map((own, i) => own.p50Us / pings.get(name)![i]!.p50Us);
    const rates = bulks
      .get('session')!
      .map((own, i) => megabytesPerSecond(own) / megabytesPerSecond(bulks.get(name)![i]!));
    return [
      measured(
        `rtt-session-to-${name}`,
        `p50 of the session over that of ${name}; below 1 is faster`,
        median(times),
        'times',
      ),
      measured(
        `goodput-session-to-${name}`,
        `goodput of the session over that of ${name}; above 1 is faster`,
        median(rates),
        'times',
      ),
    ];
  });
}

function megabytesPerSecond({ received }: BulkRound): number {
  return received.bytesPerSecond / 1e6;
}
