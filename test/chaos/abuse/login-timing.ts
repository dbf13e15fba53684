import { type Row, row } from '../../../scripts/report.ts';
import { median } from '../../e2e/friends.ts';
import type { Arena } from '../arena.ts';
import { ChaosClient, LoadDevice, outcomeOf, PASSWORD, registered, sourceOf, targetOf } from '../chaos-client.ts';
import { mannWhitneyP } from './mann-whitney.ts';

const TRIES = 500;
const P_MIN = 0.01;
const MEDIAN_DIFFERENCE_MS = 1;
/** The server takes 64 frames of a connection before its login. */
const TRIES_PER_CONNECTION = 48;
/** Only what would stop a thousand tries at one account; the hash is the one that users get. */
const CONFIG = [
  '[limits]',
  'password_logins_per_source_per_minute = 1000000',
  'password_guesses_per_name_burst = 1000000',
];
const ACCOUNT = 19;

/** Names of equal length: what is typed must not tell either. */
const NAMES = { unknown: 'nobody', wrong: 'robins', deleted: 'gonner', locked: 'locked' } as const;
type Kind = keyof typeof NAMES;

interface Sample {
  readonly ms: number[];
  readonly answers: Set<string>;
}

/** Whether an account exists, is deleted or is locked is in no byte of a refusal and in no time that it takes. */
export async function loginTiming(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer(CONFIG);
  const target = targetOf(server.address);
  await (await registered(target, NAMES.wrong, sourceOf(ACCOUNT, 1))).close();
  await (await registered(target, NAMES.locked, sourceOf(ACCOUNT, 2))).close();
  const gone = await registered(target, NAMES.deleted, sourceOf(ACCOUNT, 3));
  const deleted = await gone.request({ type: 'account-delete', password: PASSWORD });
  if (deleted?.type !== 'done') throw new Error(`deletion: ${outcomeOf(deleted)}`);
  const locked = await arena.stage.magpieServer([
    ...['user', 'lock', NAMES.locked, '--data', arena.stage.path('server'), '--json'],
  ]);
  if (locked.code !== 0) throw new Error(`lock: ${locked.stdout}${locked.stderr}`);

  const kinds = Object.keys(NAMES) as Kind[];
  const samples = new Map<Kind, Sample>(kinds.map((kind) => [kind, { ms: [], answers: new Set() }]));
  const device = new LoadDevice();
  let client: ChaosClient | undefined;
  let tries = TRIES_PER_CONNECTION;
  // The first round warms up what the others use.
  for (let round = -1; round < TRIES; round++) {
    // Another order each round, so that none of them always follows the same one.
    for (const kind of rotated(kinds, round)) {
      if (!client || client.closed || tries >= TRIES_PER_CONNECTION) {
        client?.destroy();
        client = new ChaosClient(target, sourceOf(ACCOUNT, 0), device);
        await client.established;
        // What opens the connection is not measured.
        await client.logIn('warmup', 'a wrong password');
        tries = 0;
      }
      tries++;
      const startedMs = performance.now();
      const outcome = await client.logIn(NAMES[kind], `a wrong password`);
      const ms = performance.now() - startedMs;
      if (round < 0) continue;
      const { frame, streamBytes } = client.lastAnswer!;
      // Behind the type stands the number of the request, which counts our own tries.
      const bytes = Buffer.from(frame)
        .toString('hex')
        .replace(/^(..)(.{8})/, '$1');
      samples.get(kind)!.ms.push(ms);
      samples.get(kind)!.answers.add(`${outcome} ${streamBytes} ${bytes}`);
    }
  }
  client?.destroy();
  return rowsOf(samples, arena);
}

function rowsOf(samples: ReadonlyMap<Kind, Sample>, arena: Arena): readonly Row[] {
  const { ms: unknown, answers } = samples.get('unknown')!;
  const all = new Set([...samples.values()].flatMap((sample) => [...sample.answers]));
  arena.say(`  answers: ${[...all].join(' | ')}`);
  const rows = [
    row(
      'login-bytes',
      `different answers to ${TRIES} logins each of an unknown name, a wrong password, a deleted and a locked account`,
      all.size,
      '',
      '1: wrong-credentials',
      all.size === 1 && [...answers][0]!.startsWith('wrong-credentials '),
    ),
  ];
  for (const kind of ['wrong', 'deleted', 'locked'] as const) {
    const { ms } = samples.get(kind)!;
    const p = mannWhitneyP(unknown, ms);
    const apart = Math.abs(median(unknown) - median(ms));
    rows.push(
      row(
        `login-timing-${kind}`,
        `Mann-Whitney p of 2 × ${TRIES} times, unknown name against ${kind}; medians ${median(unknown).toFixed(3)} and ${median(ms).toFixed(3)} ms`,
        p,
        '',
        `> ${P_MIN}`,
        p > P_MIN && ms.length === TRIES,
      ),
    );
    arena.say(`  ${kind}: medians ${apart.toFixed(3)} ms apart (under ${MEDIAN_DIFFERENCE_MS} is hoped for)`);
  }
  return rows;
}

function rotated<T>(values: readonly T[], by: number): readonly T[] {
  const at = ((by % values.length) + values.length) % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}
