import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MemoryPeerStore } from '@magpie/peer/store/memory-store.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peerStoreContract } from './peer-store-contract.ts';
import { BOB, incoming, messageId, PROFILE, textTo, wall } from './peer-store-samples.ts';
import { keepCompiledCode, quickFolder } from './quick-folder.ts';

keepCompiledCode();

peerStoreContract('memory', async () => {
  const store = new MemoryPeerStore({ sync: () => Promise.resolve() });
  return { store, dispose: () => store.close() };
});

peerStoreContract('sqlite', async () => {
  const folder = quickFolder('magpie-store-');
  const store = await openSqlitePeerStore(join(folder, 'profile.db'));
  return {
    store,
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe('memory store: durability', () => {
  it('loses on a crash exactly what was not synced, and its promises stay open', async () => {
    const disk = new SlowDisk();
    const store = new MemoryPeerStore({ sync: () => disk.sync() });
    const saved = store.saveProfile(PROFILE);
    await disk.finish();
    await saved;
    const first = store.commitOutgoing(textTo(BOB, 1), wall(1));
    await disk.finish();
    await first;
    const second = settled(store.commitOutgoing(textTo(BOB, 2), wall(1)));
    await disk.started();
    const restarted = store.crash();
    await disk.finish();
    expect(second.done).toBe(false);
    expect((await restarted.undelivered(BOB, 10)).map((m) => m.id)).toEqual([messageId(1)]);
    const again = restarted.commitOutgoing(textTo(BOB, 3), wall(1));
    await disk.finish();
    expect((await again).message).toMatchObject({ sequence: 2, change: 2 });
  });

  it('writes that wait together share one sync; what comes during a sync waits for the next', async () => {
    const disk = new SlowDisk();
    const store = new MemoryPeerStore({ sync: () => disk.sync() });
    const together = [store.saveProfile(PROFILE), store.commitOutgoing(textTo(BOB, 1), wall(1))];
    await disk.started();
    const later = settled(store.commitOutgoing(textTo(BOB, 2), wall(1)));
    await disk.finish();
    await Promise.all(together);
    expect(later.done).toBe(false);
    expect(disk.count).toBe(2);
    await disk.finish();
    expect(later.done).toBe(true);
  });

  it('a read tells nothing that a crash could take back', async () => {
    const disk = new SlowDisk();
    const store = new MemoryPeerStore({ sync: () => disk.sync() });
    const saved = store.saveProfile(PROFILE);
    const read = settled(store.profile());
    await disk.started();
    expect(read.done).toBe(false);
    await disk.finish();
    await saved;
    expect(read.done).toBe(true);
  });

  it('a disk that takes nothing rejects what waited, undoes it, and the store goes on', async () => {
    let full = false;
    const store = new MemoryPeerStore({ sync: () => (full ? Promise.reject(new Error('full')) : Promise.resolve()) });
    await store.saveProfile(PROFILE);
    full = true;
    await expect(store.commitOutgoing(textTo(BOB, 1), wall(1))).rejects.toMatchObject({ code: 'full' });
    full = false;
    expect(await store.lastChange()).toBe(0);
    expect((await store.commitOutgoing(textTo(BOB, 1), wall(1))).message.sequence).toBe(1);
  });
});

describe('sqlite store: durability', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
    path = join(folder, 'profile.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has after kill -9 everything that it ever called durable, without a hole', async () => {
    const acknowledged = await writeUntilKilled(path, 200);
    const store = await openSqlitePeerStore(path);
    const kept = await store.undelivered(BOB, 1_000_000);
    await store.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(kept.length).toBeGreaterThanOrEqual(acknowledged.length);
    expect(kept.map((m) => [m.sequence, m.text])).toEqual(kept.map((_, n) => [n + 1, `text ${n + 1}`]));
  });

  it('finds everything again after a restart, the counting included', async () => {
    await using first = disposable(await openSqlitePeerStore(path));
    await first.store.saveProfile(PROFILE);
    await first.store.commitOutgoing(textTo(BOB, 1), wall(1));
    await first.store.commitIncoming([incoming(1)], wall(1));
    await first.store.close();
    await using second = disposable(await openSqlitePeerStore(path));
    expect(await second.store.profile()).toEqual(PROFILE);
    expect((await second.store.commitOutgoing(textTo(BOB, 2), wall(1))).message).toMatchObject({
      sequence: 2,
      change: 3,
    });
    expect(await second.store.commitIncoming([incoming(1)], wall(1))).toEqual([{ kind: 'duplicate' }]);
  });
});

/** A disk whose syncs end when the test says so. */
class SlowDisk {
  count = 0;
  #finish: (() => void) | undefined;

  sync(): Promise<void> {
    this.count += 1;
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  async started(): Promise<void> {
    for (let turn = 0; turn < 20 && !this.#finish; turn++) await Promise.resolve();
    expect(this.#finish).toBeDefined();
  }

  /** Lets the running sync end, and everybody who waited for it go on. */
  async finish(): Promise<void> {
    await this.started();
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
}

function settled(promise: Promise<unknown>): { readonly done: boolean } {
  const state = { done: false };
  void promise.then(() => {
    state.done = true;
  });
  return state;
}

function disposable(store: Awaited<ReturnType<typeof openSqlitePeerStore>>) {
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/** Runs the writer until it has called `count` messages durable, then kills it. @returns what it called durable */
async function writeUntilKilled(path: string, count: number): Promise<readonly number[]> {
  const writer = fileURLToPath(new URL('./peer-store-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  return acknowledged;
}
