import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MailId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { friendsIn, NOW } from '../../../../test/contract/server-store-samples.ts';
import { prepareMailStatements } from './sqlite-mail-statements.ts';
import { openDatabase } from './sqlite-open.ts';
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts';
import type { Fence, MailQuota, NewMail } from './store.ts';
import { STORE_BATCH_MAX } from './store-calls.ts';

const folder = mkdtempSync(join(tmpdir(), 'magpie-mail-'));
const KEY = { generation: 1, step: 1 };
const ROOMY: MailQuota = {
  ...{ messagesPerDevice: 100_000, bytesPerDevice: 1e9, messagesPerSender: 100_000, bytesPerSender: 1e9 },
  ...{ slotsPerFriendDevice: 1, slotsPerOwnDevice: 1 },
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('mail on its disk', () => {
  it('is committed before its sender hears of it', async () => {
    const path = join(folder, 'durable.db');
    const { store, put } = await mailboxIn(path);
    const observer = new Database(path, { readonly: true });
    const seen = observer.prepare('SELECT count(*) FROM mails WHERE position <= ?').pluck();
    const missed: number[] = [];
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        await put(i + 1);
        if (seen.get(i + 1) !== i + 1) missed.push(i + 1);
      }),
    );
    expect(missed).toEqual([]);
    observer.close();
    await store.close();
  });

  it('shares one commit, hence one sync, with all that waits beside it', async () => {
    const path = join(folder, 'batched.db');
    const { store, put } = await mailboxIn(path);
    const before = commitsIn(path);
    const count = 2 * STORE_BATCH_MAX;
    await Promise.all(Array.from({ length: count }, (_, i) => put(i + 1, 100)));
    expect(commitsIn(path) - before).toBe(2);
    await put(count + 1);
    await put(count + 2);
    expect(commitsIn(path) - before).toBe(4);
    await store.close();
  });

  it('leaves room that is used again: the file grows no further than the most that ever waited', async () => {
    const path = join(folder, 'reused.db');
    const { store, put, bob } = await mailboxIn(path);
    const pages: number[] = [];
    for (let round = 0; round < 8; round++) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => put(round * 100 + i + 1, 5_000)));
      await store.ackMail(bob, (round + 1) * 100);
      pages.push(pagesOf(path));
    }
    expect(pages.at(-1)).toBeLessThanOrEqual(pages[1]!);
    expect(pages.at(-1)).toBeGreaterThan(100);
    await store.close();
  });

  it('of a device off the list goes in steps of the sweep, so that no revocation holds up others', async () => {
    const path = join(folder, 'abandoned.db');
    const { store, put, bob } = await mailboxIn(path);
    await Promise.all(Array.from({ length: 600 }, (_, i) => put(i + 1)));
    await store.deleteAccount(bob.account, NOW);
    expect(await store.counts()).toMatchObject({ mails: 0, mailBytes: 0 });
    const steps: number[] = [];
    for (let dropped = 1; dropped > 0; steps.push(dropped)) dropped = await store.expireMail(NOW, 1_000);
    expect(steps).toEqual([256, 256, 88, 0]);
    await store.close();
    const db = new Database(path, { readonly: true });
    const rows = ['mails', 'mailboxes', 'mail_senders', 'mailbox_keys'].map((table) =>
      db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
    );
    db.close();
    expect(rows).toEqual([0, 0, 0, 0]);
  });

  it('is found by an index whose rows are small, never by reading all envelopes', () => {
    const db = openDatabase(':memory:');
    for (const [name, { source }] of Object.entries(prepareMailStatements(db))) {
      const explained = db.prepare(`EXPLAIN QUERY PLAN ${source.replaceAll(/@\w+/g, '?')}`);
      const values = source.match(/\?|@\w+/g) ?? [];
      const plan = explained.all(...values.map(() => 1)) as { readonly detail: string }[];
      const scans = plan.filter(({ detail }) => /SCAN (?!mail_positions)/.test(detail));
      expect({ name, scans }).toEqual({ name, scans: [] });
    }
    db.close();
  });

  it('is in a backup, and a restored one gives no position again that was given after it was made', async () => {
    const [path, copyPath] = [join(folder, 'live.db'), join(folder, 'copy.db')];
    const { store, put, bob } = await mailboxIn(path);
    await store.reserveMailPositions(65_536, NOW);
    await put(1);
    await store.backupTo(copyPath);
    let highest = 0;
    for (let ms = 0; ms < 1_000; ms += 70) {
      highest = (await store.reserveMailPositions(65_536, (NOW + ms) as WallMs)) + 65_535;
    }
    await store.close();
    const copy = await openSqliteStore(copyPath, { mayCreate: false });
    expect((await copy.mailAfter(bob.device, 0, NOW, 10, 1_000)).entries).toMatchObject([{ position: 1 }]);
    expect(await copy.mailKeys(bob.account)).toHaveLength(1);
    expect(await copy.reserveMailPositions(65_536, (NOW + 1_050) as WallMs)).toBeGreaterThan(highest);
    await copy.close();
  });
});

/** Alice writes to Bob. */
async function mailboxIn(path: string) {
  const store: SqliteStore = await openSqliteStore(path);
  const [alice, bob] = await friendsIn(store);
  await store.setMailKey(bob, KEY, new Uint8Array(1_304));
  async function put(position: number, bytes = 200): Promise<void> {
    const answer = await store.appendMail(alice, mailTo(bob, position, bytes), ROOMY);
    if (!answer.ok) throw new Error(answer.error);
  }
  return { store, put, bob };
}

function mailTo(to: Fence, position: number, bytes: number): NewMail {
  const id = position.toString(16).padStart(32, '0') as MailId;
  const envelope = new Uint8Array(bytes).fill(position);
  return {
    ...{ position, to: to.device, id, kind: 'message', ...KEY },
    ...{ at: NOW, expiresAt: (NOW + 1_000) as WallMs, envelope },
  };
}

function pagesOf(path: string): number {
  const db = new Database(path, { readonly: true });
  const pages = db.pragma('page_count', { simple: true }) as number;
  db.close();
  return pages;
}

/** Commits in the write-ahead log since it began anew: frames that say how large the database is after them. */
function commitsIn(path: string): number {
  const wal = readFileSync(`${path}-wal`);
  const pageBytes = wal.readUInt32BE(8);
  const salts = wal.toString('hex', 16, 24);
  let commits = 0;
  for (let at = 32; at + 24 <= wal.length; at += 24 + pageBytes) {
    if (wal.toString('hex', at + 8, at + 16) === salts && wal.readUInt32BE(at + 4) > 0) commits++;
  }
  return commits;
}
