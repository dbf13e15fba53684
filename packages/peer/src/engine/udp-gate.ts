import type { Log } from '@magpie/common/log.ts';
import type { Endpoint, IpFamily, UdpFactory, UdpSocket } from '@magpie/common/net.ts';
import { familyOf } from '@magpie/common/net.ts';
import type { UdpView } from './engine.ts';

/**
 * The peer's two UDP sockets (R28) and the counters around them. `drop` is the hook by which tests lose UDP: nothing
 * passes it in either direction, and what it stopped is counted.
 */
export class UdpGate {
  readonly #sockets = new Map<IpFamily, UdpSocket>();
  readonly #onDatagram: (bytes: Uint8Array, from: Endpoint) => void;
  #dropping = false;
  #sent = 0;
  #received = 0;
  #dropped = 0;

  constructor(onDatagram: (bytes: Uint8Array, from: Endpoint) => void) {
    this.#onDatagram = onDatagram;
  }

  /** Opens what the machine has; a family that cannot be opened is left out. */
  async open(udp: UdpFactory, port: number, log: Log): Promise<void> {
    for (const family of [4, 6] as const) {
      const socket = await openSocket(udp, family, port, (bytes, from) => this.#receive(bytes, from), log);
      if (socket) this.#sockets.set(family, socket);
    }
  }

  port(family: IpFamily): number | undefined {
    return this.#sockets.get(family)?.local.port;
  }

  get isOpen(): boolean {
    return this.#sockets.size > 0;
  }

  set dropping(drop: boolean) {
    this.#dropping = drop;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const socket = this.#sockets.get(familyOf(to));
    if (!socket) return;
    if (this.#dropping) {
      this.#dropped++;
      return;
    }
    this.#sent++;
    socket.send(bytes, to);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  view(reflexive: readonly string[]): UdpView {
    return {
      enabled: this.#sockets.size > 0,
      port4: this.port(4),
      port6: this.port(6),
      datagramsSent: this.#sent,
      datagramsReceived: this.#received,
      datagramsDropped: this.#dropped,
      dropping: this.#dropping,
      reflexive,
    };
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    if (this.#dropping) {
      this.#dropped++;
      return;
    }
    this.#received++;
    this.#onDatagram(bytes, from);
  }
}

async function openSocket(
  udp: UdpFactory,
  family: IpFamily,
  port: number,
  onDatagram: (bytes: Uint8Array, from: Endpoint) => void,
  log: Log,
): Promise<UdpSocket | undefined> {
  const handlers = { onDatagram, onError: (code: string) => log.debug({ family, code }, 'udp error') };
  try {
    return await udp.open(family, port, handlers);
  } catch (cause) {
    if (port !== 0) return openSocket(udp, family, 0, onDatagram, log);
    log.info({ family, code: (cause as { code?: string }).code ?? 'unknown' }, 'no udp socket of this family');
    return undefined;
  }
}
