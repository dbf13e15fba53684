import type {
  Endpoint,
  IpFamily,
  TcpConnector,
  TcpHandlers,
  TcpStream,
  UdpFactory,
  UdpHandlers,
  UdpSocket,
} from '@magpie/common/net.ts';
import { endpointText, familyOf } from '@magpie/common/net.ts';
import type { LocalAddress, NetworkInterfaces } from '@magpie/peer/engine/ports.ts';
import type { TcpListenerPort } from '@magpie/server/server.ts';
import { CLEAN_LINK, Link } from './link.ts';
import { hash32 } from './seeded-random.ts';
import { TcpEnd, type TcpTap } from './sim-tcp.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A box between a host and the rest that changes addresses, in RFC 4787's words. None: the host has public addresses. */
export interface NatBox {
  /** The mapped source of a datagram that leaves. */
  mapOutbound(from: Endpoint, to: Endpoint, nowMs: number): Endpoint;
  /** The inner address that a datagram from outside reaches, undefined when it is filtered. */
  filterInbound(from: Endpoint, to: Endpoint, nowMs: number): Endpoint | undefined;
  readonly address: string;
}

export interface NetworkTap {
  /** Every datagram that is sent, before its fate. */
  onDatagram?(from: string, to: string, bytes: Uint8Array): void;
  onTcp?: TcpTap;
}

interface Listening {
  readonly host: HostNetwork;
  readonly onConnection: (stream: TcpStream) => TcpHandlers;
}

/** A SYN is given up after this long; below what Linux does, above every timeout of ours. */
const CONNECT_TIMEOUT_MS = 60_000;

/** All hosts, and the links between each two of them. */
export class SimNetwork {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #hosts = new Map<string, HostNetwork>();
  readonly #byAddress = new Map<string, HostNetwork>();
  readonly #links = new Map<string, Link>();
  readonly #trace: (kind: string, from: string, to: string, bytes: Uint8Array) => void;
  readonly taps: NetworkTap[] = [];

  constructor(options: {
    readonly time: VirtualTime;
    readonly seed: number;
    readonly trace: (kind: string, from: string, to: string, bytes: Uint8Array) => void;
  }) {
    this.#time = options.time;
    this.#seed = options.seed;
    this.#trace = options.trace;
  }

  get time(): VirtualTime {
    return this.#time;
  }

  addHost(name: string, addresses: readonly string[], nat?: NatBox): HostNetwork {
    const host = new HostNetwork(this, name, addresses, nat);
    this.#hosts.set(name, host);
    for (const address of nat ? [nat.address] : addresses) this.#byAddress.set(address, host);
    return host;
  }

