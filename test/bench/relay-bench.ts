import { type Row, row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import { BenchProcess } from './bench-process.ts';
import { cpuSeconds, listed, measured, none } from './figures.ts';
import type { RelayRound } from './relay-load.ts';
import type { ServerStage } from './server-stage.ts';

const PAIRS = 100;
const ROUNDS = 3;
const SECONDS = 3;
/** Packets of one pair under way: one at a time as in a chat, and as many as a transfer has. */
const WINDOWS = [1, 4, 8, 32] as const;
/** Packet by packet even the bare forwarder does not reach this on a small machine: its row stands beside. */
const PER_CPU_SECOND_MIN = 50_000;

const REFERENCE = 'for scale, 100-byte messages per CPU-second without encryption: ejabberd 47600, Prosody 8700';

type Round = RelayRound & { readonly cpu: number };

/** Relayed packets, and beside them, round by round, what a bare forwarder of the same bytes does on this machine. */
export async function relayBench(stage: ServerStage): Promise<readonly Row[]> {
  const unregistered = await stage.registered(2 * PAIRS);
  const server = await stage.start('many', true);
  const bare = new BenchProcess(new URL('bare-forwarder.ts', import.meta.url));
  const rounds = new Map(WINDOWS.map((window) => [window, { relay: [] as Round[], bare: [] as Round[] }]));
  let resumed: { readonly failed: number };
  try {
    resumed = await stage.resume(server, 2 * PAIRS);
    const friends = await stage.call<number>('befriend', PAIRS);
    if (friends !== PAIRS) throw new Error(`${friends} of ${PAIRS} pairs became friends`);
    const port = await bare.call<number>('listen');
    // The first of each warms up what the following ones use.
    for (let i = 0; i <= ROUNDS; i++) {
      for (const window of WINDOWS) {
        const options = { pairs: PAIRS, window, seconds: SECONDS };
        const round = await timed(server.pid, () => stage.call<RelayRound>('relay', options));
        const bareRound = await timed(bare.pid, () => stage.call<RelayRound>('relayBare', { port, ...options }));
        if (i === 0) continue;
        rounds.get(window)!.relay.push(round);
        rounds.get(window)!.bare.push(bareRound);
      }
    }
    await stage.call('closeAll');
  } finally {
    await bare.close();
  }
  await stage.stop(server);

  const all = [...rounds.values()].flatMap(({ relay }) => relay);
  const sum = (of: (round: Round) => number): number => all.reduce((total, round) => total + of(round), 0);
  const wrong = sum(({ badChecksum, outOfOrder }) => badChecksum + outOfOrder);
  return [
    ...WINDOWS.flatMap((window) => rowsOf(window, rounds.get(window)!)),
    none(
      'relay-lost',
      `of ${sum(({ sent }) => sent)} packets sent`,
      sum(({ sent, received }) => sent - received),
    ),
    none('relay-wrong', 'packets with a wrong checksum or out of order at the receiver', wrong),
    none(
      'relay-refused',
      'packets refused, and registrations and logins that failed',
      sum(({ refused }) => refused) + resumed.failed + unregistered,
    ),
  ];
}

function rowsOf(
  window: number,
  { relay, bare }: { readonly relay: readonly Round[]; readonly bare: readonly Round[] },
) {
  const perCpuSecond = relay.map(({ received, cpu }) => received / cpu);
  const barePerCpuSecond = bare.map(({ received, cpu }) => received / cpu);
  const perSecond = relay.map(({ received, seconds }) => received / seconds);
  const what = `${PAIRS} pairs of friends, ${window} packet${window > 1 ? 's' : ''} of 100 bytes under way in each`;
  const value = median(perCpuSecond);
  const share = value / median(barePerCpuSecond);
  return [
    row(
      `relayed-per-cpu-second-${window}`,
      `${what}; rounds: ${listed(perCpuSecond)}; ${REFERENCE}`,
      value,
      '1/s',
      `>= ${PER_CPU_SECOND_MIN}`,
      value >= PER_CPU_SECOND_MIN,
    ),
    measured(
      `relayed-to-possible-${window}`,
      `its share of what a bare forwarder of the same bytes does, rounds: ${listed(barePerCpuSecond)}`,
      share,
      '',
    ),
    measured(
      `relayed-per-second-${window}`,
      `by the clock, load generator on the same machine; rounds: ${listed(perSecond)}`,
      median(perSecond),
      '1/s',
    ),
  ];
}

async function timed(pid: number, act: () => Promise<RelayRound>): Promise<Round> {
  const cpu = cpuSeconds(pid);
  const round = await act();
  return { ...round, cpu: cpuSeconds(pid) - cpu };
}
