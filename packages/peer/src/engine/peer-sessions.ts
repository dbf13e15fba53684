import type { KeyPair } from '@magpie/common/channel/keys.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { Endpoint } from '@magpie/common/net.ts';
import { decodeHeader, packetTypeOf } from '@magpie/common/packets/header.ts';
import type { Candidate } from '@magpie/common/packets/packet.ts';
import { type RandomSource, randomUint32 } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Clock, Instant, Timer } from '@magpie/common/time.ts';
import type { Route } from '../path/path-agent.ts';
import type { SessionSecrets } from '../session/handshake.ts';
import { type Hop, Session, type SessionRoad } from '../session/session.ts';
import type { FriendDevice } from './contact-book.ts';
import { Handshakes } from './handshakes.ts';

export interface PeerSessionsOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly staticKey: KeyPair;
  readonly ownDevice: DeviceId;
  /** A friend's certified device, or undefined: then nothing of it is answered. */
  readonly friendDevice: (device: DeviceId) => FriendDevice | undefined;
  /** True while friends must not learn that this device has a link (R23): no handshake is begun or answered. */
  readonly hidden?: () => boolean;
  /** Asked anew after `handleDirectPolicy`. */
  readonly directAllowed: (device: DeviceId) => boolean;
  readonly localCandidates: () => readonly Candidate[];
  readonly nextStamp: () => Promise<number>;
  readonly ownListVersion: () => number;
  /** Sends handshake message 1 through the server (R3). */
  readonly introduce: (to: DeviceId, packet: Uint8Array) => Promise<Result<{ readonly psk: Uint8Array }, string>>;
  readonly sendRelay: (to: DeviceId, packet: Uint8Array) => void;
  readonly sendUdp: (bytes: Uint8Array, to: Endpoint) => void;
  readonly handlers: PeerSessionsHandlers;
}

export interface PeerSessionsHandlers {
  onUp(device: DeviceId): void;
  onDown(device: DeviceId, reason: string): void;
  onHandshakeFailed(device: DeviceId, code: string): void;
  onStream(device: DeviceId, bytes: Uint8Array, road: SessionRoad): void;
  onStreamAcked(device: DeviceId, stream: number, road: SessionRoad): void;
  onRoute(device: DeviceId, route: Route, reason: string): void;
  /** The friend's handshake named a newer device list than ours (R6). */
  onNewerList(device: DeviceId): void;
}

interface Entry {
  readonly device: DeviceId;
  readonly session: Session;
  timer: Timer | undefined;
  timerAt: Instant | undefined;
  draining: boolean;
  reason: string;
}

/**
 * All sessions of this peer: begins and answers handshakes through the server, finds the session of a packet by its
 * receiver index, and is the loop that drives each Session. One confirmed session per friend device; a newer one
 * replaces it once it is confirmed, never before (a replayed init thus ends nothing).
 */
export class PeerSessions {
  readonly #options: PeerSessionsOptions;
  readonly #current = new Map<DeviceId, Entry>();
  readonly #unconfirmed = new Map<DeviceId, Entry>();
  readonly #byIndex = new Map<number, Entry>();
  readonly #handshakes: Handshakes;

