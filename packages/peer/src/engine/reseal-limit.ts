import type { DeviceId, MailId } from '@magpie/common/ids.ts';
import { after, type Clock, type Instant } from '@magpie/common/time.ts';
import { RESEAL_DEVICES_MAX, RESEALED_PER_DEVICE_MAX, RESEALS_MAX, RESEALS_WITHIN_MS } from './limits.ts';

interface Resealed {
  /** Counted anew from then on. */
  readonly until: Instant;
  readonly times: Map<MailId, number>;
}

/** DL24: whatever a device says, one mail is not sealed for it again and again. In memory only: a restart begins anew. */
export class ResealLimit {
  readonly #clock: Clock;
  readonly #devices = new Map<DeviceId, Resealed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  allows(device: DeviceId, id: MailId): boolean {
    const times = this.#current(device)?.times;
    if (!times) return true;
    const before = times.get(id);
    return before === undefined ? times.size < RESEALED_PER_DEVICE_MAX : before < RESEALS_MAX;
  }

  note(device: DeviceId, id: MailId): void {
    const { times } = this.#current(device) ?? this.#begin(device);
    times.set(id, (times.get(id) ?? 0) + 1);
  }

  /** It was sealed as often as it may be, and named once more. @returns false when that is known, or it never was sealed */
  bar(device: DeviceId, id: MailId): boolean {
    const times = this.#current(device)?.times;
    if (times?.get(id) !== RESEALS_MAX) return false;
    times.set(id, RESEALS_MAX + 1);
    return true;
  }

  /** It is sealed for the device no more, until it is counted anew. */
  isBarred(device: DeviceId, id: MailId): boolean {
    return (this.#current(device)?.times.get(id) ?? 0) > RESEALS_MAX;
  }

  #current(device: DeviceId): Resealed | undefined {
    const known = this.#devices.get(device);
    return known && this.#clock.now() < known.until ? known : undefined;
  }

  #begin(device: DeviceId): Resealed {
    this.#devices.delete(device);
    const [oldest] = this.#devices.keys();
    if (oldest !== undefined && this.#devices.size >= RESEAL_DEVICES_MAX) this.#devices.delete(oldest);
    const fresh = { until: after(this.#clock.now(), RESEALS_WITHIN_MS), times: new Map<MailId, number>() };
    this.#devices.set(device, fresh);
    return fresh;
  }
}
