import type { HybridStamp } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { STAMP_ZERO } from './hybrid-clock.ts';
import type {
  HeldContent,
  Numbering,
  NumberingKind,
  NumberingPlace,
  NumberingTable,
  Progress,
} from './message-tables.ts';
import type { NumberingPage } from './store.ts';

type ByNumbering<T> = Map<string, T>;

/** Clocks, numberings, friends' devices and held contents of the memory store. Values are never changed in place. */
export class MemoryNumberings implements NumberingTable {
  #clocks = new Map<AccountNumber, HybridStamp>();
  /** By chat and kind, then by incarnation and device, in the order in which they began. */
  #numberings = new Map<string, ByNumbering<Numbering>>();
  #untold = new Map<string, Numbering>();
  /** By chat, device, incarnation. */
  #progress = new Map<AccountNumber, Map<DeviceId, Map<Incarnation, Progress>>>();
  #lacking = new Map<string, Map<Incarnation, Progress>>();
  /** By chat and device, then by incarnation, then by number. */
  #held = new Map<string, Map<Incarnation, Map<number, HeldContent>>>();

  copy(): MemoryNumberings {
    const copy = new MemoryNumberings();
    copy.#clocks = new Map(this.#clocks);
    copy.#numberings = mapped(this.#numberings, (each) => new Map(each));
    copy.#untold = new Map(this.#untold);
    copy.#progress = mapped(this.#progress, (devices) => mapped(devices, (each) => new Map(each)));
    copy.#lacking = mapped(this.#lacking, (each) => new Map(each));
    copy.#held = mapped(this.#held, (numberings) => mapped(numberings, (each) => new Map(each)));
    return copy;
  }

  clock(chat: AccountNumber): HybridStamp {
    return this.#clocks.get(chat) ?? STAMP_ZERO;
  }

  saveClock(chat: AccountNumber, stamp: HybridStamp): void {
    this.#clocks.set(chat, { wallMs: stamp.wallMs, counter: stamp.counter });
  }

