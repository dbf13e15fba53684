import type { AccountNumber, DeviceId, MailId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Fence } from './store.ts';

/** Which link of its chain a mailbox key is (R9); the greater generation, then the greater step, is the newer one. */
export interface MailKeyId {
  readonly generation: number;
  readonly step: number;
}

/** An envelope on its way into the log of a device. The server cannot open it. */
export interface NewMail extends MailKeyId {
  /** From a reserved block; rising for each device in the order of the calls. */
  readonly position: number;
  readonly to: DeviceId;
  readonly id: MailId;
  readonly kind: 'message' | 'slot';
  readonly at: WallMs;
  readonly expiresAt: WallMs;
  readonly envelope: Uint8Array;
}

export interface StoredMail {
  readonly position: number;
  readonly fromAccount: AccountNumber;
  readonly from: DeviceId;
  readonly at: WallMs;
  readonly envelope: Uint8Array;
}

/** R24; bytes are those of envelopes. Slots are outside of it, but few, and those of an account have its bytes once more. */
export interface MailQuota {
  readonly messagesPerDevice: number;
  readonly bytesPerDevice: number;
  /** Of one sending account in one device's log, so that nobody fills it for the others. */
  readonly messagesPerSender: number;
  readonly bytesPerSender: number;
  /** Of one sending device in one device's log; one friend needs one, an own device one for each conversation. */
  readonly slotsPerFriendDevice: number;
  readonly slotsPerOwnDevice: number;
}

export type MailError =
  /** So is a device that is unknown or in no list any more, so that nobody can probe; and one logged out without a key. */
  | 'not-friends'
  /** The device has published no mailbox key yet. */
  | 'no-mail-key'
  /** Sealed with another key than the one published. */
  | 'stale-mail-key'
  | 'mailbox-full'
  | 'stale-epoch';

/** What an acknowledgement left in the log. */
export interface MailLeft {
  readonly left: number;
  /** Of the oldest key that is still needed; undefined when nothing is left. */
  readonly oldestKey: MailKeyId | undefined;
  /** There is more to forget up to there: the call wants to be made again. */
  readonly more: boolean;
}

/** The calls of the Store for mailboxes. */
export interface MailStore {
  /**
   * Positions that no log has had and none but the caller will give: the first of `count`. Durable before it resolves, so
   * that a position may be told before its mail is durable. Never below the microsecond of `now`: a restored backup does
   * not know what was given after it was made, but that was fewer than a position for each microsecond since then.
   */
  reserveMailPositions(count: number, now: WallMs): Promise<number>;
  /** 8 random bytes, others after a restored backup: what was put there after the backup was made is gone then. */
  mailboxId(): Promise<Uint8Array>;
  /**
   * Appends to the log of `mail.to`, for a session of a friend or of the own account. What the same device has put there
   * under the same id goes. Allowed, key, then quota are checked in the same transaction; what is replaced counts no more.
   * A device that is logged out, but in its account's list, still gets mail: its owner comes back. Log and key go when the
   * device leaves the list or the account is deleted; the end of a friendship leaves what is there.
   */
  appendMail(by: Fence, mail: NewMail, quota: MailQuota): Promise<Result<void, MailError>>;
  /** Above position `after`, ascending, not expired; at most `limit` and, but for the first, `bytesMax` of envelopes. */
  mailAfter(
    device: DeviceId,
    after: number,
    now: WallMs,
    limit: number,
    bytesMax: number,
  ): Promise<{ readonly entries: readonly StoredMail[]; readonly last: boolean }>;
  /** Forgets what is at or below `upTo` in the session's own log, oldest first, as much as one call may hold up others. */
  ackMail(by: Fence, upTo: number): Promise<Result<MailLeft, 'stale-epoch'>>;
  /** `older-key`: one that is as new or newer is published; the same one again changes nothing and is ok. */
  setMailKey(by: Fence, id: MailKeyId, key: Uint8Array): Promise<Result<void, 'stale-epoch' | 'older-key'>>;
  /** Of the devices in the list of the account that have published one, logged in or not; by device. */
  mailKeys(account: AccountNumber): Promise<readonly { readonly device: DeviceId; readonly key: Uint8Array }[]>;
  /**
   * Forgets what has expired, and what waited for devices that are in no list any more: at most `limit`, and no more than
   * one call may hold up others. @returns how many; 0 when nothing is left to do
   */
  expireMail(now: WallMs, limit: number): Promise<number>;
}
