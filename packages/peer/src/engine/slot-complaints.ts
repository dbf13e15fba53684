import type { DeviceId } from '@magpie/common/ids.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import { INBOXES_MAX, SLOT_COMPLAINT_MS_MAX, SLOT_COMPLAINT_MS_MIN } from './limits.ts';

interface Complaints {
  readonly tell: () => void;
  /** What is lost before is told then. */
  nextAt: Instant;
  waitMs: number;
  timer: Timer | undefined;
}

/**
 * When a device is told that a slot of it could not be opened (DL56). That goes by a slot as well: two that can open
 * nothing of each other would answer one another for ever.
 */
export class SlotComplaints {
  readonly #clock: Clock;
  /** By device, the oldest first. */
  readonly #devices = new Map<DeviceId, Complaints>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param tell called at once, or when the wait is over; once for all that are lost until then */
  handleLost(device: DeviceId, tell: () => void): void {
    const known = this.#devices.get(device);
    if (!known) {
      this.#makeRoom();
      const fresh = { tell, nextAt: this.#clock.now(), waitMs: SLOT_COMPLAINT_MS_MIN, timer: undefined };
      this.#devices.set(device, fresh);
      this.#tell(fresh);
    } else if (this.#clock.now() >= known.nextAt) {
      this.#tell(known);
    } else {
      known.timer ??= this.#clock.setTimer(known.nextAt, () => this.#tell(known));
    }
  }

  /** Something of the device could be opened, so it can learn what could not. */
  handleOpened(device: DeviceId): void {
    const known = this.#devices.get(device);
    if (!known) return;
    this.#devices.delete(device);
    if (!known.timer) return;
    known.timer.cancel();
    known.tell();
  }

  stop(): void {
    for (const { timer } of this.#devices.values()) timer?.cancel();
    this.#devices.clear();
  }

  #tell(complaints: Complaints): void {
    complaints.timer?.cancel();
    complaints.timer = undefined;
    complaints.nextAt = after(this.#clock.now(), complaints.waitMs);
    complaints.waitMs = Math.min(SLOT_COMPLAINT_MS_MAX, 2 * complaints.waitMs);
    complaints.tell();
  }

  #makeRoom(): void {
    const [oldest] = this.#devices;
    if (!oldest || this.#devices.size < INBOXES_MAX) return;
    oldest[1].timer?.cancel();
    this.#devices.delete(oldest[0]);
  }
}
