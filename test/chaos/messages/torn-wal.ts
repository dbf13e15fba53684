import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Row, row } from '../../../scripts/report.ts';
import { eventually, pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import type { Home } from './home.ts';
import { PeerDisk } from './peer-disk.ts';
import { sendUntilTaken, Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';
import { addTornFrame, flipBit, walCommits } from './wal-file.ts';

const PEOPLE = 3;
const ROUNDS = 2;
const TALK_MS = 4_000;
/** Of the commits in the log, those after this share are damaged. */
const KEPT_SHARE = 0.4;
/** Damage that takes less than this proves little. */
const LOST_MIN = 5;
/** A log that a checkpoint has just emptied has too little to lose: they talk on. */
const TRIES = 6;
/** Longer than it takes until what is missing is shown. */
const WATCHED_MS = 20_000;
const RETURN_MS_MAX = 60_000;

/** kill -9, then the write-ahead log of a profile as a bad disk leaves it: an unfinished end, or damage in what was synced. */
export async function tornWal(arena: Arena): Promise<readonly Row[]> {
  const town = await Town.build(arena, { people: PEOPLE });
  const bob = town.homes[1]!;
  const tally = { tailLost: 0, lostLeast: Number.POSITIVE_INFINITY, named: Number.POSITIVE_INFINITY };
  const everLost = new Set<string>();
  // DL53: an own edit that a friend gave back could be invented, so it changes nothing that was not lost itself.
  const unchanged = new Set<string>();
  let settledMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    tally.tailLost += await tearTail(town, bob);
    const { lost, named, changed } = await damageCommits(town, bob);
    for (const id of lost) everLost.add(id);
    for (const id of changed) unchanged.add(id);
    tally.lostLeast = Math.min(tally.lostLeast, lost.length);
    tally.named = Math.min(tally.named, named);
    settledMs = Math.max(settledMs, await settle(town, performance.now()));
    const back = await returns(town, bob, lost);
    arena.say(`  round ${round + 1}: damage took ${lost.length} messages, ${named} named as missing, ${back} back`);
  }
  const repaired = await returns(town, bob, [...everLost]);
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
    row(
      'torn-wal-named',
      `messages named as missing while nobody could send them again, the least of ${ROUNDS} times`,
      tally.named,
      'messages',
      '> 0',
      tally.named > 0,
    ),
    row(
      'torn-wal-repaired',
      'of the messages that the damage took, back again in the end',
      repaired,
      'messages',
      `${everLost.size}`,
      repaired === everLost.size,
    ),
    ...(await verdict(town, 'torn-wal', settledMs, 'list', unchanged)),
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
  /** Messages whose own edit, recall or reaction was lost. */
  readonly changed: readonly string[];
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
    const changes = town.diskOf(victim).ownChanges();
    const lost = damageOf(town, victim);
    if (lost.length >= LOST_MIN || tries === TRIES - 1) {
      victim.forgetCursor();
      const changed = lost.flatMap((id) => changes.get(id) ?? []);
      return { lost, changed, named: await returnToSilence(town, victim) };
    }
    await victim.start();
  }
  return { lost: [], changed: [], named: 0 };
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

/**
 * Each friend writes once more and goes before the victim is back: what comes by mailbox shows that something before it is
 * missing, and for a while nobody can help.
 * @returns the most messages that were named as missing at a time
 */
async function returnToSilence(town: Town, victim: Home): Promise<number> {
  const friends = town.homes.filter((home) => home !== victim);
  for (const friend of friends) {
    const sent = town.ledger.next(friend.name, victim.name);
    await sendUntilTaken(friend, sent);
    town.ledger.add(sent);
    const isStored = async () => (await friend.call('message.show', { id: sent.id })).state === 'stored';
    await eventually('it is in the mailbox', isStored);
  }
  for (const friend of friends) await town.killHome(friend);
  await victim.start();
  let named = 0;
  const endMs = performance.now() + WATCHED_MS;
  while (performance.now() < endMs && named === 0) {
    const { items } = await victim.call('contact.list', {});
    named = items.reduce((sum, contact) => sum + contact.missing, 0);
    await pause(100);
  }
  for (const friend of friends) await friend.start();
  return named;
}

/** Gives what nobody waits for, since everybody else has it, time to come back. */
async function returns(town: Town, victim: Home, lost: readonly string[]): Promise<number> {
  const endMs = performance.now() + RETURN_MS_MAX;
  for (;;) {
    const there = town.diskOf(victim).allMessages();
    const back = lost.filter((id) => there.has(id)).length;
    if (back === lost.length) return back;
    if (performance.now() > endMs) {
      const gone = lost.filter((id) => !there.has(id));
      for (const id of gone.slice(0, 8)) {
        const elsewhere = town.homes.map((home) => `${home.name} ${town.diskOf(home).describe(id)}`);
        town.arena.say(`  not back: ${id} ${elsewhere.join(' | ')}`);
      }
      return back;
    }
    await pause(200);
  }
}
