import { type Row, row } from '../../scripts/report.ts';
import { pause } from '../e2e/stage.ts';
import { cpuSeconds, measured, none, quantile, rssBytes } from './figures.ts';
import type { PresenceRound } from './presence-load.ts';
import type { ServerStage } from './server-stage.ts';

const USERS = 10_000;
const FRIENDS_EACH = 20;
const CHANGED_PER_MINUTE = 0.05;
const SECONDS = 60;
/** Longer than a ping goes unasked, so that all of them are under way, and than the news of the logins. */
const SETTLE_MS = 30_000;

const CPU_SHARE_MAX = 0.25;
const P99_MS_MAX = 1_000;

/** Many people who are here and do little: pings, and now and then somebody's status for all of their friends. */
export async function presenceBench(stage: ServerStage): Promise<readonly Row[]> {
  const unregistered = await stage.registered(USERS);
  const startedMs = performance.now();
  const befriended = await stage.call<number>('befriendRing', {
    ...{ database: stage.database, accounts: USERS, friendsEach: FRIENDS_EACH },
  });
  stage.say(`made ${befriended} friendships in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);

  const server = await stage.start('many', true);
  const resumed = await stage.resume(server, USERS);
  await pause(SETTLE_MS);
  const cpu = cpuSeconds(server.pid);
  const measuredFromMs = performance.now();
  const round = await stage.call<PresenceRound>('changePresence', {
    ...{ friendsEach: FRIENDS_EACH, seconds: SECONDS },
    changes: Math.round((USERS * CHANGED_PER_MINUTE * SECONDS) / 60),
  });
  const share = (cpuSeconds(server.pid) - cpu) / ((performance.now() - measuredFromMs) / 1_000);
  const alive = await stage.call<number>('alive');
  const rss = rssBytes(server.pid);
  await stage.call('closeAll');
  await stage.stop(server);

  const what = `${alive} users online, ${FRIENDS_EACH} friends each, ${round.changed} changes in ${SECONDS} s`;
  const p99 = quantile(round.latenciesMs, 0.99);
  const p50 = quantile(round.latenciesMs, 0.5);
  return [
    row(
      'presence-server-cpu',
      `${what}; of one core, all threads and pings included`,
      share,
      'cores',
      `<= ${CPU_SHARE_MAX}`,
      share <= CPU_SHARE_MAX,
    ),
    row(
      'presence-p99',
      `from the request to the frame at each friend; median ${p50.toFixed(1)} ms, worst ${quantile(round.latenciesMs, 1).toFixed(1)} ms`,
      p99,
      'ms',
      `<= ${P99_MS_MAX}`,
      p99 <= P99_MS_MAX,
    ),
    none('presence-untold', `of ${round.expected} friends to tell`, round.expected - round.told),
    row('presence-users', 'online until the end', alive, 'users', `${USERS}`, alive === USERS),
    measured('presence-server-rss', 'of the whole process', rss / 1024 / 1024, 'MiB'),
    none('presence-logins-failed', 'registrations and logins that failed', unregistered + resumed.failed),
  ];
}