  constructor(options: PeerSessionsOptions) {
    this.#options = options;
    const { handlers } = options;
    this.#handshakes = new Handshakes({
      ...options,
      newIndex: () => this.#newIndex(),
      onSecrets: (friend, role, secrets, rttMs) => this.#open(friend, role, secrets, rttMs),
      onFailed: (device, code) => handlers.onHandshakeFailed(device, code),
      onNewerList: (device) => handlers.onNewerList(device),
    });
  }

  /** The confirmed session with a device. */
  session(device: DeviceId): Session | undefined {
    return this.#current.get(device)?.session;
  }

  state(device: DeviceId): 'none' | 'handshaking' | 'established' {
    if (this.#current.has(device)) return 'established';
    return this.#handshakes.underWay(device) ? 'handshaking' : 'none';
  }

  reason(device: DeviceId): string {
    return this.#current.get(device)?.reason ?? '';
  }

  /** Begins a handshake unless a session or another handshake is there. */
  ensure(device: DeviceId): void {
    if (!this.#current.has(device)) void this.#handshakes.begin(device);
  }

  /** Begins a handshake although a session exists: the other program seems to have started anew. */
  renew(device: DeviceId): void {
    this.#handshakes.beginSpaced(device);
  }

  openStream(device: DeviceId, bytes: Uint8Array): number | undefined {
    const entry = this.#current.get(device);
    if (!entry) return undefined;
    const stream = entry.session.openStream(bytes, this.#options.clock.now());
    this.#drain(entry);
    return stream.ok ? stream.value : undefined;
  }

  /** Is the device's program still the one we have a session with? */
  probe(device: DeviceId): void {
    const entry = this.#current.get(device);
    if (!entry) return;
    entry.session.ping(this.#options.clock.now());
    this.#drain(entry);
  }

  handleIntroduction(frame: FrameOf<'introduction'>): void {
    this.#handshakes.handleIntroduction(frame);
  }

  handleRelayed(from: DeviceId, packet: Uint8Array): void {
    switch (packetTypeOf(packet)) {
      case 'response':
        return this.#handshakes.handleResponse(from, packet);
      case 'data': {
        const entry = this.#entryOf(packet);
        // Only the friend device that shares the session may use it, whatever index it names.
        if (entry) {
          if (entry.device === from) this.#handlePacket(entry, packet, 'relay');
        } else if (this.#options.friendDevice(from)) this.renew(from);
        return;
      }
      default:
        return;
    }
  }

  handleDatagram(bytes: Uint8Array, from: Endpoint): void {
    const entry = this.#entryOf(bytes);
    if (entry) this.#handlePacket(entry, bytes, from);
  }

  /** The link to the server is up (again): what waited in the old one is sent anew. */
  handleLinkUp(): void {
    const now = this.#options.clock.now();
    for (const entry of [...this.#current.values()]) {
      entry.session.relayRestored(now);
      this.#drain(entry);
    }
  }

  handleLinkDown(): void {
    this.#handshakes.handleLinkDown();
  }

  /** @param changed the machine's own addresses changed, not only what is known of them */
  handleCandidates(changed: boolean): void {
    const now = this.#options.clock.now();
    for (const entry of [...this.#current.values()]) {
      if (changed) entry.session.networkChanged(now);
      entry.session.setLocalCandidates(this.#options.localCandidates(), now);
      this.#drain(entry);
    }
  }

  /** The user's choice may have changed: running sessions leave their direct paths at once, or look for one again. */
  handleDirectPolicy(): void {
    const { clock, directAllowed, handlers } = this.#options;
    for (const entry of [...this.#current.values(), ...this.#unconfirmed.values()]) {
      const { device, session } = entry;
      if (!session.setDirectAllowed(directAllowed(device), clock.now())) continue;
      this.#drain(entry);
      handlers.onRoute(device, session.route, entry.reason);
    }
  }

  close(device: DeviceId, code: number): void {
    this.#handshakes.drop(device);
    for (const entries of [this.#current, this.#unconfirmed]) {
      const entry = entries.get(device);
      if (!entry) continue;
      entry.session.close(code, this.#options.clock.now());
      this.#drain(entry);
    }
  }

  closeAll(code: number): void {
    this.#handshakes.close();
    for (const device of this.devices()) this.close(device, code);
  }

  /** After `closeAll`, when there is a link again. */
  reopen(): void {
    this.#handshakes.reopen();
  }

  /** Devices with a session or a handshake under way. */
  devices(): readonly DeviceId[] {
    return [...new Set([...this.#current.keys(), ...this.#unconfirmed.keys(), ...this.#handshakes.devices()])];
  }

  #open(friend: FriendDevice, role: 'initiator' | 'responder', secrets: SessionSecrets, initialRttMs: number): void {
    const { device } = friend;
    const session = new Session({
      role,
      secrets,
      staticKey: this.#options.staticKey,
      remoteStatic: friend.exchangeKey,
      random: this.#options.random,
      now: this.#options.clock.now(),
      controlling: this.#options.ownDevice < device,
      direct: this.#options.directAllowed(device),
      initialRttMs,
      newIndex: () => this.#newIndex(),
    });
    const entry: Entry = { device, session, timer: undefined, timerAt: undefined, draining: false, reason: 'start' };
    const before = this.#unconfirmed.get(device);
    if (before) this.#remove(before);
    this.#unconfirmed.set(device, entry);
    this.#index(entry);
    this.#drain(entry);
  }

  #handlePacket(entry: Entry, bytes: Uint8Array, from: Hop): void {
    entry.session.handlePacket(bytes, from, this.#options.clock.now());
    this.#drain(entry);
  }

  /** Drives one session until it is quiet. Handlers may send on it meanwhile: then the loop simply goes on. */
  #drain(entry: Entry): void {
    if (entry.draining) return;
    entry.draining = true;
    for (let busy = true; busy; ) {
      busy = false;
      const now = this.#options.clock.now();
      for (let event = entry.session.pollEvent(); event; event = entry.session.pollEvent()) {
        busy = true;
        this.#handleEvent(entry, event);
      }
      for (let out = entry.session.pollTransmit(now); out; out = entry.session.pollTransmit(now)) {
        busy = true;
        if (out.to === 'relay') this.#options.sendRelay(entry.device, out.bytes);
        else this.#options.sendUdp(out.bytes, out.to);
      }
    }
    entry.draining = false;
    this.#arm(entry);
  }

  #handleEvent(entry: Entry, event: NonNullable<ReturnType<Session['pollEvent']>>): void {
    const { device } = entry;
    const { handlers } = this.#options;
    switch (event.type) {
      case 'confirmed':
        return this.#promote(entry);
      case 'stream':
        if (this.#current.get(device) === entry) handlers.onStream(device, event.bytes, event.road);
        return;
      case 'stream-acked':
        if (this.#current.get(device) === entry) handlers.onStreamAcked(device, event.stream, event.road);
        return;
      case 'route':
        entry.reason = event.reason;
        return handlers.onRoute(device, event.route, event.reason);
      case 'indices':
        return this.#index(entry);
      case 'doubt':
        return this.renew(device);
      case 'ended':
        return this.#handleEnded(entry, event.reason);
    }
  }

  #promote(entry: Entry): void {
    const { device } = entry;
    const before = this.#current.get(device);
    if (this.#unconfirmed.get(device) === entry) this.#unconfirmed.delete(device);
    this.#current.set(device, entry);
    if (before && before !== entry) {
      this.#remove(before);
      this.#options.handlers.onDown(device, 'replaced');
    }
    entry.session.setLocalCandidates(this.#options.localCandidates(), this.#options.clock.now());
    this.#options.handlers.onUp(device);
  }

  #handleEnded(entry: Entry, reason: string): void {
    const wasCurrent = this.#current.get(entry.device) === entry;
    if (wasCurrent) this.#current.delete(entry.device);
    if (this.#unconfirmed.get(entry.device) === entry) this.#unconfirmed.delete(entry.device);
    this.#remove(entry);
    if (wasCurrent) this.#options.handlers.onDown(entry.device, reason);
  }

  #remove(entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    for (const [index, one] of this.#byIndex) if (one === entry) this.#byIndex.delete(index);
  }

  #index(entry: Entry): void {
    for (const [index, one] of this.#byIndex) if (one === entry) this.#byIndex.delete(index);
    for (const index of entry.session.indices) this.#byIndex.set(index, entry);
  }

  #entryOf(packet: Uint8Array): Entry | undefined {
    const header = decodeHeader(packet);
    return header && this.#byIndex.get(header.receiverIndex);
  }

  #newIndex(): number {
    for (;;) {
      const index = randomUint32(this.#options.random);
      if (!this.#byIndex.has(index) && !this.#handshakes.usesIndex(index)) return index;
    }
  }

  #arm(entry: Entry): void {
    const at = entry.session.pollTimeout();
    if (entry.timer && at === entry.timerAt) return;
    entry.timer?.cancel();
    entry.timerAt = at;
    entry.timer =
      at === undefined
        ? undefined
        : this.#options.clock.setTimer(at, () => {
            entry.timer = undefined;
            entry.session.handleTimeout(this.#options.clock.now());
            this.#drain(entry);
          });
  }
}
