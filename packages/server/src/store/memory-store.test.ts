import type { AccountName } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { newAccount } from '../../../../test/contract/server-store-samples.ts';
import { MemoryStore } from './memory-store.ts';

const alice = 'alice' as AccountName;
const bob = 'bob' as AccountName;

describe('the memory store as a disk', () => {
  it('answers a write only after its sync, and a read of it no sooner', async () => {
    const disk = new ManualDisk();
    const store = new MemoryStore({ sync: disk.sync });
    const events: string[] = [];
    void store.register(newAccount('alice', 1)).then(() => events.push('registered'));
    void store.accountByName(alice).then((account) => events.push(`read ${account?.name}`));
    await settle();
    expect(events).toEqual([]);
    disk.finish();
    await settle();
    expect(events).toEqual(['registered', 'read alice']);
  });

  it('shares one sync among the writes that wait together, and makes none for reads', async () => {
    const disk = new ManualDisk();
    const store = new MemoryStore({ sync: disk.sync });
    const first = store.register(newAccount('alice', 1));
    await settle();
    const later = [2, 3, 4].map((seed) => store.register(newAccount(`user${seed}`, seed)));
    await settle();
    expect(disk.syncCount).toBe(1);
    disk.finish();
    await first;
    disk.finish();
    await Promise.all(later);
    await store.accountByName(alice);
    expect(disk.syncCount).toBe(2);
  });

  it('loses on a crash exactly what was not synced, and never answers it', async () => {
    const disk = new ManualDisk();
    const store = new MemoryStore({ sync: disk.sync });
    const kept = store.register(newAccount('alice', 1));
    await settle();
    disk.finish();
    await kept;
    let answered = false;
    void store.register(newAccount('bob', 2)).then(() => {
      answered = true;
    });
    await settle();
    const restarted = store.crash();
    disk.finish();
    await settle();
    expect(answered).toBe(false);
    expect(await restarted.accountByName(alice)).toMatchObject({ account: 10_001 });
    expect(await restarted.accountByName(bob)).toBeUndefined();
    void store.register(newAccount('carol', 3));
    await settle();
    expect(await restarted.accountByName('carol' as AccountName)).toBeUndefined();
  });

  it('undoes the writes of a sync that failed, and goes on', async () => {
    const disk = new ManualDisk();
    const store = new MemoryStore({ sync: disk.sync });
    const refused = store.register(newAccount('alice', 1));
    await settle();
    disk.fail();
    await expect(refused).rejects.toMatchObject({ code: 'store-failed', failure: 'sync-failed' });
    expect(await store.accountByName(alice)).toBeUndefined();
    const again = store.register(newAccount('alice', 1));
    await settle();
    disk.finish();
    expect(await again).toMatchObject({ ok: true, value: { account: 10_001 } });
  });
});

/** Syncs end when the test says so. */
class ManualDisk {
  syncCount = 0;
  #end: { readonly resolve: () => void; readonly reject: (cause: Error) => void } | undefined;

  readonly sync = (): Promise<void> => {
    this.syncCount++;
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  };

  finish(): void {
    this.#end?.resolve();
  }

  fail(): void {
    this.#end?.reject(new Error('no space left'));
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
