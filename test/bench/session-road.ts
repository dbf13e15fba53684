import { randomBytes } from 'node:crypto';
import { deviceIdOf, type KeyPair, newExchangeKeyPair, newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { ok } from '@magpie/common/result.ts';
import type { FriendDevice } from '@magpie/peer/engine/contact-book.ts';
import { PeerSessions } from '@magpie/peer/engine/peer-sessions.ts';
import { UdpGate } from '@magpie/peer/engine/udp-gate.ts';
import { SystemClock } from '@magpie/peer/io/system-clock.ts';
import { SystemRandom } from '@magpie/peer/io/system-random.ts';
import { SystemUdpFactory } from '@magpie/peer/io/udp-sockets.ts';
import { LONG_STREAMS_MAX } from '@magpie/peer/transport/limits.ts';
import type { Road } from './road.ts';

/** A stream of a session carries at most one message of 64 KiB; bulk is as many of them as may be begun at once. */
const MESSAGE_BYTES_MAX = 64 * 1024;
const DIRECT_MS_MAX = 10_000;

/** What both devices know of each other from the server: keys only. */
export interface SessionIdentity {
  readonly device: DeviceId;
  readonly exchangeKey: Uint8Array;
}

/** What the server would pass on between the two: introductions and relayed packets. */
export type SessionNote =
  | { readonly type: 'introduction'; readonly packet: Uint8Array; readonly psk: Uint8Array; readonly pskId: Uint8Array }
  | { readonly type: 'relayed'; readonly packet: Uint8Array };

const ACCOUNT = 10_001 as AccountNumber;

/**
 * The engine's own PeerSessions, UdpGate and system ports: handshake and first packets by the bench in the server's
 * place, then directly over UDP. Above it stand neither outbox nor database: this is the link, not the messenger.
 */
export class SessionRoad implements Road {
  readonly messageBytesMax = MESSAGE_BYTES_MAX;
  readonly identity: SessionIdentity;
  onMessage: (message: Uint8Array) => void = () => {};
  onReady: () => void = () => {};
  readonly #keys: KeyPair;
  readonly #gate: UdpGate;
  readonly #sessions: PeerSessions;
  #friend: FriendDevice | undefined;
  #onDirect: () => void = () => {};
  #relayed = 0;
  #underWay = 0;

  constructor(send: (note: SessionNote) => void) {
    const clock = new SystemClock();
    const random = new SystemRandom();
    this.#keys = newExchangeKeyPair(random);
    const device = deviceIdOf(this.#keys.publicKey, newSigningKeyPair(random).publicKey);
    this.identity = { device, exchangeKey: this.#keys.publicKey };
    this.#gate = new UdpGate((bytes, from) => this.#sessions.handleDatagram(bytes, from));
    let stamp = Date.now();
    this.#sessions = new PeerSessions({
      ...{ clock, random, log: silentLog, staticKey: this.#keys, ownDevice: device },
      friendDevice: () => this.#friend,
      directAllowed: () => true,
      localCandidates: () => [
        { id: 1, kind: 'host', endpoint: { address: '127.0.0.1', port: this.#gate.port(4) ?? 0 } },
      ],
      nextStamp: async () => ++stamp,
      ownListVersion: () => 1,
      introduce: async (_to, packet) => {
        const psk = randomBytes(32);
        send({ type: 'introduction', packet, psk, pskId: randomBytes(8) });
        return ok({ psk });
      },
      sendRelay: (_to, packet) => {
        this.#relayed++;
        send({ type: 'relayed', packet });
      },
      sendUdp: (bytes, to) => this.#gate.send(bytes, to),
      handlers: {
        onUp: () => {},
        onDown: (_device, reason) => {
          throw new Error(`the session ended: ${reason}`);
        },
        onHandshakeFailed: (_device, code) => {
          throw new Error(`the handshake failed: ${code}`);
        },
        onStream: (_device, bytes) => this.onMessage(bytes),
        onStreamAcked: () => {
          this.#underWay--;
          this.onReady();
        },
        onRoute: (_device, route) => {
          if (route.kind === 'direct') this.#onDirect();
        },
        onNewerList: () => {},
      },
    });
  }

  async open(friend: SessionIdentity): Promise<void> {
    this.#friend = { ...friend, account: ACCOUNT, listVersion: 1 };
    await this.#gate.open(new SystemUdpFactory(), 0, silentLog);
  }

  /** Begins the handshake. */
  begin(): void {
    this.#sessions.ensure(this.#friend!.device);
  }

  /** Resolves when packets go from socket to socket. */
  direct(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the session found no direct path')), DIRECT_MS_MAX);
      this.#onDirect = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  handleNote(note: SessionNote): void {
    const from = this.#friend!.device;
    if (note.type === 'relayed') return this.#sessions.handleRelayed(from, note.packet);
    this.#sessions.handleIntroduction({ ...note, fromAccount: ACCOUNT, from });
  }

  send(message: Uint8Array): boolean {
    if (this.#underWay >= LONG_STREAMS_MAX) return false;
    const taken = this.#sessions.openStream(this.#friend!.device, message) !== undefined;
    if (taken) this.#underWay++;
    return taken;
  }

  /** Packets that went by the bench instead of the socket, this way. */
  get relayed(): number {
    return this.#relayed;
  }

  packets(): { sent: number; lost: number } {
    const { packets } = this.#sessions.session(this.#friend!.device)!.describe();
    return { sent: packets.packetsSent, lost: packets.packetsLost };
  }

  close(): void {
    this.#gate.close();
  }
}
