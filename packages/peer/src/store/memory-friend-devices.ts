import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { NumberingOpening } from './store.ts';

/** One own numbering of a chat: how far numbers were given, and the first that no device has committed. */
export interface OwnNumbering {
  readonly incarnation: Incarnation;
  readonly givenUpTo: number;
  readonly firstOwed: number | undefined;
}

/** Where one own numbering stands toward one device of a friend: `from` is the first number meant for it. */
interface Progress {
  readonly from: number;
  readonly committedUpTo: number;
}

/** A numbering that began after the device was known. */
const FROM_THE_START: Progress = { from: 1, committedUpTo: 0 };

/** Which devices of friends get messages, and what of each own numbering each of them has (R19). */
export class MemoryFriendDevices {
  #progress = new Map<AccountNumber, ReadonlyMap<DeviceId, ReadonlyMap<Incarnation, Progress>>>();

  copy(): MemoryFriendDevices {
    const copy = new MemoryFriendDevices();
    copy.#progress = new Map(this.#progress);
    return copy;
  }

  meet(chat: AccountNumber, devices: readonly DeviceId[], numberings: readonly OwnNumbering[]): void {
    const fresh = new Map(
      numberings.map(({ incarnation, givenUpTo, firstOwed }) => {
        const from = firstOwed ?? givenUpTo + 1;
        return [incarnation, { from, committedUpTo: from - 1 }] as const;
      }),
    );
    const known = this.#progress.get(chat);
    this.#progress.set(chat, new Map(devices.map((device) => [device, known?.get(device) ?? fresh])));
  }

  chats(): readonly AccountNumber[] {
    return [...this.#progress.keys()].sort((a, b) => a - b);
  }

  devicesOf(chat: AccountNumber): readonly DeviceId[] {
    return [...(this.#progress.get(chat)?.keys() ?? [])].sort();
  }

  /** Undefined for a device that was not met. */
  progress(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): Progress | undefined {
    const ofDevice = this.#progress.get(chat)?.get(device);
    return ofDevice && (ofDevice.get(incarnation) ?? FROM_THE_START);
  }

  openings(chat: AccountNumber, device: DeviceId): readonly NumberingOpening[] {
    return [...(this.#progress.get(chat)?.get(device) ?? [])]
      .filter(([, { from, committedUpTo }]) => from > 1 && committedUpTo < from)
      .map(([incarnation, { from }]) => ({ incarnation, from }));
  }

  advance(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, committedUpTo: number): void {
    const ofChat = this.#progress.get(chat);
    const ofDevice = ofChat?.get(device);
    const before = this.progress(chat, device, incarnation);
    if (!ofChat || !ofDevice || !before || committedUpTo <= before.committedUpTo) return;
    const advanced = new Map(ofDevice).set(incarnation, { ...before, committedUpTo });
    this.#progress.set(chat, new Map(ofChat).set(device, advanced));
  }
}
