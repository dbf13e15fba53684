import type { Log } from '@magpie/common/log.ts';
import { familyOf, type IpFamily, type UdpFactory, type UdpHandlers, type UdpSocket } from '@magpie/common/net.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Reflector } from './reflector.ts';

/** Tries for a port that is free at every address before giving up. */
const FREE_PORT_ATTEMPTS_MAX = 16;
const EVERY_IPV4 = '0.0.0.0';
const EVERY_IPV6 = '::';

/** The reflector's sockets: each port at each address where the server listens. */
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
   * @param addresses where the server listens; `::` is every address of the host, IPv4 too
   * @returns the ports as bound, the same number at every address. Rejects with the system's error.
   */
  async open(ports: readonly number[], addresses: readonly string[]): Promise<readonly number[]> {
    const bound: number[] = [];
    for (const port of ports) bound.push(await this.#openPort(port, bindAddressesOf(addresses)));
    return bound;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  /** A free port is chosen at the first address; where it is taken at another one, the next choice may be luckier. */
  async #openPort(wanted: number, addresses: readonly string[]): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const opened: UdpSocket[] = [];
      try {
        let port = wanted;
        for (const address of addresses) {
          const socket = await this.#openSocket(address, port);
          if (!socket) continue;
          opened.push(socket);
          port = socket.local.port;
        }
        this.#sockets.push(...opened);
        return port;
      } catch (error) {
        for (const socket of opened) socket.close();
        if (wanted !== 0 || codeOf(error) !== 'EADDRINUSE' || attempt === FREE_PORT_ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** @returns undefined where every address is meant and the host has no IPv6 */
  async #openSocket(address: string, port: number): Promise<UdpSocket | undefined> {
    const family = familyOf({ address, port });
    const handlers: UdpHandlers = {
      onDatagram: (bytes, from) => {
        const answer = this.#reflector.handleDatagram(bytes, from, this.#clock.now());
        if (answer) socket?.send(answer, from);
      },
      onError: (code) => this.#log.warn({ family, port, code }, 'reflector socket'),
    };
    let socket: UdpSocket | undefined;
    try {
      socket = await this.#udp.open(family, port, handlers, address);
    } catch (error) {
      const code = codeOf(error);
      if (address !== EVERY_IPV6 || code === 'EADDRINUSE') throw error;
      this.#log.info({ family, port, code }, 'reflector does without this address family');
    }
    return socket;
  }
}

/** IPv4 first, because every host has it. An address of a family that is bound as a whole needs no socket of its own. */
function bindAddressesOf(addresses: readonly string[]): readonly string[] {
  const wanted = new Set(addresses.flatMap((address) => (address === EVERY_IPV6 ? [EVERY_IPV4, EVERY_IPV6] : address)));
  const inFamily = (family: IpFamily): readonly string[] => {
    const everyAddress = family === 6 ? EVERY_IPV6 : EVERY_IPV4;
    if (wanted.has(everyAddress)) return [everyAddress];
    return [...wanted].filter((address) => familyOf({ address, port: 0 }) === family);
  };
  return [...inFamily(4), ...inFamily(6)];
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
