import type { KeyPair } from '@magpie/common/channel/keys.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { InitiatorHandshake, PEER_PROTOCOL_VERSION, receiveInit, type SessionSecrets } from '../session/handshake.ts';
import {
  ANSWERS_REMEMBERED_PER_DEVICE,
  HANDSHAKE_MS_MAX,
  HANDSHAKE_RETRANSMIT_MS,
  INITIAL_RTT_MS,
} from '../session/limits.ts';
import type { FriendDevice } from './contact-book.ts';
import { HANDSHAKE_SPACING_MS } from './limits.ts';

export interface HandshakesOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly staticKey: KeyPair;
  readonly ownDevice: DeviceId;
  /** A friend's certified device, or undefined: then nothing of it is answered. */
  readonly friendDevice: (device: DeviceId) => FriendDevice | undefined;
  /** True while friends must not learn that this device has a link (R23): none is begun or answered. */
  readonly hidden?: () => boolean;
  readonly nextStamp: () => Promise<number>;
  readonly ownListVersion: () => number;
  /** Sends handshake message 1 through the server (R3). */
  readonly introduce: (to: DeviceId, packet: Uint8Array) => Promise<Result<{ readonly psk: Uint8Array }, string>>;
  readonly sendRelay: (to: DeviceId, packet: Uint8Array) => void;
  readonly newIndex: () => number;
  /** The keys are there; the initiator's session is confirmed by that, the responder's is not. */
  readonly onSecrets: (
    friend: FriendDevice,
    role: 'initiator' | 'responder',
    secrets: SessionSecrets,
    rttMs: number,
  ) => void;
  readonly onFailed: (device: DeviceId, code: string) => void;
  /** The friend's handshake named a newer device list than ours (R6). */
  readonly onNewerList: (device: DeviceId) => void;
}

interface Pending {
  readonly handshake: InitiatorHandshake;
  readonly startedAt: Instant;
  lastSentAt: Instant;
  sends: number;
  timer: Timer | undefined;
  /** A response that came before its psk did. */
  early: Uint8Array | undefined;
}

interface Answer {
  readonly init: Uint8Array;
  readonly response: Uint8Array;
}

