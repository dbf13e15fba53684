import type { DeviceId } from '@magpie/common/ids.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import { SESSION_RETRY_MS_MAX, SESSION_RETRY_MS_MIN } from './limits.ts';

export interface PursuitOptions {
  readonly clock: Clock;
  /** False once a session is there, or the device is no friend's any more: the pursuit ends. */
  readonly wanted: (device: DeviceId) => boolean;
  readonly ensureSession: (device: DeviceId) => void;
}

/** DL13: devices that something waits for are tried again and again, at growing distances, until a session is there. */
export class Pursuit {
  readonly #options: PursuitOptions;
  readonly #tries = new Map<DeviceId, Timer>();
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
    if (!this.#stopped && !this.#tries.has(device)) this.#tryAfter(device, SESSION_RETRY_MS_MIN);
  }

  end(device: DeviceId): void {
    this.#tries.get(device)?.cancel();
    this.#tries.delete(device);
  }

  stop(): void {
    this.#stopped = true;
    for (const device of [...this.#tries.keys()]) this.end(device);
  }

  #tryAfter(device: DeviceId, waitMs: number): void {
    const { clock, wanted, ensureSession } = this.#options;
    const timer = clock.setTimer(after(clock.now(), waitMs), () => {
      this.#tries.delete(device);
      if (!wanted(device)) return;
      ensureSession(device);
      this.#tryAfter(device, Math.min(waitMs * 2, SESSION_RETRY_MS_MAX));
    });
    this.#tries.set(device, timer);
  }
}
