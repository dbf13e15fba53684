import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { CopyState, MailMark, MailTable, MessageRecord } from './message-tables.ts';

interface Mark extends MailMark {
  readonly expiresAt: WallMs;
  readonly current: boolean;
}

interface Told {
  readonly state: CopyState;
  readonly owed: boolean;
}

/** Mailboxes and own other devices of the memory store. Values are never changed in place. */
export class MemoryMail implements MailTable {
  /** By position. */
  #marks = new Map<number, ReadonlyMap<DeviceId, Mark>>();
  #keys = new Map<DeviceId, Uint8Array>();
  #ownDevices = new Map<DeviceId, number>();
  #told = new Map<DeviceId, Map<string, Told>>();

  copy(): MemoryMail {
    const copy = new MemoryMail();
    copy.#marks = new Map(this.#marks);
    copy.#keys = new Map(this.#keys);
    copy.#ownDevices = new Map(this.#ownDevices);
    copy.#told = new Map([...this.#told].map(([device, told]) => [device, new Map(told)]));
    return copy;
  }

  mark({ position, message: { id } }: MessageRecord, device: DeviceId, expiresAt: WallMs): void {
    const marks = new Map(this.#marks.get(position));
    this.#marks.set(position, marks.set(device, { position, id, device, expiresAt, current: true }));
  }

  outdate({ position }: MessageRecord): void {
    const marks = this.#marks.get(position);
    if (!marks) return;
    const outdated = [...marks].map(([device, mark]) => [device, { ...mark, current: false }] as const);
    this.#marks.set(position, new Map(outdated));
  }

  isMarked({ position }: MessageRecord, device: DeviceId): boolean {
    return this.#marks.get(position)?.get(device)?.current ?? false;
  }

  isAnywhere({ position }: MessageRecord): boolean {
    return this.#marks.has(position);
  }

  keptUntil({ position }: MessageRecord): WallMs | undefined {
    const marks = [...(this.#marks.get(position)?.values() ?? [])];
    return marks.length === 0 ? undefined : (Math.max(...marks.map(({ expiresAt }) => expiresAt)) as WallMs);
  }

  unmark({ position }: MessageRecord, device: DeviceId): boolean {
    const marks = this.#marks.get(position);
    if (!marks?.has(device)) return false;
    const left = new Map(marks);
    left.delete(device);
    if (left.size === 0) this.#marks.delete(position);
    else this.#marks.set(position, left);
    return true;
  }

  unmarkAll({ position }: MessageRecord): readonly DeviceId[] {
    const devices = [...(this.#marks.get(position)?.keys() ?? [])];
    this.#marks.delete(position);
    return devices;
  }

  marksOf(device: DeviceId): readonly MailMark[] {
    return this.#all().filter((mark) => mark.device === device);
  }

  expired(now: WallMs): readonly MailMark[] {
    return this.#all()
      .filter((mark) => mark.expiresAt <= now)
      .sort((a, b) => a.expiresAt - b.expiresAt || a.position - b.position);
  }

  saveKey(device: DeviceId, key: Uint8Array): void {
    this.#keys.set(device, key.slice());
  }

  key(device: DeviceId): Uint8Array | undefined {
    return this.#keys.get(device)?.slice();
  }

  forgetKey(device: DeviceId): void {
    this.#keys.delete(device);
  }

  ownDevices(): readonly { readonly device: DeviceId; readonly copiedTo: number }[] {
    return [...this.#ownDevices].map(([device, copiedTo]) => ({ device, copiedTo }));
  }

  saveOwnDevice(device: DeviceId, copiedTo: number): void {
    this.#ownDevices.set(device, copiedTo);
  }

  forgetOwnDevice(device: DeviceId): void {
    this.#ownDevices.delete(device);
    this.#told.delete(device);
  }

  told(device: DeviceId, chat: AccountNumber, incarnation: Incarnation): CopyState | undefined {
    return this.#told.get(device)?.get(`${chat}/${incarnation}`)?.state;
  }

  saveTold(device: DeviceId, state: CopyState, owed: boolean): void {
    const told = this.#told.get(device) ?? new Map<string, Told>();
    this.#told.set(device, told.set(`${state.chat}/${state.incarnation}`, { state, owed }));
  }

  untold(device: DeviceId): readonly CopyState[] {
    return [...(this.#told.get(device)?.values() ?? [])]
      .filter(({ owed }) => owed)
      .map(({ state }) => state)
      .sort((a, b) => a.chat - b.chat || (a.incarnation < b.incarnation ? -1 : 1));
  }

  #all(): readonly Mark[] {
    return [...this.#marks.values()].flatMap((marks) => [...marks.values()]).sort((a, b) => a.position - b.position);
  }
}
