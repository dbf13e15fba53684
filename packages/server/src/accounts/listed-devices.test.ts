import { expect, it } from 'vitest';
import { TestWorld } from '../session/test-world.ts';
import { listedDevices } from './certified-device.ts';

it('[SV102] takes the stored list as it was verified when it was stored, at no more cost than reading it', async () => {
  const world = await TestWorld.start();
  const alice = await world.register('alice');
  const account = (await world.store.accountByNumber(alice.account))!;
  const deviceList = account.deviceList.slice();
  deviceList[deviceList.length - 1]! ^= 1;
  expect(listedDevices({ ...account, deviceList })).toEqual([alice.device.id]);
  for (const nothing of [new Uint8Array(0), new Uint8Array(64), deviceList.subarray(0, 100), new Uint8Array(9_999)]) {
    expect(listedDevices({ ...account, deviceList: nothing })).toEqual([]);
  }
});
