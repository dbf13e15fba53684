import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@magpie/common/bytes/hex.ts';
import { openSqliteStore } from '@magpie/server/store/sqlite-store.ts';
import { type Row, row } from '../../scripts/report.ts';
import { median } from '../e2e/friends.ts';
import type { Say } from './command.ts';
import { listed, measured } from './figures.ts';
import { drainBench } from './store-drain.ts';
import { MailLoad, mailPairsIn, putMany, RAISED_QUOTA } from './store-load.ts';
import { RawLog } from './store-raw.ts';

const ENVELOPE_BYTES = [100, 1_024, 4_096] as const;
const UNDER_WAY = [64, 256, 1_024] as const;
const PAIRS = 32;
const COUNT = 10_000;
const ROUNDS = 3;
const PER_SECOND_MIN = 10_000;
/** The figure that is judged: an envelope of a chat message takes about as much. */
const JUDGED = { bytes: 1_024, underWay: 1_024 } as const;
/** Of statfs: a file system in memory, where a sync costs nothing. */
const TMPFS_MAGIC = 0x0102_1994;
const SYNCS = 31;
const SYNC_BYTES = 256 * 1_024;

/**
 * Mail appended at the Store port of the server, each answered when it is on the disk; beside it, round by round, rows of
 * the same bytes in batches of the same size straight through better-sqlite3. Then a drain by a client that is killed.
 */
export async function storeBench(say: Say): Promise<readonly Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'magpie-bench-store-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  say(`synchronous = FULL; quota ${JSON.stringify(RAISED_QUOTA)}; ${PAIRS} pairs of friends; ${diskOf(root)}`);
  const rows: Row[] = [];
  for (const bytes of ENVELOPE_BYTES) {
    for (const underWay of UNDER_WAY) {
      const folder = mkdtempSync(join(root, 'append-'));
      rows.push(...(await appendBench(folder, bytes, underWay, say)));
      rmSync(folder, { recursive: true });
    }
  }
  return [...rows, ...(await drainBench(root, say))];
}

async function appendBench(folder: string, bytes: number, underWay: number, say: Say): Promise<readonly Row[]> {
  const store = await openSqliteStore(join(folder, 'server.db'));
  const raw = new RawLog(join(folder, 'raw.db'));
  try {
    const pairs = await mailPairsIn(store, PAIRS);
    const devices = pairs.map(({ to }) => fromHex(to.device));
    const load = new MailLoad(store);
    const [atPort, bare]: [number[], number[]] = [[], []];
    // The first of each warms up what the following ones use.
    for (let round = 0; round <= ROUNDS; round++) {
      const seconds = await putMany(load, pairs, { count: COUNT, underWay, bytes });
      const bareSeconds = raw.append(devices, COUNT, underWay, bytes);
      if (round === 0) continue;
      atPort.push(COUNT / seconds);
      bare.push(COUNT / bareSeconds);
    }
    say(`${bytes} bytes, ${underWay} under way: ${listed(atPort)} per second; raw ${listed(bare)}`);
    return rowsOf(bytes, underWay, atPort, bare);
  } finally {
    raw.close();
    await store.close();
  }
}

function rowsOf(bytes: number, underWay: number, atPort: readonly number[], bare: readonly number[]): readonly Row[] {
  const name = `${bytes}b-${underWay}`;
  const perSecond = median(atPort);
  const what = `envelopes of ${bytes} bytes, ${underWay} under way; rounds: ${listed(atPort)}`;
  const isJudged = bytes === JUDGED.bytes && underWay === JUDGED.underWay;
  const isFast = perSecond >= PER_SECOND_MIN;
  return [
    isJudged
      ? row(`mail-appends-${name}`, what, Math.round(perSecond), '1/s', `>= ${PER_SECOND_MIN}`, isFast)
      : measured(`mail-appends-${name}`, what, Math.round(perSecond), '1/s'),
    measured(
      `raw-inserts-${name}`,
      `better-sqlite3 alone, ${underWay} rows to a transaction; rounds: ${listed(bare)}`,
      Math.round(median(bare)),
      '1/s',
    ),
  ];
}

/** What a sync costs there. */
function diskOf(folder: string): string {
  const path = join(folder, 'sync');
  const handle = openSync(path, 'w');
  const times: number[] = [];
  for (let i = 0; i < SYNCS; i++) {
    const startedMs = performance.now();
    writeSync(handle, new Uint8Array(SYNC_BYTES));
    fdatasyncSync(handle);
    times.push(performance.now() - startedMs);
  }
  closeSync(handle);
  rmSync(path);
  const isMemory = statfsSync(folder).type === TMPFS_MAGIC;
  const cost = `a sync of ${SYNC_BYTES / 1_024} KiB takes ${median(times).toFixed(2)} ms`;
  return isMemory ? `${cost} (in memory: set TMPDIR to a disk)` : cost;
}
