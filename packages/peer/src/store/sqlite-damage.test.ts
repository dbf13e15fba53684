import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BOB,
  BOBS_DEVICE,
  numbered,
  OWN_DEVICE,
  PROFILE,
  textTo,
  wall,
} from '../../../../test/contract/peer-store-samples.ts';
import { openSqlitePeerStore } from './sqlite-store.ts';

const MESSAGES = 120;

describe('a damaged write-ahead log', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
    path = join(folder, 'profile.db');
    await writeUnfinished(folder, path);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('that is torn costs what was torn off, and nothing before it', async () => {
    const { size } = statSync(`${path}-wal`);
    truncateSync(`${path}-wal`, Math.floor(size * 0.6) + 17);
    await expectPrefix(path);
  });

  it('with damaged frames costs what follows the damage, and nothing before it', async () => {
    const bytes = readFileSync(`${path}-wal`);
    bytes.fill(0x5a, Math.floor(bytes.length * 0.6), Math.floor(bytes.length * 0.6) + 64);
    writeFileSync(`${path}-wal`, bytes);
    await expectPrefix(path);
  });

  it('is noticed by what friends know: their receipts name numbers that are not here', async () => {
    truncateSync(`${path}-wal`, Math.floor(statSync(`${path}-wal`).size * 0.6));
    const store = await openSqlitePeerStore(path);
    const kept = (await store.undelivered(BOB, 1_000)).length;
    expect(await store.missingOwn(BOB, OWN_DEVICE, PROFILE.incarnation, MESSAGES)).toEqual({
      from: kept + 1,
      to: MESSAGES,
    });
    const content = numbered(kept + 1, { incarnation: PROFILE.incarnation });
    await store.commitReturned([{ chat: BOB, device: OWN_DEVICE, content }], wall(1));
    expect(await store.missingOwn(BOB, OWN_DEVICE, PROFILE.incarnation, kept + 1)).toBeUndefined();
    await store.close();
  });
});

describe('what was recalled', () => {
  it('is nowhere in the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
    const path = join(folder, 'profile.db');
    const store = await openSqlitePeerStore(path);
    await store.saveProfile(PROFILE);
    const target = textTo(BOB, 1).id;
    await store.commitOutgoing(textTo(BOB, 1, { text: 'planted first words' }), wall(1));
    await store.commitOutgoing(textTo(BOB, 2, { kind: 'edit', target, text: 'planted second words' }), wall(2));
    await store.commitOutgoing(textTo(BOB, 3, { text: 'what stays' }), wall(3));
    await store.commitOutgoing(textTo(BOB, 4, { kind: 'recall', target, text: '' }), wall(4));
    await store.close();
    const db = new Sqlite(path);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
    const bytes = readFileSync(path).toString('latin1');
    expect(bytes).toContain('what stays');
    expect(bytes).not.toContain('planted');
    rmSync(folder, { recursive: true });
  });
});

/** A database whose newest commits are only in its log, as a killed program leaves it. */
async function writeUnfinished(folder: string, path: string): Promise<void> {
  const running = join(folder, 'running.db');
  const store = await openSqlitePeerStore(running);
  await store.saveProfile(PROFILE);
  await store.meetDevices(BOB, [BOBS_DEVICE]);
  for (let n = 1; n <= MESSAGES; n++) await store.commitOutgoing(textTo(BOB, n), wall(n));
  for (const suffix of ['', '-wal']) copyFileSync(running + suffix, path + suffix);
  await store.close();
}

async function expectPrefix(path: string): Promise<void> {
  const store = await openSqlitePeerStore(path);
  const kept = await store.undelivered(BOB, 1_000);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(MESSAGES);
  expect(kept.map((m) => [m.sequence, m.text])).toEqual(kept.map((_, n) => [n + 1, `text ${n + 1}`]));
  expect((await store.undeliveredTo(BOB, BOBS_DEVICE, 1_000)).length).toBe(kept.length);
  const { message } = await store.commitOutgoing(textTo(BOB, 999), wall(1_000));
  expect(message.sequence).toBe(kept.length + 1);
  await store.close();
}