  clocksAfter(wallMs: WallMs): readonly AccountNumber[] {
    return [...this.#clocks].filter(([, clock]) => clock.wallMs > wallMs).map(([chat]) => chat);
  }

  numbering(place: NumberingPlace): Numbering | undefined {
    const found = this.#numberings.get(`${place.chat}/${place.kind}`)?.get(keyOf(place));
    return found?.device === place.device ? found : undefined;
  }

  own(chat: AccountNumber, incarnation: Incarnation): Numbering | undefined {
    return this.#numberings.get(`${chat}/out`)?.get(incarnation);
  }

  save(numbering: Numbering): void {
    const group = `${numbering.chat}/${numbering.kind}`;
    const numberings = this.#numberings.get(group) ?? new Map<string, Numbering>();
    this.#numberings.set(group, numberings.set(keyOf(numbering), numbering));
    if (numbering.kind !== 'in') return;
    const { upTo, readTo, toldTo, toldReadTo } = numbering;
    const key = `${numbering.chat}/${keyOf(numbering)}`;
    if (upTo > toldTo || readTo > toldReadTo) this.#untold.set(key, numbering);
    else this.#untold.delete(key);
  }

  all(chat: AccountNumber, kind: NumberingKind): readonly Numbering[] {
    return [...(this.#numberings.get(`${chat}/${kind}`)?.values() ?? [])];
  }

  receivedOf(chat: AccountNumber, device: DeviceId): number {
    return this.all(chat, 'in').filter((numbering) => numbering.device === device).length;
  }

  received(chat: AccountNumber, { device, limit, skip }: NumberingPage): readonly Numbering[] {
    const ofDevice = this.all(chat, 'in').filter((numbering) => numbering.device === device);
    const end = Math.max(0, ofDevice.length - skip);
    return ofDevice.slice(Math.max(0, end - limit), end);
  }

  untold(chat: AccountNumber | undefined, limit: number): readonly Numbering[] {
    const counts = new Map<string, number>();
    const mayCount = (numbering: Numbering): boolean => {
      const device = `${numbering.chat}/${numbering.device}`;
      const count = (counts.get(device) ?? 0) + 1;
      counts.set(device, count);
      return count <= limit;
    };
    return [...this.#untold.values()]
      .filter((numbering) => chat === undefined || numbering.chat === chat)
      .filter((numbering) => this.isMet(numbering.chat, numbering.device) && mayCount(numbering))
      .sort((a, b) => a.chat - b.chat || compareText(a.device, b.device));
  }

  devicesMet(chat: AccountNumber): readonly DeviceId[] {
    return [...(this.#progress.get(chat)?.keys() ?? [])];
  }

  isMet(chat: AccountNumber, device: DeviceId): boolean {
    return this.#progress.get(chat)?.has(device) ?? false;
  }

  meet(chat: AccountNumber, device: DeviceId): void {
    const devices = this.#progress.get(chat) ?? new Map<DeviceId, Map<Incarnation, Progress>>();
    this.#progress.set(chat, devices.set(device, new Map()));
  }

  forget(chat: AccountNumber, device: DeviceId): void {
    this.#progress.get(chat)?.delete(device);
    this.#lacking.delete(`${chat}/${device}`);
  }

  progress(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): Progress | undefined {
    return this.#progress.get(chat)?.get(device)?.get(incarnation);
  }

  saveProgress(progress: Progress): void {
    const { chat, device, incarnation } = progress;
    this.#progress.get(chat)?.get(device)?.set(incarnation, progress);
    const key = `${chat}/${device}`;
    const lacking = this.#lacking.get(key) ?? new Map<Incarnation, Progress>();
    if (progress.lacks) lacking.set(incarnation, progress);
    else lacking.delete(incarnation);
    this.#lacking.set(key, lacking);
  }

  lacking(chat: AccountNumber, device: DeviceId): readonly Progress[] {
    return [...(this.#lacking.get(`${chat}/${device}`)?.values() ?? [])];
  }

  devicesLacking(): readonly { readonly chat: AccountNumber; readonly device: DeviceId }[] {
    return [...this.#lacking.values()]
      .flatMap((lacking) => [...lacking.values()].slice(0, 1))
      .map(({ chat, device }) => ({ chat, device }))
      .sort((a, b) => a.chat - b.chat || compareText(a.device, b.device));
  }

  unopened(chat: AccountNumber, device: DeviceId): readonly Progress[] {
    return [...(this.#progress.get(chat)?.get(device)?.values() ?? [])]
      .filter(({ first, upTo }) => first > 1 && upTo < first)
      .sort((a, b) => compareText(a.incarnation, b.incarnation));
  }

  tails(
    chat: AccountNumber,
    device: DeviceId,
    limit: number,
    skip: number,
  ): readonly { readonly incarnation: Incarnation; readonly upTo: number }[] {
    return [...this.all(chat, 'out')]
      .reverse()
      .map(({ incarnation, upTo, keptTo }) => ({ incarnation, upTo: Math.min(upTo, keptTo) }))
      .filter(({ incarnation, upTo }) => upTo >= (this.progress(chat, device, incarnation)?.first ?? upTo + 1))
      .slice(skip, skip + limit);
  }

  hold(chat: AccountNumber, device: DeviceId, held: HeldContent): void {
    const { incarnation, sequence } = held.content;
    const ofDevice = this.#held.get(`${chat}/${device}`) ?? new Map<Incarnation, Map<number, HeldContent>>();
    this.#held.set(`${chat}/${device}`, ofDevice);
    ofDevice.set(incarnation, (ofDevice.get(incarnation) ?? new Map<number, HeldContent>()).set(sequence, held));
  }

  isHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): boolean {
    return this.#held.get(`${chat}/${device}`)?.get(incarnation)?.has(sequence) ?? false;
  }

  heldOf(chat: AccountNumber, device: DeviceId): number {
    const numberings = this.#held.get(`${chat}/${device}`)?.values() ?? [];
    return [...numberings].reduce((sum, { size }) => sum + size, 0);
  }

  takeHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): HeldContent | undefined {
    const ofDevice = this.#held.get(`${chat}/${device}`);
    const numbering = ofDevice?.get(incarnation);
    const held = numbering?.get(sequence);
    numbering?.delete(sequence);
    if (numbering?.size === 0) ofDevice?.delete(incarnation);
    return held;
  }

  dropHeldBelow(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): void {
    const numbering = this.#held.get(`${chat}/${device}`)?.get(incarnation);
    for (const number of [...(numbering?.keys() ?? [])]) {
      if (number < sequence) this.takeHeld(chat, device, incarnation, number);
    }
  }

  heldNumbers(chat: AccountNumber | undefined) {
    return [...this.#held]
      .flatMap(([place, numberings]) => {
        const [ofChat, device] = place.split('/');
        return [...numberings].flatMap(([incarnation, numbers]) =>
          [...numbers.keys()].map((sequence) => ({
            chat: Number(ofChat) as AccountNumber,
            device: device as DeviceId,
            incarnation,
            sequence,
          })),
        );
      })
      .filter((held) => chat === undefined || held.chat === chat)
      .sort(
        (a, b) =>
          a.chat - b.chat ||
          compareText(a.device, b.device) ||
          compareText(a.incarnation, b.incarnation) ||
          a.sequence - b.sequence,
      );
  }
}

/** An own numbering is of this device alone. */
function keyOf({ kind, incarnation, device }: Pick<NumberingPlace, 'kind' | 'incarnation' | 'device'>): string {
  return kind === 'out' ? incarnation : `${incarnation}/${device}`;
}

function mapped<K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): Map<K, V> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
