import { deviceListHash } from '@magpie/common/channel/device-list.ts';
import type { Frame, FrameOf } from '@magpie/common/frames/frame.ts';
import { DEVICE_CHAIN_PAGE_MAX } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, TestWorld } from '../session/test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);

describe('the own list of devices (SV101)', () => {
  it('[SV101] takes a device off: its session ends, its key is forgotten, friends and own devices hear of it', async () => {
    const world = await TestWorld.start();
    const { alice, laptop, bob } = await twoDevices(world);
    const list = alice.device.list([alice.device], 3);
    expect(codeOf(await alice.request({ type: 'device-list-set', deviceList: list }))).toBe('done');
    await settle();
    expect(laptop.closeCode).toBe('revoked');
    expect(codeOf(await world.connect(laptop.device).resume())).toBe('unknown-device');
    expect(codeOf(await world.connect(laptop.device).login('alice'))).toBe('enroll-needed');
    expect(bob.take('roster').flatMap(({ entries }) => entries)).toMatchObject([{ deviceList: list }]);
    expect(alice.take('own-profile')).toMatchObject([{ deviceListVersion: 3 }]);
    const [entry] = await world.server.users.audit({ before: 0, limit: 1 });
    expect(entry).toMatchObject({ action: 'device-revoked', actor: alice.account, detail: '1 of 2' });
  });

  it('[SV101] takes the same list twice, and none that is older, forged, of another key or without the asking device', async () => {
    const world = await TestWorld.start();
    const { alice, laptop } = await twoDevices(world);
    const set = async (deviceList: Uint8Array) => codeOf(await alice.request({ type: 'device-list-set', deviceList }));
    const both = [alice.device, laptop.device];
    const forged = alice.device.list(both, 4);
    forged[forged.length - 1]! ^= 1;
    expect(await set(alice.device.list(both, 3))).toBe('done');
    expect(await set(alice.device.list(both, 3))).toBe('done');
    for (const list of [
      alice.device.list(both, 2),
      alice.device.list([alice.device], 3),
      alice.device.list([laptop.device], 4),
      alice.device.list(both, 4 + 1_024),
      world.newDevice().list(both, 4),
      forged,
      new Uint8Array(0),
    ]) {
      expect(await set(list)).toBe('bad-device-list');
    }
    expect(laptop.closed).toBe(false);
  });

  it('[SV101] changes so many times an hour', async () => {
    const world = await TestWorld.start({ deviceListsPerHour: 2 });
    const alice = await world.register('alice');
    const codes = [];
    for (const version of [2, 3, 4]) {
      const deviceList = alice.device.list([alice.device], version);
      codes.push(codeOf(await alice.request({ type: 'device-list-set', deviceList })));
    }
    expect(codes).toEqual(['done', 'done', 'rate-limited']);
  });

  it('[SV101] counts the lists that logins and enrollments bring among them', async () => {
    const world = await TestWorld.start({ deviceListsPerHour: 2 });
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const answers = [];
    for (const version of [2, 3, 4]) {
      answers.push(
        await world.connect(alice.device).login('alice', PASSWORD, alice.device.list([alice.device], version)),
      );
    }
    expect(answers.map(codeOf)).toEqual(['welcome', 'welcome', 'rate-limited']);
    const fresh = world.connect();
    await fresh.login('alice');
    expect(codeOf(await fresh.enroll(fresh.device.list([fresh.device], 4), { replaceKey: true }))).toBe('rate-limited');
    expect(bob.take('roster')).toHaveLength(2);
    expect(codeOf(await world.connect(alice.device).login('alice', PASSWORD, new Uint8Array(0)))).toBe('welcome');
  });

  it('[SV102] lists each device with its label and whether it is here', async () => {
    const world = await TestWorld.start();
    const { alice, laptop } = await twoDevices(world);
    await laptop.request({ type: 'logout' });
    expect(await alice.request({ type: 'devices-get' })).toMatchObject({
      type: 'devices',
      entries: [
        { device: alice.device.id, label: 'test', active: true, online: true },
        { device: laptop.device.id, label: 'test', active: false, online: false },
      ],
    });
    const { entries } = (await alice.request({ type: 'devices-get' })) as FrameOf<'devices'>;
    expect(entries[0]!.lastLoginWallMs).toBeGreaterThan(1_800_000_000_000);
  });
});

describe('the chain of lists (SV101)', () => {
  it('[SV101] is served to friends and to oneself, from a version on, and to nobody else', async () => {
    const world = await TestWorld.start();
    const { alice, laptop, bob, lists } = await twoDevices(world);
    const carol = await world.register('carol');
    const get = (client: typeof bob, since: number) =>
      client.request({ type: 'device-chain-get', account: alice.account, since });
    for (const client of [alice, laptop, bob]) {
      expect(await get(client, 0)).toMatchObject({ type: 'device-chain', account: alice.account, last: true, lists });
      expect(await get(client, 1)).toMatchObject({ last: true, lists: lists.slice(1) });
      expect(await get(client, 2)).toMatchObject({ last: true, lists: [] });
    }
    expect(codeOf(await get(carol, 0))).toBe('not-friends');
    await bob.request({ type: 'block', account: alice.account });
    await settle();
    expect(codeOf(await get(bob, 0))).toBe('not-friends');
  });

  it('[SV101] comes in pages, in order, the last one marked', async () => {
    const world = await TestWorld.start({ deviceListsPerHour: 1_000 });
    const alice = await world.register('alice');
    const lists = [alice.device.list()];
    for (let version = 2; version <= 2 * DEVICE_CHAIN_PAGE_MAX + 5; version++) {
      const deviceList = alice.device.list([alice.device], version, deviceListHash(lists.at(-1)!));
      lists.push(deviceList);
      await alice.request({ type: 'device-list-set', deviceList });
    }
    const first = (await alice.request({
      type: 'device-chain-get',
      account: alice.account,
      since: 0,
    })) as FrameOf<'device-chain'>;
    await settle();
    const pages = [first, ...alice.take('device-chain')];
    expect(pages.map((page) => [page.last, page.lists.length])).toEqual([
      [false, DEVICE_CHAIN_PAGE_MAX],
      [false, DEVICE_CHAIN_PAGE_MAX],
      [true, 5],
    ]);
    expect(pages.flatMap((page) => page.lists)).toEqual(lists);
  });
});

async function twoDevices(world: TestWorld) {
  const [alice, bob] = await world.friends();
  const laptop = world.connect(world.newDevice(alice.device.accountKey));
  const first = alice.device.list();
  const second = laptop.device.list([alice.device, laptop.device], 2, deviceListHash(first));
  await laptop.login('alice', PASSWORD, second);
  await world.advance(3_000);
  for (const client of [alice, laptop, bob]) client.received.length = 0;
  return { alice, laptop, bob, lists: [first, second] };
}