  link(a: string, b: string): Link {
    const key = a < b ? `${a}|${b}` : `${b}|${a}`;
    let link = this.#links.get(key);
    if (!link) {
      link = new Link(hash32(key, this.#seed), a === b ? { ...CLEAN_LINK, delayMs: 0.05 } : CLEAN_LINK);
      this.#links.set(key, link);
    }
    return link;
  }

  /** Resets every TCP connection between the two. */
  cutTcp(a: string, b: string): void {
    for (const end of this.#hosts.get(a)?.tcpEnds ?? []) if (end.remoteHost === b) end.stream.cut();
  }

  hostAt(address: string, from: HostNetwork): HostNetwork | undefined {
    return address.startsWith('127.') || address === '::1' ? from : this.#byAddress.get(address);
  }

  sendDatagram(from: HostNetwork, local: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const target = this.hostAt(to.address, from);
    if (!target) return;
    const source = from.nat && target !== from ? from.nat.mapOutbound(local, to, this.#time.nowMs) : local;
    for (const tap of this.taps) tap.onDatagram?.(from.name, target.name, bytes);
    this.#trace('udp', from.name, target.name, bytes);
    const fate = this.link(from.name, target.name).nextDatagram(from.name < target.name ? 0 : 1);
    for (const delayMs of fate.delaysMs) {
      const copy = bytes.slice();
      this.#time.schedule(this.#time.nowMs + delayMs, () => target.receiveDatagram(copy, source, to, from === target));
    }
  }

  connect(from: HostNetwork, target: { readonly host: string; readonly port: number }, handlers: TcpHandlers): TcpEnd {
    const to: Endpoint = { address: target.host, port: target.port };
    const server = this.hostAt(target.host, from);
    const link = this.link(from.name, server?.name ?? '(nowhere)');
    const tap: TcpTap = (event, a, b, bytes) => {
      for (const each of this.taps) each.onTcp?.(event, a, b, bytes);
      this.#trace(`tcp-${event}`, a, b, bytes);
    };
    const local = { address: from.sourceFor(to), port: from.takePort() };
    const direction = from.name < (server?.name ?? '') ? 0 : 1;
    const end = new TcpEnd({ time: this.#time, link, direction, host: from.name, local, remote: to, tap });
    end.attach(handlers);
    from.keepTcp(end, server?.name ?? '');
    const deadlineMs = this.#time.nowMs + CONNECT_TIMEOUT_MS;
    const knock = (): void => {
      if (!end.open || !end.handlers) return;
      if (this.#time.nowMs >= deadlineMs) return refuse('ETIMEDOUT');
      if (link.tcpStalled || !server || (!server.alive && server.silent)) return retry(500);
      const listening = server.alive ? server.listeningOn(target.port) : undefined;
      if (!listening) return refuse('ECONNREFUSED');
      const remoteEnd = new TcpEnd({
        time: this.#time,
        link,
        direction: direction === 0 ? 1 : 0,
        host: server.name,
        local: to,
        remote: from.nat ? { address: from.nat.address, port: local.port } : local,
        tap,
      });
      end.join(remoteEnd);
      remoteEnd.join(end);
      server.keepTcp(remoteEnd, from.name);
      remoteEnd.attach(listening.onConnection(remoteEnd));
      this.#time.schedule(this.#time.nowMs + link.profile.delayMs, () => {
        if (end.open) end.handlers?.onOpen?.();
      });
    };
    const retry = (ms: number): void => void this.#time.schedule(this.#time.nowMs + ms, knock);
    const refuse = (code: string): void =>
      void this.#time.schedule(this.#time.nowMs + link.profile.delayMs, () => {
        if (!end.open) return;
        const closing = end.handlers;
        end.kill(true);
        closing?.onClose(code);
      });
    retry(link.profile.delayMs);
    return end;
  }
}

/** The sockets of one host, as ports for the process that runs there. */
export class HostNetwork {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly nat: NatBox | undefined;
  readonly #network: SimNetwork;
  readonly #udp = new Map<string, { readonly socket: UdpSocket; readonly handlers: UdpHandlers }>();
  readonly #listening = new Map<number, Listening>();
  #tcp: { readonly stream: TcpEnd; readonly remoteHost: string }[] = [];
  #watchers: (() => void)[] = [];
  #nextPort = 40_000;
  alive = true;
  /** While down: true means power loss, nothing answers at all. */
  silent = false;

  constructor(network: SimNetwork, name: string, addresses: readonly string[], nat: NatBox | undefined) {
    this.#network = network;
    this.name = name;
    this.addresses = addresses;
    this.nat = nat;
  }

  readonly tcpConnector: TcpConnector = {
    connect: (target, handlers) => this.#network.connect(this, target, handlers),
  };

  readonly tcpListener: TcpListenerPort = {
    listen: (endpoint, onConnection) => {
      const port = endpoint.port === 0 ? this.takePort() : endpoint.port;
      if (this.#listening.has(port)) return Promise.reject(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
      this.#listening.set(port, { host: this, onConnection });
      return Promise.resolve({
        local: { address: endpoint.address, port },
        close: () => {
          this.#listening.delete(port);
          return Promise.resolve();
        },
      });
    },
  };

  readonly udpFactory: UdpFactory = {
    open: (family, port, handlers) => this.#openUdp(family, port, handlers),
  };

  readonly interfaces: NetworkInterfaces = {
    list: () => [
      ...this.addresses.map((address): LocalAddress => ({ address, interfaceName: 'eth0', internal: false })),
      { address: '127.0.0.1', interfaceName: 'lo', internal: true },
    ],
    watch: (onChange) => {
      this.#watchers.push(onChange);
      return () => {
        this.#watchers = this.#watchers.filter((watcher) => watcher !== onChange);
      };
    },
  };

  get tcpEnds(): readonly { readonly stream: TcpEnd; readonly remoteHost: string }[] {
    return this.#tcp;
  }

  /** The process died: its sockets close. `silent`: so fast that no other host is told. */
  kill(silent: boolean): void {
    this.alive = false;
    this.silent = silent;
    for (const { stream } of this.#tcp) stream.kill(silent);
    this.#udp.clear();
    this.#listening.clear();
    this.#watchers = [];
  }

  /** A new process may use the host. */
  revive(): void {
    this.alive = true;
    this.silent = false;
    const old = this.#tcp;
    this.#tcp = [];
    for (const { stream } of old) stream.forget();
  }

  takePort(): number {
    this.#nextPort = this.#nextPort >= 60_000 ? 40_000 : this.#nextPort + 1;
    return this.#nextPort;
  }

  sourceFor(to: Endpoint): string {
    if (to.address.startsWith('127.') || to.address === '::1') return to.address;
    return this.addresses.find((address) => address.includes(':') === to.address.includes(':')) ?? '0.0.0.0';
  }

  keepTcp(stream: TcpEnd, remoteHost: string): void {
    this.#tcp = this.#tcp.filter((end) => end.stream.open);
    this.#tcp.push({ stream, remoteHost });
  }

  listeningOn(port: number): Listening | undefined {
    return this.#listening.get(port);
  }

  receiveDatagram(bytes: Uint8Array, from: Endpoint, to: Endpoint, loopback: boolean): void {
    if (!this.alive) return;
    const inner = this.nat && !loopback ? this.nat.filterInbound(from, to, this.#network.time.nowMs) : to;
    if (!inner) return;
    this.#udp.get(`${familyOf(inner)}:${inner.port}`)?.handlers.onDatagram(bytes, from);
  }

  #openUdp(family: IpFamily, wantedPort: number, handlers: UdpHandlers): Promise<UdpSocket> {
    const port = wantedPort === 0 ? this.takePort() : wantedPort;
    const key = `${family}:${port}`;
    if (this.#udp.has(key)) return Promise.reject(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
    const local: Endpoint = { address: family === 4 ? '0.0.0.0' : '::', port };
    const socket: UdpSocket = {
      local,
      send: (bytes, to) => {
        if (this.#udp.get(key)?.socket !== socket || familyOf(to) !== family) return;
        this.#network.sendDatagram(this, { address: this.sourceFor(to), port }, to, bytes);
      },
      close: () => {
        if (this.#udp.get(key)?.socket === socket) this.#udp.delete(key);
      },
    };
    this.#udp.set(key, { socket, handlers });
    return Promise.resolve(socket);
  }

  toString(): string {
    return `${this.name} ${this.addresses.map((address) => endpointText({ address, port: 0 })).join(' ')}`;
  }
}
