import type { Log } from '@magpie/common/log.ts';
import type { IpFamily, UdpFactory, UdpSocket } from '@magpie/common/net.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Reflector } from './reflector.ts';

/** Tries for a port that is free in both families before giving up. */
const FREE_PORT_ATTEMPTS_MAX = 16;

/** The reflector's sockets: each port in each family that the host has. */
export class ReflectorPorts {
  readonly #udp: UdpFactory;
  readonly #reflector: Reflector;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sockets: UdpSocket[] = [];

  constructor(udp: UdpFactory, reflector: Reflector, clock: Clock, log: Log) {
    this.#udp = udp;
    this.#reflector = reflector;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * @param ports as wanted; 0 is any free one
   * @param families 4 first: an IPv6 socket that cannot be opened is done without
   * @returns the ports as bound, the same number in both families. Rejects with the system's error.
   */
  async open(ports: readonly number[], families: readonly IpFamily[]): Promise<readonly number[]> {
    const bound: number[] = [];
    for (const port of ports) bound.push(await this.#openPort(port, families));
    return bound;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  async #openPort(wanted: number, families: readonly IpFamily[]): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const first = await this.#openSocket(families[0] ?? 4, wanted);
      const port = first.local.port;
      const second = families[1] === undefined ? undefined : await this.#openSecond(families[1], port);
      if (second !== 'taken') {
        this.#sockets.push(first, ...(second ? [second] : []));
        return port;
      }
      first.close();
      if (wanted !== 0 || attempt === FREE_PORT_ATTEMPTS_MAX) {
        throw Object.assign(new Error(`UDP port ${port} is in use`), { code: 'EADDRINUSE' });
      }
    }
  }

  async #openSecond(family: IpFamily, port: number): Promise<UdpSocket | 'taken' | undefined> {
    try {
      return await this.#openSocket(family, port);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EADDRINUSE') return 'taken';
      this.#log.info({ family, port, code }, 'reflector does without this address family');
      return undefined;
    }
  }

  async #openSocket(family: IpFamily, port: number): Promise<UdpSocket> {
    const socket: UdpSocket = await this.#udp.open(family, port, {
      onDatagram: (bytes, from) => {
        const answer = this.#reflector.handleDatagram(bytes, from, this.#clock.now());
        if (answer) socket.send(answer, from);
      },
      onError: (code) => this.#log.warn({ family, port, code }, 'reflector socket'),
    });
    return socket;
  }
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
