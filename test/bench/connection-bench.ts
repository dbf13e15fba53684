import { type Row, row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import { pause } from '../e2e/stage.ts';
import { listed, measured, none, rssBytes } from './figures.ts';
import { HeapInspector } from './heap-inspector.ts';
import type { ServerStage } from './server-stage.ts';

const RESUME_ROUNDS = 3;
/** Longer than the silence after which the server pings, so that pings have been answered too. */
const SETTLE_MS = 20_000;
const START_SETTLE_MS = 3_000;

const IDLE_KIB_MAX = 16;
const LOGINS_PER_CPU_SECOND_MIN = 1_500;

const REFERENCE_MEMORY = 'for scale, without encryption: ejabberd 43 KiB, Prosody 34 KiB';

/** Memory of idle logged-in connections, and how fast they log in by key. */
export async function connectionBench(stage: ServerStage, count: number): Promise<readonly Row[]> {
  const unregistered = await stage.registered(count);

  // A process of its own, so that its memory holds nothing of the registrations.
  const server = await stage.start('many', true, true);
  await pause(START_SETTLE_MS);
  const before = rssBytes(server.pid);
  const rounds = [await stage.resume(server, count)];
  await pause(SETTLE_MS);
  const after = rssBytes(server.pid);
  const alive = await stage.call<number>('alive');
  const inspector = await HeapInspector.open(server.child);
  const loaded = await inspector.collected();
  await stage.call('closeAll');
  await pause(SETTLE_MS);
  const empty = await inspector.collected();
  inspector.close();
  while (rounds.length < RESUME_ROUNDS) {
    rounds.push(await stage.resume(server, count));
    await stage.call('closeAll');
    await pause(1_000);
  }
  await stage.stop(server);

  const kib = (bytes: number): number => bytes / 1024 / count;
  stage.say(
    `memory: RSS ${mib(before)} before, ${mib(after)} with ${alive} idle connections (default heap, no collection forced)`,
  );
  stage.say(
    `  after a forced collection: RSS ${mib(loaded.rss)}, heap ${mib(loaded.heapUsed)}, external ${mib(loaded.external)}`,
  );
  stage.say(`  the same when all had left: heap ${mib(empty.heapUsed)}, external ${mib(empty.external)}`);
  const perSecond = rounds.map(({ done, seconds }) => done / seconds);
  const perCpuSecond = rounds.map(({ done, cpu }) => done / cpu);
  const failed = rounds.reduce((sum, round) => sum + round.failed, unregistered);
  const idleKib = kib(after - before);
  const loginsPerCpuSecond = median(perCpuSecond);
  return [
    row(
      'idle-connection-rss',
      `RSS per idle logged-in connection over ${count}; ${REFERENCE_MEMORY}`,
      idleKib,
      'KiB',
      `<= ${IDLE_KIB_MAX}`,
      idleKib <= IDLE_KIB_MAX,
    ),
    measured(
      'idle-connection-live',
      'of it alive after a forced collection: heap and external memory',
      kib(loaded.heapUsed + loaded.external - empty.heapUsed - empty.external),
      'KiB',
    ),
    row('idle-connections', 'still logged in after the wait', alive, 'connections', `${count}`, alive === count),
    measured(
      'key-logins-per-second',
      `connect, handshake and login by device key; rounds: ${listed(perSecond)}`,
      median(perSecond),
      '1/s',
    ),
    row(
      'key-logins-per-cpu-second',
      `of the server's CPU, all threads; rounds: ${listed(perCpuSecond)}`,
      loginsPerCpuSecond,
      '1/s',
      `>= ${LOGINS_PER_CPU_SECOND_MIN}`,
      loginsPerCpuSecond >= LOGINS_PER_CPU_SECOND_MIN,
    ),
    none('logins-failed', 'registrations and key logins that failed', failed),
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
