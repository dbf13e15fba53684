import { describe, expect, it } from 'vitest';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { NOTICES_WAITING_MAX } from './limits.ts';
import { NoticeKeeper } from './notice-keeper.ts';

describe('notices (SV91)', () => {
  it('[SV91] are stored before they are shown, and acknowledged after that', async () => {
    const world = noticeWorld();
    world.receive(1);
    expect(world.happened).toEqual([]);
    await world.sync();
    expect(world.happened).toEqual(['shown 1', 'acknowledged 1']);
    expect((await world.keeper.newest(10)).map(({ id }) => id)).toEqual([1]);
  });

  it('[SV91] that came before are acknowledged, but not shown again', async () => {
    const world = noticeWorld();
    world.receive(1);
    await world.sync();
    world.keeper.handleLinkUp();
    world.receive(1);
    await world.sync();
    expect(world.happened).toEqual(['shown 1', 'acknowledged 1', 'acknowledged 1']);
  });

  it('[SV91] that come together are acknowledged together, in their order', async () => {
    const world = noticeWorld();
    for (const id of [4, 5, 6]) world.receive(id);
    await world.sync();
    expect(world.happened).toEqual(['shown 4', 'shown 5', 'shown 6', 'acknowledged 6']);
  });

  it('[SV91] are not acknowledged past one that could not be stored, until the next connection', async () => {
    const world = noticeWorld();
    world.disk.full = true;
    world.receive(1);
    await world.sync();
    world.disk.full = false;
    world.receive(2);
    await world.sync();
    expect(world.happened).toEqual(['shown 2']);
    world.keeper.handleLinkUp();
    for (const id of [1, 2]) world.receive(id);
    await world.sync();
    expect(world.happened).toEqual(['shown 2', 'shown 1', 'acknowledged 2']);
  });

  it('wait for the disk in a bounded queue; what has no room comes again with the next connection', async () => {
    const world = noticeWorld();
    for (let id = 1; id <= NOTICES_WAITING_MAX + 10; id++) world.receive(id);
    await world.sync();
    expect(world.happened.filter((line) => line.startsWith('shown'))).toHaveLength(NOTICES_WAITING_MAX);
    expect(world.happened.filter((line) => line.startsWith('acknowledged'))).toEqual([]);
  });
});

function noticeWorld() {
  const disk = { full: false };
  const happened: string[] = [];
  const store = new MemoryPeerStore({
    sync: async () => {
      if (disk.full) throw new Error('no space left');
    },
  });
  const nothing = (): void => {};
  const keeper = new NoticeKeeper({
    store,
    log: { error: nothing, warn: nothing, info: nothing, debug: nothing },
    onChange: ({ id }) => happened.push(`shown ${id}`),
    acknowledge: (upTo) => happened.push(`acknowledged ${upTo}`),
  });
  return {
    disk,
    happened,
    keeper,
    receive: (id: number) => keeper.handleFrame({ type: 'notice', id, atWallMs: 1_000, text: `notice ${id}` }),
    sync: () => new Promise((resolve) => setTimeout(resolve, 20)),
  };
}