/**
 * Handshakes outside a session: begun and answered through the server, retransmitted on a fixed schedule, and when both
 * sides begin at once only one goes through (R12). At most one of ours is under way per device.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #pending = new Map<DeviceId, Pending>();
  readonly #answers = new Map<DeviceId, Answer[]>();
  readonly #begunAt = new Map<DeviceId, Instant>();
  readonly #beginning = new Set<DeviceId>();
  #closed = false;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  underWay(device: DeviceId): boolean {
    return this.#pending.has(device) || this.#beginning.has(device);
  }

  devices(): readonly DeviceId[] {
    return [...this.#pending.keys()];
  }

  /** True when a receiver index is promised to a handshake that has not ended. */
  usesIndex(index: number): boolean {
    for (const { handshake } of this.#pending.values()) if (handshake.localIndex === index) return true;
    return false;
  }

  /** Begins one unless one was begun a moment ago: for what a stranger's packet or a silent peer sets off. */
  beginSpaced(device: DeviceId): void {
    const begunAt = this.#begunAt.get(device);
    if (begunAt !== undefined && this.#options.clock.now() - begunAt < HANDSHAKE_SPACING_MS) return;
    void this.begin(device);
  }

  handleIntroduction(frame: FrameOf<'introduction'>): void {
    const now = this.#options.clock.now();
    const friend = this.#options.friendDevice(frame.from);
    if (this.#isClosed() || !friend || friend.account !== frame.fromAccount) return;
    const known = this.#answers.get(frame.from)?.find(({ init }) => Buffer.compare(init, frame.packet) === 0);
    if (known) return this.#options.sendRelay(frame.from, known.response);
    const own = this.#pending.get(frame.from);
    if (own && this.#ownHandshakeWins(frame.from, own, now)) return;
    const received = receiveInit({
      packet: frame.packet,
      psk: frame.psk,
      staticKey: this.#options.staticKey,
      expectedStatic: friend.exchangeKey,
      random: this.#options.random,
    });
    if (!received.ok || !this.#acceptHello(friend, received.value.hello)) return;
    this.#dropPending(frame.from);
    // Nothing of ours has gone out, so there is nothing to be in two minds about (R12).
    this.#beginning.delete(frame.from);
    const localIndex = this.#options.newIndex();
    const { response, secrets } = received.value.answer(localIndex, {
      version: PEER_PROTOCOL_VERSION,
      features: 0,
      stamp: 0,
      deviceListVersion: this.#options.ownListVersion(),
    });
    this.#rememberAnswer(frame.from, { init: frame.packet.slice(), response });
    this.#options.onSecrets(friend, 'responder', secrets, INITIAL_RTT_MS);
    this.#options.sendRelay(frame.from, response);
  }

  handleResponse(device: DeviceId, packet: Uint8Array): void {
    const pending = this.#pending.get(device);
    const friend = this.#options.friendDevice(device);
    if (!pending || !friend) return;
    const secrets = pending.handshake.handleResponse(packet);
    if (!secrets.ok) {
      pending.early = packet;
      return;
    }
    if (!this.#acceptHello(friend, secrets.value.hello)) return this.#fail(device, 'device-list');
    const now = this.#options.clock.now();
    this.#dropPending(device);
    this.#options.onSecrets(friend, 'initiator', secrets.value, Math.max(1, now - pending.startedAt));
  }

  /** A handshake lives only as long as the connection that carried it: its psk would come on that one. */
  handleLinkDown(): void {
    for (const device of [...this.#pending.keys()]) this.#fail(device, 'link-down');
  }

  drop(device: DeviceId): void {
    this.#dropPending(device);
    this.#beginning.delete(device);
    this.#answers.delete(device);
  }

  close(): void {
    this.#closed = true;
    for (const device of [...this.#pending.keys()]) this.drop(device);
  }

  reopen(): void {
    this.#closed = false;
  }

  async begin(device: DeviceId): Promise<void> {
    if (this.#isClosed() || this.#pending.has(device) || this.#beginning.has(device)) return;
    const friend = this.#options.friendDevice(device);
    if (!friend) return;
    this.#beginning.add(device);
    this.#begunAt.set(device, this.#options.clock.now());
    const stamp = await this.#options.nextStamp().catch(() => undefined);
    if (!this.#beginning.delete(device)) return;
    if (stamp === undefined) return this.#fail(device, 'store-failed');
    if (this.#isClosed() || this.#pending.has(device)) return;
    const now = this.#options.clock.now();
    const localIndex = this.#options.newIndex();
    const handshake = new InitiatorHandshake({
      staticKey: this.#options.staticKey,
      remoteStatic: friend.exchangeKey,
      random: this.#options.random,
      localIndex,
      hello: {
        version: PEER_PROTOCOL_VERSION,
        features: 0,
        stamp,
        deviceListVersion: this.#options.ownListVersion(),
      },
    });
    const pending: Pending = {
      handshake,
      startedAt: now,
      lastSentAt: now,
      sends: 0,
      timer: undefined,
      early: undefined,
    };
    this.#pending.set(device, pending);
    this.#sendInit(device, pending);
  }

  #isClosed(): boolean {
    return this.#closed || this.#options.hidden?.() === true;
  }

  #sendInit(device: DeviceId, pending: Pending): void {
    const { clock } = this.#options;
    const now = clock.now();
    if (now - pending.startedAt >= HANDSHAKE_MS_MAX) return this.#fail(device, 'timed-out');
    pending.lastSentAt = now;
    pending.timer = clock.setTimer(after(now, retransmitMs(pending.sends++)), () => this.#sendInit(device, pending));
    void this.#options.introduce(device, pending.handshake.init).then((result) => {
      if (this.#pending.get(device) !== pending) return;
      // A refused retransmission is no reason to give up what an earlier one may still bring.
      if (!result.ok) return pending.sends === 1 ? this.#fail(device, result.error) : undefined;
      pending.handshake.addPsk(result.value.psk);
      if (pending.early) this.handleResponse(device, pending.early);
    });
  }

  /** R12: both began at once: the lower device id wins, while its own message is young. */
  #ownHandshakeWins(device: DeviceId, own: Pending, now: Instant): boolean {
    return this.#options.ownDevice < device && now - own.lastSentAt < retransmitMs(own.sends - 1);
  }

  #acceptHello(friend: FriendDevice, hello: SessionSecrets['hello']): boolean {
    if (hello.version < 1 || hello.deviceListVersion < friend.listVersion) return false;
    if (hello.deviceListVersion > friend.listVersion) this.#options.onNewerList(friend.device);
    return true;
  }

  #rememberAnswer(device: DeviceId, answer: Answer): void {
    const answers = this.#answers.get(device) ?? [];
    this.#answers.set(device, [...answers, answer].slice(-ANSWERS_REMEMBERED_PER_DEVICE));
  }

  #dropPending(device: DeviceId): void {
    this.#pending.get(device)?.timer?.cancel();
    this.#pending.delete(device);
  }

  #fail(device: DeviceId, code: string): void {
    this.#dropPending(device);
    this.#options.onFailed(device, code);
  }
}

function retransmitMs(sends: number): number {
  return HANDSHAKE_RETRANSMIT_MS[Math.min(Math.max(sends, 0), HANDSHAKE_RETRANSMIT_MS.length - 1)]!;
}
