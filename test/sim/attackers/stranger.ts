import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { PASSWORD } from '../setup.ts';
import type { World } from '../world.ts';
import { FrameClient } from './frame-client.ts';

/** Somebody with an account who asks for what it has no right to. */
export class Stranger {
  readonly #client: FrameClient;

  constructor(world: World) {
    const host = world.network.addHost('stranger', ['10.0.9.8']);
    this.#client = new FrameClient(world, host, 'stranger', (client) => register(client));
  }

  get loggedIn(): boolean {
    return this.#client.loggedIn;
  }

  get answers(): readonly Frame[] {
    return this.#client.answers;
  }

  askToBeFriends(account: AccountNumber): void {
    this.#client.send({ type: 'friend-add', requestId: this.#client.requestId(), account, text: 'hello' });
  }

  /** Asks the server to pass a first handshake message to a device, whoever owns it. */
  askForIntroduction(to: DeviceId): void {
    const packet = this.#client.random.bytes(200);
    this.#client.send({ type: 'introduce', requestId: this.#client.requestId(), to, packet });
  }

  sendByRelay(to: DeviceId): void {
    this.#client.send({ type: 'relay', to, packet: this.#client.random.bytes(200) });
  }
}

function register(client: FrameClient): void {
  const account = newSigningKeyPair(client.random);
  const { publicKey: signKey } = newSigningKeyPair(client.random);
  const list = { accountKey: account.publicKey, version: 1, previousHash: new Uint8Array(32) };
  const devices = [{ exchangeKey: client.exchangeKey.publicKey, signKey }];
  client.send({
    type: 'register',
    requestId: client.requestId(),
    name: 'stranger',
    displayName: 'Stranger',
    password: PASSWORD,
    signKey,
    accountKey: account.publicKey,
    deviceList: signDeviceList({ ...list, devices }, account.secretKey),
    label: '',
    recoveryKey: new Uint8Array(32),
    sealedSeed: new Uint8Array(0),
    invite: '',
  });
}
