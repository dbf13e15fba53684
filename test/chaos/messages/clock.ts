import { randomInt } from 'node:crypto';
import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import { clockEnv, setClock } from './clock-file.ts';
import { Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';

const PEOPLE = 3;
const STEP_EVERY_MS = 2_000;
const HOUR_MS = 3_600_000;
/** Of a peer: days, which it must not believe once a server tells it the time, also of what it sent before that. */
const STEP_HOURS_MAX = 72;
/** Of the server, whose time everybody goes by: no two of its times are further apart than what R16 lets pass. */
const SERVER_STEP_HOURS_MAX = 11;
/** One step in so many is the server's. */
const SERVER_SHARE = 4;
/** After so many steps somebody is killed, and starts with the clock as it stands. */
const KILL_AFTER_STEPS = 3;
const SECONDS_MAX = 60;

/** Wall clocks jump by hours and days, both ways, of peers and server, under running programs and between two starts. */
export async function clock(arena: Arena): Promise<readonly Row[]> {
  const serverClock = arena.stage.path('server.clock');
  const clockOf = (name: string): string => arena.stage.path(`${name}.clock`);
  const town = await Town.build(arena, {
    people: PEOPLE,
    env: (name) => clockEnv(clockOf(name)),
    serverEnv: clockEnv(serverClock),
  });
  const talkers = new Talkers(town.homes, town.ledger);
  talkers.start();
  let steps = 0;
  const endMs = performance.now() + Math.min(arena.seconds, SECONDS_MAX) * 1000;
  while (performance.now() < endMs) {
    const home = town.homes[randomInt(PEOPLE)]!;
    if (randomInt(SERVER_SHARE) === 0) setClock(serverClock, hours(SERVER_STEP_HOURS_MAX));
    else setClock(clockOf(home.name), hours(STEP_HOURS_MAX));
    steps++;
    if (steps % KILL_AFTER_STEPS === 0) {
      await town.killHome(home);
      setClock(clockOf(home.name), hours(STEP_HOURS_MAX));
      await home.start();
    }
    await pause(STEP_EVERY_MS);
  }
  for (const file of [serverClock, ...town.homes.map(({ name }) => clockOf(name))]) setClock(file, 0);
  const overMs = performance.now();
  await talkers.stop();
  const settledMs = await settle(town, overMs);
  const rows = [
    row('clock-steps', `steps of up to ${STEP_HOURS_MAX} hours`, steps, 'steps', '> 0', steps > 0),
    row('clock-sent', 'messages sent meanwhile', town.ledger.count, 'messages', '> 0', town.ledger.count > 0),
    ...(await verdict(town, 'clock', settledMs)),
  ];
  town.close();
  return rows;
}

/** @returns ms, of whole hours in either direction */
function hours(most: number): number {
  return randomInt(-most, most + 1) * HOUR_MS;
}
