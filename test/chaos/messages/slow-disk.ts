import { writeFileSync } from 'node:fs';
import { type Row, row } from '../../../scripts/report.ts';
import { median } from '../../e2e/friends.ts';
import { pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import { sendUntilTaken, Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';

const PEOPLE = 3;
/** Longer than the patience with a session that brings no receipt (2 s), shorter than that with a silent link (25 s). */
const SYNC_MS = 3_000;
const SECONDS_MAX = 45;
const TYPING_EVERY_MS = 1_000;
const TYPING_SEEN_MS_MAX = 500;
const COMMIT_MS_MIN = SYNC_MS;

/** Every commit of every program takes seconds. What needs no disk must not feel it; nothing may be given up. */
export async function slowDisk(arena: Arena): Promise<readonly Row[]> {
  const file = arena.stage.path('sync-ms');
  writeFileSync(file, '0');
  const hook = new URL('slow-disk-hook.ts', import.meta.url).href;
  const env = { NODE_OPTIONS: `--import ${hook}`, CHAOS_DISK_FILE: file };
  const town = await Town.build(arena, { people: PEOPLE, env: () => env, serverEnv: env });
  const [alice, bob] = [town.homes[0]!, town.homes[1]!];
  await sendUntilTaken(alice, town.ledger.next(alice.name, bob.name));
  await settle(town, performance.now());
  const witness = await Witness.over(arena, bob.name, alice.account);

  writeFileSync(file, String(SYNC_MS));
  const startedMs = performance.now();
  await sendUntilTaken(alice, town.ledger.next(alice.name, bob.name));
  const commitMs = performance.now() - startedMs;
  const talkers = new Talkers(town.homes, town.ledger);
  talkers.start();
  const typing: number[] = [];
  const endMs = performance.now() + Math.min(arena.seconds, SECONDS_MAX) * 1000;
  for (let active = true; performance.now() < endMs; active = !active) {
    const askedMs = performance.now();
    const seen = witness.typing(active);
    void alice.call('message.typing', { chat: bob.name, active }).catch(() => {});
    await Promise.race([seen, pause(TYPING_SEEN_MS_MAX * 10)]);
    typing.push(performance.now() - askedMs);
    await pause(TYPING_EVERY_MS);
  }
  writeFileSync(file, '0');
  const overMs = performance.now();
  await talkers.stop();
  const settledMs = await settle(town, overMs);
  const typingMs = median(typing);
  const longestMs = Math.max(...typing);
  arena.say(`  typing seen after ${typing.map((ms) => ms.toFixed(0)).join(' ')} ms`);
  const rows = [
    row(
      'slow-disk-commit',
      'until a message is taken: the disk is slow',
      commitMs,
      'ms',
      `>= ${COMMIT_MS_MIN}`,
      commitMs >= COMMIT_MS_MIN,
    ),
    row(
      'slow-disk-typing',
      `until the friend sees typing, which no disk keeps; median of ${typing.length}, longest ${longestMs.toFixed(0)}`,
      typingMs,
      'ms',
      `<= ${TYPING_SEEN_MS_MAX}`,
      typingMs <= TYPING_SEEN_MS_MAX,
    ),
    row(
      'slow-disk-links',
      'links to the server that ended meanwhile',
      witness.linkEnds,
      'links',
      '0',
      witness.linkEnds === 0,
    ),
    row(
      'slow-disk-sessions',
      'sessions between friends that ended meanwhile',
      witness.sessionEnds,
      'sessions',
      '0',
      witness.sessionEnds === 0,
    ),
    ...(await verdict(town, 'slow-disk', settledMs)),
  ];
  town.close();
  return rows;
}

/** Bob's face: what he sees of the link, of the session with Alice, and of her typing. */
class Witness {
  linkEnds = 0;
  sessionEnds = 0;
  #waiting: { readonly active: boolean; readonly done: () => void } | undefined;

  static async over(arena: Arena, profile: string, friend: string): Promise<Witness> {
    const witness = new Witness();
    const connection = await arena.stage.connect(profile);
    connection.onEvent((event) => {
      if (event.type === 'link' && event.data.state !== 'connected') witness.linkEnds++;
      if (event.type === 'path' && event.data.id === friend && event.data.session === 'none') witness.sessionEnds++;
      if (event.type === 'typing' && event.data.id === friend && event.data.active === witness.#waiting?.active) {
        witness.#waiting.done();
      }
    });
    await connection.call('watch.start', { types: ['link', 'path', 'typing'] });
    return witness;
  }

  typing(active: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { active, done: resolve };
    });
  }
}
