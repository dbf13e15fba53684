import type { Content, ContentOf, NumberedContent, UnsupportedContent } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MailId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { MessageRoad } from '../store/store.ts';

/** A certified device of a friend or, for copies, of the own account. */
export interface Correspondent {
  readonly account: AccountNumber;
  readonly device: DeviceId;
}

/** About messages of theirs. */
export type IncomingContent = NumberedContent | ContentOf<'opening' | 'tail' | 'given-back'>;
/** About messages of ours. */
export type ControlContent = ContentOf<'receipt' | 'refused-content' | 'cannot-open' | 'resend' | 'give-back'>;
/** From an own other device. */
export type OwnCopy = ContentOf<'copy' | 'copy-receipt'>;

/** Takes what friends have sent, by whatever road: one order for all of them (R17). */
export interface IncomingContents {
  /**
   * Resolves when the content is durable here (committed or held) or dropped for good, so that a mailbox may forget it;
   * rejects with a StoreError when the store failed, with a NoRoomError when the mailbox is to keep it (DL45). Over a session
   * nobody waits for it: a receipt says so.
   */
  accept(from: Correspondent, content: IncomingContent, road: MessageRoad): Promise<void>;
}

/** Takes what friends say about messages of ours. */
export interface ControlContents {
  /** Resolves when it is durable here; rejects when the store failed. */
  handleControl(from: Correspondent, content: ControlContent): Promise<void>;
}

/** The way back to a friend's device: over its session, or by its slot in the mailbox when there is none. */
export interface Answers {
  /**
   * More is committed or read than the device was told (`receiptsOwed` of the store). Joined with what follows soon.
   * @param committed numberings that are known to be committed up to there, told at once where there is a session
   */
  oweReceipts(
    to: Correspondent,
    committed?: readonly { readonly incarnation: Incarnation; readonly to: number }[],
  ): void;
  /**
   * Says it once now, or as soon as there is a way. What is newer of the same kind and numbering replaces what waits.
   * @param onTold the device's transport or its mailbox has it; never of what was replaced before, or finds no room
   */
  say(to: Correspondent, content: Content, onTold?: () => void): void;
  /** What was said of the same kind, as far as it waits or lies in the slot, is only this any more. */
  amend(to: Correspondent, content: ContentOf<'cannot-open'>): void;
  /** The answer has come, or nobody waits for it any more: what was asked of the same numbering is said no more. */
  withdraw(to: Correspondent, question: ContentOf<'give-back'>): void;
}

/** What the mailbox road needs of keys and ciphers (R8, R9). */
export interface MailCipher {
  /** Contents in one envelope with the key that the device has published last. May ask the server for it. */
  seal(
    to: Correspondent,
    id: MailId,
    contents: readonly Content[],
  ): Promise<Result<SealedMail, 'no-mail-key' | 'not-certified' | 'link-down' | 'busy'>>;
  /** The server knows a newer key than the one used: the next `seal` asks for it. */
  handleStaleKey(account: AccountNumber): void;
  /**
   * `unknown-sender`: no certified device of a friend, nor an own one. `cannot-open`: the key is not there any more, or what
   * came is no envelope for this device; `id` where the header could be read.
   */
  open(
    mail: MailEntry,
  ): Result<OpenedMail, { readonly kind: 'unknown-sender' | 'cannot-open'; readonly id: MailId | undefined }>;
}

export interface SealedMail {
  readonly generation: number;
  readonly step: number;
  readonly envelope: Uint8Array;
}

export interface OpenedMail {
  readonly from: Correspondent;
  /** Sent by another device of the own account. */
  readonly own: boolean;
  readonly id: MailId;
  /** What could be decoded, in order; the rest is of a newer version. */
  readonly contents: readonly (Content | UnsupportedContent)[];
}
