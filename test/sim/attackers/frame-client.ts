import { type KeyPair, newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import type { TcpStream } from '@magpie/common/net.ts';
import type { Instant } from '@magpie/common/time.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { HostNetwork } from '../sim-network.ts';
import { SERVER_PORT } from '../sim-server.ts';
import type { World } from '../world.ts';

/** A client that speaks the protocol well and says whatever it is told to say. */
export class FrameClient {
  /** Everything the server has sent. */
  readonly answers: Frame[] = [];
  readonly exchangeKey: KeyPair;
  readonly random: SeededRandom;
  readonly #world: World;
  readonly #link: SecureLink;
  readonly #stream: TcpStream;
  readonly #onEstablished: () => void;
  #loggedIn = false;
  #closed = false;
  #nextRequest = 1;

  /** @param onEstablished the channel is up: time to log in */
  constructor(world: World, host: HostNetwork, name: string, onEstablished: (client: FrameClient) => void) {
    this.#world = world;
    this.#onEstablished = () => onEstablished(this);
    this.random = new SeededRandom(world.seed, name);
    this.exchangeKey = newExchangeKeyPair(this.random);
    this.#link = SecureLink.initiator({
      staticKey: this.exchangeKey,
      random: this.random,
      remoteStatic: world.server.publicKey,
      features: 0,
      now: this.#now(),
    });
    this.#stream = host.tcpConnector.connect(
      { host: world.server.host.addresses[0]!, port: SERVER_PORT },
      {
        onOpen: () => this.#flush(),
        onBytes: (bytes) => {
          this.#link.handleBytes(bytes, this.#now());
          this.#drain();
        },
        onClose: () => {
          this.#closed = true;
        },
      },
    );
  }

  get loggedIn(): boolean {
    return this.#loggedIn;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(frame: Frame): void {
    this.#link.sendFrame(encodeFrame(frame), this.#now());
    this.#flush();
  }

  close(): void {
    this.#stream.destroy();
  }

  requestId(): RequestId {
    return this.#nextRequest++ as RequestId;
  }

  #drain(): void {
    for (let event = this.#link.pollEvent(); event; event = this.#link.pollEvent()) {
      if (event.type === 'established') this.#onEstablished();
      if (event.type === 'frame') this.#handleFrame(event.bytes);
    }
    this.#flush();
  }

  #handleFrame(bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes, 'server', this.#loggedIn ? 'authenticated' : 'anonymous');
    if (!decoded.ok || !decoded.value) return;
    if (decoded.value.type === 'welcome') this.#loggedIn = true;
    if (decoded.value.type === 'ping') this.send({ type: 'pong', token: decoded.value.token });
    this.answers.push(decoded.value);
  }

  #flush(): void {
    for (let bytes = this.#link.pollOutput(); bytes; bytes = this.#link.pollOutput()) this.#stream.write(bytes);
  }

  #now(): Instant {
    return this.#world.nowMs as Instant;
  }
}
