import type { HostNetwork, NetworkTap } from '../sim-network.ts';
import { SERVER_PORT } from '../sim-server.ts';
import type { World } from '../world.ts';

/** Somebody on the wire who records how a client greets the server, and says the same again later, byte for byte. */
export class Replayer {
  readonly tap: NetworkTap;
  readonly #world: World;
  readonly #host: HostNetwork;
  #recording: Uint8Array[] = [];
  #listening = false;

  constructor(world: World, victim: string) {
    this.#world = world;
    this.#host = world.network.addHost('replayer', ['10.0.9.9']);
    this.tap = {
      onTcp: (event, from, to, bytes) => {
        if (!this.#listening || event !== 'bytes') return;
        if (from === victim && to === 'server') this.#recording.push(bytes.slice());
        // What comes after the server's first answer depends on it, and is worth nothing to a replayer.
        if (from === 'server' && to === victim) this.#listening = false;
      },
    };
  }

  /** From now on: the victim's next connection. */
  record(): void {
    this.#recording = [];
    this.#listening = true;
  }

  get recordedBytes(): number {
    return this.#recording.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** @returns a function that tells how many bytes the server has answered */
  replay(): () => number {
    let answeredBytes = 0;
    const stream = this.#host.tcpConnector.connect(
      { host: this.#world.server.host.addresses[0]!, port: SERVER_PORT },
      {
        onOpen: () => {
          for (const bytes of this.#recording) stream.write(bytes);
        },
        onBytes: (bytes) => {
          answeredBytes += bytes.length;
        },
        onClose: () => {},
      },
    );
    return () => answeredBytes;
  }
}
