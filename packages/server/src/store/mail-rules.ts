import { DEVICES_MAX } from '@magpie/common/limits.ts';
import type { MailError, MailKeyId, MailQuota, NewMail } from './store.ts';

/** What of one sender, or of everybody, waits in the log of a device. `bytes` are those of messages. */
export interface MailLoad {
  readonly messages: number;
  readonly bytes: number;
  readonly slots: number;
  readonly slotBytes: number;
}

/** What an append is decided by, as it stands in its transaction. */
export interface MailPlace {
  /** Of the device that it goes to. */
  readonly published: MailKeyId;
  readonly isOwnAccount: boolean;
  readonly ofAll: MailLoad;
  readonly ofAccount: MailLoad;
  /** Slots of the sending device alone, under this account. */
  readonly deviceSlots: number;
  /** What goes for it, counted in the loads. */
  readonly replaced: Replaced | undefined;
}

export interface Replaced extends Pick<NewMail, 'kind'> {
  readonly envelopeBytes: number;
  /** Whether it is counted in the load of the sending account; a device may have come back under another one. */
  readonly isOfAccount: boolean;
}

/** Mails, and bytes of envelopes, that one call forgets at most: a few milliseconds, between which others have their turn. */
export const MAIL_DROP_MAX = 256;
export const MAIL_DROP_BYTES_MAX = 1024 * 1024;

export function mailRefusal(mail: NewMail, place: MailPlace, quota: MailQuota): MailError | undefined {
  if (!isSameKey(mail, place.published)) return 'stale-mail-key';
  const fits = mail.kind === 'slot' ? slotFits(mail, place, quota) : messageFits(mail, place, quota);
  return fits ? undefined : 'mailbox-full';
}

function messageFits({ envelope }: NewMail, { ofAll, ofAccount, replaced }: MailPlace, quota: MailQuota): boolean {
  const isMessage = replaced?.kind === 'message';
  const isOwnMessage = isMessage && replaced.isOfAccount;
  return (
    ofAll.messages + (isMessage ? 0 : 1) <= quota.messagesPerDevice &&
    ofAll.bytes + envelope.length - (isMessage ? replaced.envelopeBytes : 0) <= quota.bytesPerDevice &&
    ofAccount.messages + (isOwnMessage ? 0 : 1) <= quota.messagesPerSender &&
    ofAccount.bytes + envelope.length - (isOwnMessage ? replaced.envelopeBytes : 0) <= quota.bytesPerSender
  );
}

/**
 * Of an account no more than all of its devices may have: new devices are no way around that. Nor are slots a way around
 * the bytes: they may have as many as the messages, beside them.
 */
function slotFits(
  { envelope }: NewMail,
  { isOwnAccount, ofAccount, deviceSlots, replaced }: MailPlace,
  quota: MailQuota,
): boolean {
  const slotsMax = isOwnAccount ? quota.slotsPerOwnDevice : quota.slotsPerFriendDevice;
  const isSlot = replaced?.kind === 'slot' && replaced.isOfAccount;
  const slots = isSlot ? 0 : 1;
  const bytes = envelope.length - (isSlot ? replaced.envelopeBytes : 0);
  return (
    deviceSlots + slots <= slotsMax &&
    ofAccount.slots + slots <= slotsMax * DEVICES_MAX &&
    ofAccount.slotBytes + bytes <= quota.bytesPerSender
  );
}

/** Whether `id` is a later link, or of a later chain, than `published` (R9). */
export function isNewerKey(id: MailKeyId, published: MailKeyId): boolean {
  return id.generation > published.generation || (id.generation === published.generation && id.step > published.step);
}

export function isSameKey(a: MailKeyId, b: MailKeyId): boolean {
  return a.generation === b.generation && a.step === b.step;
}

/**
 * The microsecond of a time: the lowest position that is given then. Positions follow the clock, so that what was given
 * before a moment is below it; but for a minute after each crash before it, and a restore takes longer than that.
 * A clock that went back meanwhile is the one thing that this does not know. Exact until the year 2255 (2^53).
 */
export function positionFloor(now: number): number {
  return now * 1_000;
}

/** What of `mails` one call forgets: the first, and as many behind it as stay within the bytes. */
export function dropStep<T>(mails: readonly T[], bytesOf: (mail: T) => number): readonly T[] {
  let bytes = 0;
  const end = mails.findIndex((mail, index) => {
    bytes += bytesOf(mail);
    return index > 0 && bytes > MAIL_DROP_BYTES_MAX;
  });
  return end === -1 ? mails : mails.slice(0, end);
}
