import { toHex } from '@magpie/common/bytes/hex.ts';
import { encodeFrame, type FrameOf } from '@magpie/common/frames/frame.ts';
import { FRAME_TABLE } from '@magpie/common/frames/frame-table.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { RELAY_PACKET_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { Directory, LiveSession } from '../bus/directory.ts';
import type { ServerLimits } from '../limits.ts';

export const RELAY_CODE = FRAME_TABLE.relay.code;
const RELAYED_CODE = FRAME_TABLE.relayed.code;
const DEVICE_BYTES = 16;
const HEAD_BYTES = 1 + DEVICE_BYTES;

/** Devices that one sender's routes are remembered for; the oldest is forgotten first. */
const ROUTES_PER_SENDER_MAX = 64;
/** A refusal is told once per state; while packets keep coming it is told again after this long, in case it crossed a change. */
const REFUSED_AGAIN_MS = 1_000;

type RefusedReason = FrameOf<'relay-refused'>['reason'];

/** What is known of one (sender session, target device). */
interface Route {
  readonly device: DeviceId;
  readonly deviceBytes: Uint8Array;
  /** Directory generation for which `target` holds. */
  generation: number;
  target: LiveSession | undefined;
  /** Bytes handed to the target since its write queue was last empty. */
  queuedBytes: number;
  drainCount: number;
  refused: RefusedReason | undefined;
  refusedAt: number;
}

interface Sender {
  readonly routes: Map<DeviceId, Route>;
  last: Route | undefined;
}

/**
 * Forwards opaque packets between devices of friends. A relay frame and a relayed frame have the same layout (id,
 * device, packet), so a packet is passed on by rewriting the first 17 bytes of the frame it came in; no store is asked
 * and nothing is allocated on the way. The target's write queue is the only queue.
 */
export class Relay {
  readonly #directory: Directory;
  readonly #limits: ServerLimits;
  readonly #senders = new WeakMap<LiveSession, Sender>();
  #packets = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(directory: Directory, limits: ServerLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  get relayedPackets(): number {
    return this.#packets;
  }

  get relayedBytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /**
   * @param frame a whole `relay` frame as received; ours to rewrite
   * @returns false when it is malformed
   */
  forward(from: LiveSession, frame: Uint8Array, now: Instant): boolean {
    if (frame.length < HEAD_BYTES || frame.length > HEAD_BYTES + RELAY_PACKET_BYTES_MAX) return false;
    const route = this.#routeOf(from, frame);
    if (route.generation !== this.#directory.generation) this.#refresh(from, route);
    const target = route.target;
    if (!target) {
      this.#refuse(from, route, 'peer-gone', now);
      return true;
    }
    const wire = target.wire;
    if (route.drainCount !== wire.drainCount) {
      route.drainCount = wire.drainCount;
      route.queuedBytes = 0;
    }
    // Of one pair waits at most what came from it since the queue was empty, and at most all that waits.
    const waitingBytes = wire.queuedBytes;
    if (
      Math.min(route.queuedBytes, waitingBytes) + frame.length > this.#limits.relayQueuedBytesPerPair ||
      waitingBytes + frame.length > this.#limits.writeQueueSoftBytes
    ) {
      this.#refuse(from, route, 'overflow', now);
      return true;
    }
    route.queuedBytes += frame.length;
    route.refused = undefined;
    frame[0] = RELAYED_CODE;
    frame.set(from.deviceBytes, 1);
    this.#packets += 1;
    this.#bytes += frame.length - HEAD_BYTES;
    wire.send(frame);
    return true;
  }

  #routeOf(from: LiveSession, frame: Uint8Array): Route {
    let sender = this.#senders.get(from);
    if (!sender) {
      sender = { routes: new Map(), last: undefined };
      this.#senders.set(from, sender);
    }
    if (sender.last && isFor(frame, sender.last.deviceBytes)) return sender.last;
    const device = toHex(frame.subarray(1, HEAD_BYTES)) as DeviceId;
    let route = sender.routes.get(device);
    if (!route) {
      if (sender.routes.size >= ROUTES_PER_SENDER_MAX) sender.routes.delete(sender.routes.keys().next().value!);
      route = {
        device,
        deviceBytes: frame.slice(1, HEAD_BYTES),
        generation: -1,
        target: undefined,
        queuedBytes: 0,
        drainCount: -1,
        refused: undefined,
        refusedAt: 0,
      };
      sender.routes.set(device, route);
    }
    sender.last = route;
    return route;
  }

  #refresh(from: LiveSession, route: Route): void {
    const target = this.#directory.friendSession(from.account, route.device);
    if (target !== route.target) {
      route.target = target;
      route.drainCount = -1;
      route.refused = undefined;
    }
    route.generation = this.#directory.generation;
  }

  #refuse(from: LiveSession, route: Route, reason: RefusedReason, now: Instant): void {
    this.#dropped += 1;
    if (route.refused === reason && now - route.refusedAt < REFUSED_AGAIN_MS) return;
    route.refused = reason;
    route.refusedAt = now;
    from.wire.send(encodeFrame({ type: 'relay-refused', to: route.device, reason }));
  }
}

function isFor(frame: Uint8Array, deviceBytes: Uint8Array): boolean {
  for (let i = 0; i < DEVICE_BYTES; i++) if (frame[i + 1] !== deviceBytes[i]) return false;
  return true;
}
