import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { HostNetwork } from '../sim-network.ts';
import type { World } from '../world.ts';
import { FrameClient } from './frame-client.ts';

/** A device that nobody knows, and one wrong password. */
export function guesser(world: World, host: HostNetwork, account: string, count: number): FrameClient {
  return new FrameClient(world, host, `guess ${count}`, (client) => {
    const key = newSigningKeyPair(client.random);
    const { publicKey: signKey } = newSigningKeyPair(client.random);
    const list = { accountKey: key.publicKey, version: 1, previousHash: new Uint8Array(32) };
    const devices = [{ exchangeKey: client.exchangeKey.publicKey, signKey }];
    const deviceList = signDeviceList({ ...list, devices }, key.secretKey);
    const device = { signKey, accountKey: key.publicKey, deviceList, label: '' };
    const password = `wrong password ${count}`;
    client.send({ type: 'login', requestId: client.requestId(), account, password, ...device });
  });
}
