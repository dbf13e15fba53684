import { assert } from '@magpie/common/assert.ts';
import type { AccountNumber, DeviceId, MailId } from '@magpie/common/ids.ts';
import type { MailLoad } from './mail-rules.ts';
import type { MailKeyId, NewMail } from './store.ts';

/** One envelope with its sender. */
export interface MailRow extends NewMail {
  readonly fromAccount: AccountNumber;
  readonly from: DeviceId;
}

export interface PublishedKey extends MailKeyId {
  readonly key: Uint8Array;
}

/** The log of a device that has published a key. */
class Mailbox {
  published: PublishedKey;
  /** By position, ascending. */
  readonly mails = new Map<number, MailRow>();
  readonly byName = new Map<string, MailRow>();
  newestPosition = 0;

  constructor(published: PublishedKey) {
    this.published = published;
  }
}

type Change = (rows: MemoryMailRows) => void;

const NOTHING: MailLoad = { messages: 0, bytes: 0, slots: 0, slotBytes: 0 };

/** Mailboxes in memory. Rows are never changed in place; every change is told, to be played again on a second copy. */
export class MemoryMailRows {
  readonly #onChange: (change: Change) => void;
  readonly #boxes = new Map<DeviceId, Mailbox>();
  /** Of all in a log, of an account in it, of a device of that account in it. */
  readonly #loads = new Map<string, MailLoad>();
  #nextPosition = 1;
  #id: Uint8Array = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  copyTo(copy: MemoryMailRows): void {
    copy.#nextPosition = this.#nextPosition;
    copy.#id = this.#id;
    for (const [device, { published, mails, newestPosition }] of this.#boxes) {
      const own = new Mailbox(published);
      copy.#boxes.set(device, own);
      for (const mail of mails.values()) copy.#put(mail);
      own.newestPosition = newestPosition;
    }
  }

  get nextPosition(): number {
    return this.#nextPosition;
  }

  setNextPosition(position: number): void {
    this.#change((rows) => {
      rows.#nextPosition = position;
    });
  }

  get id(): Uint8Array {
    return this.#id;
  }

  /** What a restore does. */
  renewId(): void {
    const renewed = Uint8Array.from(this.#id);
    renewed[0] = (renewed[0]! + 1) % 256;
    this.#change((rows) => {
      rows.#id = renewed;
    });
  }

  published(device: DeviceId): PublishedKey | undefined {
    return this.#boxes.get(device)?.published;
  }

  publish(device: DeviceId, published: PublishedKey): void {
    this.#change((rows) => {
      const box = rows.#boxes.get(device);
      if (box) box.published = published;
      else rows.#boxes.set(device, new Mailbox(published));
    });
  }

  /** By position, ascending. */
  mailsOf(device: DeviceId): Iterable<MailRow> {
    return this.#boxes.get(device)?.mails.values() ?? [];
  }

  /** 0 in a log that never had one. */
  newestPosition(device: DeviceId): number {
    return this.#boxes.get(device)?.newestPosition ?? 0;
  }

  get mails(): readonly MailRow[] {
    return [...this.#boxes.values()].flatMap(({ mails }) => [...mails.values()]);
  }

  mailNamed(to: DeviceId, from: DeviceId, id: MailId): MailRow | undefined {
    return this.#boxes.get(to)?.byName.get(from + id);
  }

  /** @param from absent: everybody's. @param device absent: of all devices of that account */
  loadOf(to: DeviceId, from?: AccountNumber, device?: DeviceId): MailLoad {
    return this.#loads.get(loadName(to, from, device)) ?? NOTHING;
  }

  /** Its device has a key, and nothing at or above its position. */
  put(mail: MailRow): void {
    this.#change((rows) => rows.#put(mail));
  }

  drop(mail: MailRow): void {
    this.#change((rows) => rows.#drop(mail));
  }

  dropBox(device: DeviceId): void {
    if (!this.#boxes.has(device)) return;
    this.#change((rows) => {
      for (const mail of rows.mailsOf(device)) rows.#drop(mail);
      rows.#boxes.delete(device);
    });
  }

  #change(change: Change): void {
    change(this);
    this.#onChange(change);
  }

  #put(mail: MailRow): void {
    const box = this.#boxes.get(mail.to);
    assert(box, 'mail only for a device with a key');
    box.mails.set(mail.position, mail);
    box.byName.set(mail.from + mail.id, mail);
    box.newestPosition = mail.position;
    this.#weigh(mail, 1);
  }

  #drop(mail: MailRow): void {
    const box = this.#boxes.get(mail.to);
    box?.mails.delete(mail.position);
    box?.byName.delete(mail.from + mail.id);
    this.#weigh(mail, -1);
  }

  #weigh({ to, fromAccount, from, kind, envelope }: MailRow, sign: 1 | -1): void {
    for (const name of [loadName(to), loadName(to, fromAccount), loadName(to, fromAccount, from)]) {
      const { messages, bytes, slots, slotBytes } = this.#loads.get(name) ?? NOTHING;
      const load =
        kind === 'slot'
          ? { messages, bytes, slots: slots + sign, slotBytes: slotBytes + sign * envelope.length }
          : { messages: messages + sign, bytes: bytes + sign * envelope.length, slots, slotBytes };
      if (load.messages + load.slots === 0) this.#loads.delete(name);
      else this.#loads.set(name, load);
    }
  }
}

function loadName(to: DeviceId, from?: AccountNumber, device?: DeviceId): string {
  return `${to} ${from ?? ''} ${device ?? ''}`;
}
