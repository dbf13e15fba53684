import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import type { Home } from './home.ts';
import { PeerDisk } from './peer-disk.ts';
import { Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';
import { addTornFrame, flipBit, walCommits } from './wal-file.ts';

const PEOPLE = 3;
const ROUNDS = 3;
const TALK_MS = 4_000;
/** Of the commits in the log, those after this share are damaged. */
const KEPT_SHARE = 0.4;
/** Damage that takes less than this proves little. */
const LOST_MIN = 5;
/** A log that a checkpoint has just emptied has too little to lose: they talk on. */
const TRIES = 6;
const WATCHED_MS = 10_000;

/** kill -9, then the write-ahead log of a profile as a bad disk leaves it: an unfinished end, or damage in what was synced. */
export async function tornWal(arena: Arena): Promise<readonly Row[]> {
  const town = await Town.build(arena, { people: PEOPLE });
  const bob = town.homes[1]!;
  const tally = { tailLost: 0, lost: 0, lostLeast: Number.POSITIVE_INFINITY, named: 0, repaired: 0 };
  let settledMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    tally.tailLost += await tearTail(town, bob);
    const { lost, named } = await damageCommits(town, bob);
    tally.lost += lost.length;
    tally.lostLeast = Math.min(tally.lostLeast, lost.length);
    tally.named += named;
    settledMs = Math.max(settledMs, await settle(town, performance.now()));
    const back = await returns(town, bob, lost);
    tally.repaired += back;
    arena.say(
      `  round ${round + 1}: damage took ${lost.length} messages, at most ${named} named as missing, ${back} back`,
    );
  }
  const rows = [
    row(
      'torn-wal-tail',
      `messages that an uncommitted end of the log cost, ${ROUNDS} times`,
      tally.tailLost,
      'messages',
      '0',
      tally.tailLost === 0,
    ),
    row(
      'torn-wal-damage',
      `messages that damaged commits took, the least of ${ROUNDS} times: the damage is real`,
      tally.lostLeast,
      'messages',
      `>= ${LOST_MIN}`,
      tally.lostLeast >= LOST_MIN,
    ),
    row('torn-wal-named', 'messages named as missing after damage', tally.named, 'messages', '> 0', tally.named > 0),
    row(
      'torn-wal-repaired',
      'of the messages that the damage took, back again',
      tally.repaired,
      'messages',
      `${tally.lost}`,
      tally.repaired === tally.lost,
    ),
    ...(await verdict(town, 'torn-wal', settledMs)),
  ];
  town.close();
  return rows;
}

/** @returns how many messages an unfinished commit cost */
async function tearTail(town: Town, victim: Home): Promise<number> {
  const talkers = new Talkers(town.homes, town.ledger);
  talkers.start();
  await pause(TALK_MS / 2);
  await town.killHome(victim);
  const before = town.diskOf(victim).allMessages();
  town.diskOf(victim).release();
  addTornFrame(`${victim.database}-wal`);
  await victim.start();
  const after = town.diskOf(victim).allMessages();
  await talkers.stop();
  return [...before].filter((id) => !after.has(id)).length;
}

interface Damage {
  /** Ids that were on the disk and are not. */
  readonly lost: readonly string[];
  /** The most that the victim's contacts named as missing at a time. */
  readonly named: number;
}

async function damageCommits(town: Town, victim: Home): Promise<Damage> {
  for (let tries = 0; tries < TRIES; tries++) {
    const talkers = new Talkers(town.homes, town.ledger);
    talkers.start();
    await pause(TALK_MS);
    await talkers.stop();
    await settle(town, performance.now());
    await town.killHome(victim);
    const lost = damageOf(town, victim);
    if (lost.length >= LOST_MIN || tries === TRIES - 1) {
      victim.forgetCursor();
      await victim.start();
      return { lost, named: await mostNamed(victim) };
    }
    await victim.start();
  }
  return { lost: [], named: 0 };
}

/** Damages the log when that takes enough and leaves a database that can be opened, as tried on a copy. */
function damageOf(town: Town, victim: Home): readonly string[] {
  const wal = `${victim.database}-wal`;
  const { ends } = existsSync(wal) ? walCommits(wal) : { ends: [] };
  const end = ends[Math.floor(ends.length * KEPT_SHARE)];
  if (end === undefined) return [];
  const copy = join(town.arena.stage.path('copies'), 'profile.db');
  mkdirSync(town.arena.stage.path('copies'), { recursive: true });
  const all = town.diskOf(victim).allMessages();
  town.diskOf(victim).release();
  copyFileSync(victim.database, copy);
  copyFileSync(wal, `${copy}-wal`);
  flipBit(`${copy}-wal`, end);
  const left = messagesIn(copy);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
  const lost = [...all].filter((id) => left && !left.has(id));
  if (lost.length < LOST_MIN) return lost;
  town.oracle.remember(victim.account);
  town.diskOf(victim).release();
  flipBit(wal, end);
  rmSync(`${victim.database}-shm`, { force: true });
  return lost;
}

/** @returns undefined when the damage is one that SQLite itself refuses */
function messagesIn(file: string): ReadonlySet<string> | undefined {
  const db = new Database(file);
  try {
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') return undefined;
  } finally {
    db.close();
  }
  const disk = new PeerDisk(file);
  const ids = disk.allMessages();
  disk.release();
  return ids;
}

async function mostNamed(home: Home): Promise<number> {
  let most = 0;
  const endMs = performance.now() + WATCHED_MS;
  for (let seen = 0; performance.now() < endMs; ) {
    const { items } = await home.call('contact.list', {});
    seen = items.reduce((sum, contact) => sum + contact.missing, 0);
    // Named, and then not any more: repaired.
    if (most > 0 && seen === 0) break;
    most = Math.max(most, seen);
    await pause(10);
  }
  return most;
}

/** Gives what nobody waits for, since everybody else has it, time to come back. */
async function returns(town: Town, victim: Home, lost: readonly string[]): Promise<number> {
  const endMs = performance.now() + WATCHED_MS * 3;
  for (;;) {
    const there = town.diskOf(victim).allMessages();
    const back = lost.filter((id) => there.has(id)).length;
    if (back === lost.length || performance.now() > endMs) return back;
    await pause(200);
  }
}
