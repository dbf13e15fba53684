import { assert } from '@magpie/common/assert.ts';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import {
  dropStep,
  isNewerKey,
  isSameKey,
  MAIL_DROP_MAX,
  type MailPlace,
  mailRefusal,
  positionFloor,
} from './mail-rules.ts';
import type { BoxColumns, CountedColumns, MailColumns, MailStatements } from './sqlite-mail-statements.ts';
import type { SqliteRoster } from './sqlite-roster.ts';
import { bytesOf } from './sqlite-rows.ts';
import type { Fence, MailError, MailKeyId, MailLeft, MailQuota, NewMail, StoredMail } from './store.ts';
import { type CallsOf, pageOf, type StoreAnswer } from './store-calls.ts';

/** A device, in the log of another. */
type Sender = Pick<CountedColumns, 'box' | 'account' | 'device'>;

/** The mailboxes in SQL. */
export class SqliteMail implements CallsOf<'mail'> {
  readonly #sql: MailStatements;
  readonly #roster: SqliteRoster;

  constructor(sql: MailStatements, roster: SqliteRoster) {
    this.#sql = sql;
    this.#roster = roster;
  }

  reserveMailPositions(count: number, now: WallMs): number {
    return this.#sql.reserve.get({ floor: positionFloor(now), count })!;
  }

