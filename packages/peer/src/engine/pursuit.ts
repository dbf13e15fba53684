import type { DeviceId } from '@magpie/common/ids.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { SESSION_RETRY_MS_MAX, SESSION_RETRY_MS_MIN } from './limits.ts';

export interface PursuitOptions {
  readonly clock: Clock;
  /** False once a session is there, or the device is no friend's any more: the pursuit ends. */
  readonly wanted: (device: DeviceId) => boolean;
  readonly ensureSession: (device: DeviceId) => void;
}

interface Waited {
  readonly nextMs: number;
  readonly at: Instant;
}

/**
 * DL13: devices that something waits for are tried again and again, at growing distances, until a session is there. The
 * distances go on growing over sessions that bring nothing: a friend whose disk is full ends each of them at once.
 */
export class Pursuit {
  readonly #options: PursuitOptions;
  readonly #tries = new Map<DeviceId, Timer>();
  /** Until something was brought; where that is learned by other ways, it is forgotten after a while. */
  readonly #waited = new Map<DeviceId, Waited>();
  #stopped = false;

  constructor(options: PursuitOptions) {
    this.#options = options;
  }

  has(device: DeviceId): boolean {
    return this.#tries.has(device);
  }

  /** A session now, and another try later should nothing come of it. */
  begin(device: DeviceId): void {
    if (this.#stopped) return;
    this.#options.ensureSession(device);
    this.beginLater(device);
  }

  beginLater(device: DeviceId): void {
    if (!this.#stopped && !this.#tries.has(device)) this.#tryAfter(device, this.#waitMs(device));
  }

  /** A session is there. */
  end(device: DeviceId): void {
    this.#tries.get(device)?.cancel();
    this.#tries.delete(device);
  }

  /** A session has brought something, or the device has just come: what was in vain before says nothing any more. */
  handleProgress(device: DeviceId): void {
    this.#waited.delete(device);
  }

  stop(): void {
    this.#stopped = true;
    for (const device of [...this.#tries.keys()]) this.end(device);
  }

  #waitMs(device: DeviceId): number {
    const waited = this.#waited.get(device);
    const isOld = waited && this.#options.clock.now() >= after(waited.at, 3 * SESSION_RETRY_MS_MAX);
    return waited && !isOld ? waited.nextMs : SESSION_RETRY_MS_MIN;
  }

  #tryAfter(device: DeviceId, waitMs: number): void {
    const { clock, wanted, ensureSession } = this.#options;
    const nextMs = Math.min(waitMs * 2, SESSION_RETRY_MS_MAX);
    this.#waited.set(device, { nextMs, at: clock.now() });
    const timer = clock.setTimer(after(clock.now(), waitMs), () => {
      this.#tries.delete(device);
      if (!wanted(device)) return;
      ensureSession(device);
      this.#tryAfter(device, nextMs);
    });
    this.#tries.set(device, timer);
  }
}
