import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';
import type { Home } from './home.ts';
import { mayMount, SmallDisk } from './small-disk.ts';
import { sendUntilTaken, Talkers } from './talkers.ts';
import { Town } from './town.ts';
import { settle, verdict } from './verdict.ts';

const PEOPLE = 3;
/** Small enough to fill at once, large enough for a profile, its log and what it keeps for its sync. */
const DISK_BYTES = 8 * 1024 * 1024;
const FULL_MS = 5_000;
/** A page of SQLite is 4 KiB: each message needs new ones. */
const FILLING = ` ${'x'.repeat(3_000)}`;

/** The disk of a receiver, of a sender and of the server is full in turns, then all at once; then there is room again. */
export async function fullDisk(arena: Arena): Promise<readonly Row[]> {
  if (!mayMount()) {
    const what = 'needs root and the right to mount a tmpfs: run it as root';
    return [row('full-disk', what, 'not run', '', 'run', false)];
  }
  const disks = new Map<string, SmallDisk>();
  try {
    for (const name of ['server', 'alice', 'bobby']) {
      disks.set(name, new SmallDisk(arena.stage.path(name), DISK_BYTES));
    }
    return await fillInTurns(arena, disks);
  } finally {
    await arena.stage.endPrograms();
    for (const disk of disks.values()) disk.unmount();
  }
}

async function fillInTurns(arena: Arena, disks: ReadonlyMap<string, SmallDisk>): Promise<readonly Row[]> {
  const town = await Town.build(arena, { people: PEOPLE });
  const [alice, bob, carol] = town.homes as unknown as readonly [Home, Home, Home];
  const [server, ofAlice, ofBob] = ['server', 'alice', 'bobby'].map((name) => disks.get(name)!) as [
    SmallDisk,
    SmallDisk,
    SmallDisk,
  ];
  const talkers = new Talkers([alice, bob, carol], town.ledger, FILLING);
  talkers.start();
  let refusals = 0;
  let waited = 0;
  for (const full of [[ofBob], [ofAlice], [server], [server, ofAlice, ofBob]]) {
    await pause(2_000);
    if (full.includes(server)) await town.killHome(carol);
    for (const disk of full) disk.fill();
    const endMs = performance.now() + FULL_MS;
    // What a checkpoint or a shorter log gives back is taken again.
    while (performance.now() < endMs) {
      for (const disk of full) disk.fill();
      if (full.includes(ofAlice)) refusals += await refusalsOf(alice, bob);
      if (full.includes(server) && !full.includes(ofAlice)) waited += await waitsAt(town, alice, carol);
      await pause(300);
    }
    for (const disk of full) disk.makeRoom();
    await carol.start();
  }
  const overMs = performance.now();
  await talkers.stop();
  const settledMs = await settle(town, overMs);
  const rows = [
    row(
      'full-disk-refused',
      "messages that the sender's daemon refused to take: its disk was full",
      refusals,
      'messages',
      '> 0',
      refusals > 0,
    ),
    row(
      'full-disk-waits',
      "messages for somebody away, shown as queued while the server's disk was full",
      waited,
      'messages',
      '> 0',
      waited > 0,
    ),
    ...(await verdict(town, 'full-disk', settledMs)),
  ];
  town.close();
  return rows;
}

/** Texts too long for what may be left here and there. */
async function refusalsOf(from: Home, to: Home): Promise<number> {
  let refused = 0;
  for (let i = 0; i < 2; i++) {
    await from.call('draft.set', { chat: to.name, text: `${i} ${'y'.repeat(20_000)}` }).catch((error: Error) => {
      if (/STORE_FAILED/.test(error.message)) refused++;
    });
  }
  return refused;
}

/** Sends one to somebody whose daemon is away. @returns 1 when it is shown as waiting; the oracle judges the others */
async function waitsAt(town: Town, from: Home, to: Home): Promise<number> {
  const sent = town.ledger.next(from.name, to.name, FILLING);
  await sendUntilTaken(from, sent);
  town.ledger.add(sent);
  await pause(1_000);
  const { state } = await from.call('message.show', { id: sent.id });
  return state === 'queued' ? 1 : 0;
}