  mailboxId(): Uint8Array {
    return bytesOf(this.#sql.id.get()!);
  }

  appendMail(by: Fence, mail: NewMail, quota: MailQuota): Result<void, MailError> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    const to = fromHex(mail.to);
    const box = this.#sql.box.get(to);
    if (!box) return err(this.#isOpenTo(by, this.#sql.activeOwner.get(to)) ? 'no-mail-key' : 'not-friends');
    if (!this.#isOpenTo(by, box.account)) return err('not-friends');
    assert(mail.position > box.newest, 'positions of a log rise');
    const sender: Sender = { box: box.box, account: by.account, device: fromHex(by.device) };
    const place = this.#placeOf(sender, box);
    const id = fromHex(mail.id);
    const refusal = mailRefusal(mail, place, quota);
    if (!refusal && this.#put(sender, id, mail)) return ok(undefined);
    const replaced = this.#sql.mailNamed.get(sender.box, sender.device, id);
    return replaced ? this.#replace(sender, replaced, mail, place, quota) : err(refusal!);
  }

  mailAfter(device: DeviceId, after: number, now: WallMs, limit: number, bytesMax: number): StoreAnswer<'mailAfter'> {
    const entries: StoredMail[] = [];
    let bytes = 0;
    const box = this.#sql.boxOf.get(fromHex(device));
    if (box === undefined) return { entries, last: true };
    for (const row of this.#sql.mailAfter.iterate(box, after, now)) {
      bytes += row.envelope.length;
      const isFull = entries.length >= pageOf(limit) || (entries.length > 0 && bytes > bytesMax);
      if (isFull) return { entries, last: false };
      entries.push(mailOf(row));
    }
    return { entries, last: true };
  }

  ackMail(by: Fence, upTo: number): Result<MailLeft, 'stale-epoch'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    const box = this.#sql.boxOf.get(fromHex(by.device));
    if (box === undefined) return ok({ left: 0, oldestKey: undefined, more: false });
    this.#dropStep(this.#sql.mailsUpTo.all(box, upTo, MAIL_DROP_MAX));
    const oldest = this.#sql.oldest.get(box);
    const oldestKey = oldest && { generation: oldest.generation, step: oldest.step };
    return ok({ left: this.#sql.left.get(box)!, oldestKey, more: oldest !== undefined && oldest.position <= upTo });
  }

  setMailKey(by: Fence, { generation, step }: MailKeyId, key: Uint8Array): Result<void, 'stale-epoch' | 'older-key'> {
    if (!this.#roster.isCurrent(by)) return err('stale-epoch');
    const device = fromHex(by.device);
    const published = this.#sql.publishedKey.get(device);
    const id: MailKeyId = { generation, step };
    if (published && isSameKey(id, published) && equalBytes(key, published.key)) return ok(undefined);
    if (published && !isNewerKey(id, published)) return err('older-key');
    this.#sql.putKey.run(this.#sql.putBox.get({ device, account: by.account, ...id })!, key);
    return ok(undefined);
  }

  mailKeys(account: AccountNumber): readonly { readonly device: DeviceId; readonly key: Uint8Array }[] {
    return this.#sql.keysOf
      .all(account)
      .map(({ device, key }) => ({ device: toHex(device) as DeviceId, key: bytesOf(key) }));
  }

  expireMail(now: WallMs, limit: number): number {
    const most = Math.max(0, Math.min(limit, MAIL_DROP_MAX));
    return this.#dropStep(this.#sql.expired.all(now, most)) || this.#dropAbandoned(most);
  }

  /** The key of a device that is in no list any more; all that waits for it is out of reach, and goes with the sweep. */
  dropBox(device: DeviceId): void {
    this.#sql.dropKey.run(fromHex(device));
    this.#sql.abandonBox.run(fromHex(device));
  }

  #dropAbandoned(most: number): number {
    for (let box = this.#sql.abandonedBox.get(); box !== undefined; box = this.#sql.abandonedBox.get()) {
      const dropped = this.#dropStep(this.#sql.mailsUpTo.all(box, Number.MAX_SAFE_INTEGER, most));
      if (dropped > 0 || most === 0) return dropped;
      this.#sql.dropBox.run(box);
    }
    return 0;
  }

  #isOpenTo(by: Fence, owner: number | undefined): boolean {
    if (owner === undefined) return false;
    return owner === by.account || this.#roster.areFriends(by.account, owner as AccountNumber);
  }

  #placeOf(sender: Sender, box: BoxColumns): MailPlace {
    const { deviceSlots, ...ofAccount } = this.#sql.sender.get(sender)!;
    const isOwnAccount = box.account === sender.account;
    return { published: box, isOwnAccount, ofAll: box, ofAccount, deviceSlots, replaced: undefined };
  }

  #replace(
    sender: Sender,
    old: CountedColumns,
    mail: NewMail,
    place: MailPlace,
    quota: MailQuota,
  ): Result<void, MailError> {
    const kind = old.isSlot === 1 ? 'slot' : 'message';
    const replaced = { kind, envelopeBytes: old.bytes, isOfAccount: old.account === sender.account } as const;
    const refusal = mailRefusal(mail, { ...place, replaced }, quota);
    if (refusal) return err(refusal);
    this.#drop(old);
    this.#put(sender, fromHex(mail.id), mail);
    return ok(undefined);
  }

  /** @returns false, and nothing is changed, when the sender has one of that id there */
  #put({ box, account, device }: Sender, id: Uint8Array, mail: NewMail): boolean {
    const { position, generation, step, at, expiresAt, envelope } = mail;
    const isSlot = mail.kind === 'slot' ? 1 : 0;
    const bytes = envelope.length;
    const row = [position, box, account, device, id, isSlot, generation, step, at, expiresAt, envelope] as const;
    if (this.#sql.insertMail.run(...row).changes === 0) return false;
    if (isSlot) {
      this.#sql.addToBox.run(position, 0, 0, 1, bytes, box);
      this.#sql.addToSender.run(box, account, device, 0, 0, 1, bytes);
    } else {
      this.#sql.addToBox.run(position, 1, bytes, 0, 0, box);
      this.#sql.addToSender.run(box, account, device, 1, bytes, 0, 0);
    }
    return true;
  }

  /** As many of them, from the first on, as one call may. @returns how many */
  #dropStep(mails: readonly CountedColumns[]): number {
    const step = dropStep(mails, ({ bytes }) => bytes);
    for (const mail of step) this.#drop(mail);
    return step.length;
  }

  /** What went counts no more. */
  #drop({ position, box, account, device, isSlot, bytes }: CountedColumns): void {
    this.#sql.dropMail.run(position);
    const counted: [number, number, number, number] = isSlot ? [0, 0, 1, bytes] : [1, bytes, 0, 0];
    this.#sql.takeFromBox.run(...counted, box);
    this.#sql.takeFromSender.run(...counted, box, account, device);
    this.#sql.dropIdleSender.run(box, account, device);
  }
}

function mailOf({ position, account, device, at, envelope }: MailColumns): StoredMail {
  return {
    position,
    fromAccount: account as AccountNumber,
    from: toHex(device) as DeviceId,
    at: at as WallMs,
    envelope: bytesOf(envelope),
  };
}
