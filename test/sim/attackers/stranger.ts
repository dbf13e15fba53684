import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { newExchangeKeyPair, newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import type { DeviceId, RequestId } from '@magpie/common/ids.ts';
import type { TcpStream } from '@magpie/common/net.ts';
import type { Instant } from '@magpie/common/time.ts';
import { SeededRandom } from '../seeded-random.ts';
import { PASSWORD } from '../setup.ts';
import { SERVER_PORT } from '../sim-server.ts';
import type { World } from '../world.ts';

/** A client that speaks the protocol well and asks for what it has no right to. */
export class Stranger {
  readonly answers: Frame[] = [];
  readonly #world: World;
  readonly #link: SecureLink;
  readonly #random: SeededRandom;
  readonly #stream: TcpStream;
  #loggedIn = false;
  #nextRequest = 1;

  constructor(world: World) {
    this.#world = world;
    this.#random = new SeededRandom(world.seed, 'stranger');
    const exchangeKey = newExchangeKeyPair(this.#random);
    this.#link = SecureLink.initiator({
      staticKey: exchangeKey,
      random: this.#random,
      remoteStatic: world.server.publicKey,
      features: 0,
      now: this.#now(),
    });
    const host = world.network.addHost('stranger', ['10.0.9.8']);
    this.#stream = host.tcpConnector.connect(
      { host: world.server.host.addresses[0]!, port: SERVER_PORT },
      {
        onOpen: () => this.#flush(),
        onBytes: (bytes) => {
          this.#link.handleBytes(bytes, this.#now());
          this.#drain(exchangeKey.publicKey);
        },
        onClose: () => {},
      },
    );
  }

  get loggedIn(): boolean {
    return this.#loggedIn;
  }

  /** Asks the server to pass a first handshake message to a device, whoever owns it. */
  askForIntroduction(to: DeviceId): void {
    this.#send({ type: 'introduce', requestId: this.#requestId(), to, packet: this.#random.bytes(200) });
  }

  sendByRelay(to: DeviceId): void {
    this.#send({ type: 'relay', to, packet: this.#random.bytes(200) });
  }

  #drain(exchangeKey: Uint8Array): void {
    for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
      if (event.type === 'established') this.#register(exchangeKey);
      if (event.type === 'frame') this.#handleFrame(event.bytes);
    }
    this.#flush();
  }

  #handleFrame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes, 'server', this.#loggedIn ? 'authenticated' : 'anonymous');
    if (!decoded.ok || !decoded.value) return;
    if (decoded.value.type === 'welcome') this.#loggedIn = true;
    this.answers.push(decoded.value);
  }

  #register(exchangeKey: Uint8Array): void {
    const account = newSigningKeyPair(this.#random);
    const { publicKey: signKey } = newSigningKeyPair(this.#random);
    const list = { accountKey: account.publicKey, version: 1, previousHash: new Uint8Array(32) };
    const deviceList = signDeviceList({ ...list, devices: [{ exchangeKey, signKey }] }, account.secretKey);
    this.#send({
      type: 'register',
      requestId: this.#requestId(),
      name: 'stranger',
      displayName: 'Stranger',
      password: PASSWORD,
      signKey,
      accountKey: account.publicKey,
      deviceList,
      label: '',
      recoveryKey: new Uint8Array(32),
      sealedSeed: new Uint8Array(0),
      invite: '',
    });
  }

  #send(frame: Frame): void {
    this.#link.sendFrame(encodeFrame(frame), this.#now());
    this.#flush();
  }

  #flush(): void {
    for (let bytes = this.#link.pollOutput(); bytes; bytes = this.#link.pollOutput()) this.#stream.write(bytes);
  }

  #requestId(): RequestId {
    return this.#nextRequest++ as RequestId;
  }

  #now(): Instant {
    return this.#world.nowMs as Instant;
  }
}
