import type { Row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import { listed, measured, none } from './figures.ts';
import type { Storm } from './load-generator.ts';
import type { Measured, ServerStage } from './server-stage.ts';

const ACCOUNTS = 40;
const CONCURRENCY = 8;
const LOGINS = 150;
const ROUNDS = 3;

/** With the hash that users get: nothing about it is lowered. For information. */
export async function passwordBench(stage: ServerStage): Promise<readonly Row[]> {
  await stage.call('prepare', ACCOUNTS);
  const server = await stage.start('few', false);
  const registered = await stage.call<Storm>('register', { from: 0, to: ACCOUNTS, concurrency: CONCURRENCY });
  const rounds: Measured[] = [];
  while (rounds.length < ROUNDS) {
    const options = { count: LOGINS, accounts: ACCOUNTS, concurrency: CONCURRENCY };
    rounds.push(await stage.storm(server, 'password', options));
  }
  await stage.stop(server);
  const perSecond = rounds.map(({ done, seconds }) => done / seconds);
  const perCpuSecond = rounds.map(({ done, cpu }) => done / cpu);
  const failed = rounds.reduce((sum, round) => sum + round.failed, registered.failed);
  return [
    measured(
      'password-logins-per-second',
      `argon2id 19 MiB, 2 passes (the default); rounds: ${listed(perSecond, 1)}`,
      median(perSecond),
      '1/s',
    ),
    measured(
      'password-logins-per-cpu-second',
      `of the server's CPU; rounds: ${listed(perCpuSecond, 1)}`,
      median(perCpuSecond),
      '1/s',
    ),
    none('password-logins-failed', 'registrations and password logins that failed', failed),
  ];
}
