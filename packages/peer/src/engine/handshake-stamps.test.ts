import type { AccountName, AccountNumber, Incarnation } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { MemoryPeerStore } from '../store/memory-store.ts';
import type { Profile } from '../store/store.ts';
import { HandshakeStamps } from './handshake-stamps.ts';
import { STAMP_BLOCK_MS, STAMP_RENEW_MS } from './limits.ts';

const START_MS = 1_800_000_000_000;

describe('handshake stamps (R5)', () => {
  it('[PK12] rise by at least one and follow the clock', async () => {
    const { stamps, clock } = await stampsAt(START_MS);
    await stamps.renew();
    const first = await stamps.next();
    expect(first).toBe(START_MS);
    expect(await stamps.next()).toBe(first + 1);
    clock.ms += 5_000;
    expect(await stamps.next()).toBe(first + 5_000);
    clock.ms -= 3_600_000;
    expect(await stamps.next()).toBe(first + 5_001);
  });

  it('[PK12] never repeat and are in the store before they are used, wherever a crash falls', async () => {
    const random = new SeededRandom(5, 'stamps');
    const used = new Set<number>();
    let store = await storeWith(0);
    const clock = { ms: START_MS };
    for (let life = 0; life < 30; life++) {
      const stamps = new HandshakeStamps(store, () => clock.ms);
      stamps.start((await store.profile())!.stampReserved);
      for (let use = random.whole(0, 40); use > 0; use--) {
        const disk = store.disk;
        const stamp = await stamps.next();
        expect(used.has(stamp)).toBe(false);
        expect(disk.profile()!.stampReserved).toBeGreaterThanOrEqual(stamp);
        used.add(stamp);
        // The clock is stepped in both directions, an hour at most.
        clock.ms += random.chance(0.2) ? random.whole(-3_600_000, 3_600_000) : random.whole(0, STAMP_BLOCK_MS / 4);
        if (random.chance(0.3)) void stamps.renew().catch(() => {});
      }
      store = store.crash();
    }
    expect(used.size).toBeGreaterThan(300);
  });

  it('come at once while enough is reserved, and renew only when little is left', async () => {
    const { stamps, clock, store, writes } = await stampsAt(START_MS);
    await stamps.renew();
    await stamps.renew();
    expect(writes()).toBe(1);
    clock.ms += STAMP_BLOCK_MS - STAMP_RENEW_MS + 1;
    await Promise.all([stamps.renew(), stamps.renew()]);
    expect(writes()).toBe(2);
    expect((await store.profile())?.stampReserved).toBe(clock.ms + STAMP_BLOCK_MS);
  });

  it('are not given out while the store does not take the reservation', async () => {
    const { stamps, disk, clock } = await stampsAt(START_MS);
    disk.full = true;
    await expect(stamps.next()).rejects.toMatchObject({ code: 'full' });
    disk.full = false;
    expect(await stamps.next()).toBe(clock.ms);
  });

  it('of several at once are all different, also when a block must be reserved first', async () => {
    const { stamps } = await stampsAt(START_MS);
    const given = await Promise.all(Array.from({ length: 20 }, () => stamps.next()));
    expect(new Set(given).size).toBe(20);
  });
});

async function stampsAt(ms: number) {
  const disk = { full: false };
  const store = await storeWith(0, disk);
  const clock = { ms };
  let writes = 0;
  const update = store.updateProfile;
  const updateProfile: typeof update = (patch) => {
    writes++;
    return update(patch);
  };
  Object.assign(store, { updateProfile });
  const stamps = new HandshakeStamps(store, () => clock.ms);
  stamps.start(0);
  return { stamps, store, clock, disk, writes: () => writes };
}

async function storeWith(stampReserved: number, disk = { full: false }): Promise<MemoryPeerStore> {
  const store = new MemoryPeerStore({
    sync: async () => {
      if (disk.full) throw new Error('no space left');
    },
  });
  const profile: Profile = {
    account: 10_001 as AccountNumber,
    name: 'alice' as AccountName,
    displayName: 'Alice',
    serverHost: '10.0.0.1',
    serverPort: 10_000,
    serverKey: new Uint8Array(32),
    signedIn: true,
    incarnation: '0011223344556677' as Incarnation,
    loginCount: 1,
    rosterVersion: 0,
    stampReserved,
    deviceListVersion: 1,
    signatureLine: '',
    recoveryUnseen: false,
  };
  await store.saveProfile(profile);
  return store;
}
