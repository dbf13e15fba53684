import { assert } from '@magpie/common/assert.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { dropStep, isNewerKey, isSameKey, MAIL_DROP_MAX, mailRefusal, positionFloor } from './mail-rules.ts';
import type { MailRow } from './memory-mail-rows.ts';
import type { MemoryRoster } from './memory-roster.ts';
import type { MemoryRows } from './memory-rows.ts';
import type { Fence, MailError, MailKeyId, MailLeft, MailQuota, NewMail, StoredMail } from './store.ts';
import { type CallsOf, pageOf, type StoreAnswer } from './store-calls.ts';

/** The mailboxes of the memory store. */
export class MemoryMail implements CallsOf<'mail'> {
  readonly #rows: MemoryRows;
  readonly #roster: MemoryRoster;

  constructor(rows: MemoryRows, roster: MemoryRoster) {
    this.#rows = rows;
    this.#roster = roster;
  }

  reserveMailPositions(count: number, now: WallMs): number {
    const first = Math.max(this.#rows.mail.nextPosition, positionFloor(now));
    this.#rows.mail.setNextPosition(first + count);
    return first;
  }

  mailboxId(): Uint8Array {
    return copyOf(this.#rows.mail.id);
  }

  appendMail(by: Fence, mail: NewMail, quota: MailQuota): Result<void, MailError> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const { mail: mails } = this.#rows;
    const device = this.#rows.device(mail.to);
    const published = mails.published(mail.to);
    if (!device || (!device.active && !published) || !this.#mayPut(by, device.account)) return err('not-friends');
    if (!published) return err('no-mail-key');
    const replaced = mails.mailNamed(mail.to, by.device, mail.id);
    const place = {
      published,
      isOwnAccount: device.account === by.account,
      ofAll: mails.loadOf(mail.to),
      ofAccount: mails.loadOf(mail.to, by.account),
      deviceSlots: mails.loadOf(mail.to, by.account, by.device).slots,
      replaced: replaced && {
        kind: replaced.kind,
        envelopeBytes: replaced.envelope.length,
        isOfAccount: replaced.fromAccount === by.account,
      },
    };
    const refusal = mailRefusal(mail, place, quota);
    if (refusal) return err(refusal);
    assert(mail.position > mails.newestPosition(mail.to), 'positions of a log rise');
    if (replaced) mails.drop(replaced);
    mails.put({ ...mail, envelope: copyOf(mail.envelope), fromAccount: by.account, from: by.device });
    return ok(undefined);
  }

  mailAfter(device: DeviceId, after: number, now: WallMs, limit: number, bytesMax: number): StoreAnswer<'mailAfter'> {
    const entries: StoredMail[] = [];
    let bytes = 0;
    for (const { position, fromAccount, from, at, expiresAt, envelope } of this.#rows.mail.mailsOf(device)) {
      if (position <= after || expiresAt <= now) continue;
      bytes += envelope.length;
      const isFull = entries.length >= pageOf(limit) || (entries.length > 0 && bytes > bytesMax);
      if (isFull) return { entries, last: false };
      entries.push({ position, fromAccount, from, at, envelope });
    }
    return { entries, last: true };
  }

  ackMail(by: Fence, upTo: number): Result<MailLeft, 'stale-epoch'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const { mail: mails } = this.#rows;
    this.#drop([...mails.mailsOf(by.device)].filter(({ position }) => position <= upTo));
    const { messages, slots } = mails.loadOf(by.device);
    const [oldest] = mails.mailsOf(by.device);
    const oldestKey = oldest && { generation: oldest.generation, step: oldest.step };
    return ok({ left: messages + slots, oldestKey, more: oldest !== undefined && oldest.position <= upTo });
  }

  setMailKey(by: Fence, id: MailKeyId, key: Uint8Array): Result<void, 'stale-epoch' | 'older-key'> {
    if (!this.#rows.isCurrent(by)) return err('stale-epoch');
    const published = this.#rows.mail.published(by.device);
    if (published && isSameKey(id, published) && equalBytes(key, published.key)) return ok(undefined);
    if (published && !isNewerKey(id, published)) return err('older-key');
    this.#rows.mail.publish(by.device, { generation: id.generation, step: id.step, key: copyOf(key) });
    return ok(undefined);
  }

  mailKeys(account: AccountNumber): readonly { readonly device: DeviceId; readonly key: Uint8Array }[] {
    return this.#rows.devicesOf(account).flatMap(({ device }) => {
      const published = this.#rows.mail.published(device);
      return published ? [{ device, key: published.key }] : [];
    });
  }

  expireMail(now: WallMs, limit: number): number {
    const expired = this.#rows.mail.mails
      .filter(({ expiresAt }) => expiresAt <= now)
      .sort((a, b) => a.expiresAt - b.expiresAt)
      .slice(0, Math.max(0, limit));
    return this.#drop(expired);
  }

  /** As many as one call may. @returns how many */
  #drop(mails: readonly MailRow[]): number {
    const step = dropStep(mails.slice(0, MAIL_DROP_MAX), ({ envelope }) => envelope.length);
    for (const mail of step) this.#rows.mail.drop(mail);
    return step.length;
  }

  #mayPut(by: Fence, owner: AccountNumber): boolean {
    return owner === by.account || this.#roster.areFriends(by.account, owner);
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
