import type { ContentRefusal } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type {
  Chat,
  Committed,
  CopiedContent,
  Draft,
  Gap,
  IncomingContent,
  IncomingOutcome,
  MessageQuery,
  MessageReason,
  MessageRoad,
  NumberingName,
  NumberingOpening,
  NumberingPage,
  NumberingProgress,
  OutgoingContent,
  OwnContent,
  ReceivedNumbering,
  SearchQuery,
  StorageUse,
  StoredMessage,
  SystemNote,
  UncopiedMessage,
} from './message.ts';

/** The part of a peer's memory that is about messages; the rules of PeerStore hold for every call. */
export interface MessageStore {
  /**
   * Gives the next sequence of (chat, device, current incarnation) and the conversation's next hybrid stamp
   * (max(wall, last) and a counter, R16), and commits the message as `queued`. An id that exists already returns the
   * existing row unchanged (idempotent). Edits, recalls and reactions are applied to their target in the same
   * transaction: by stamp then device the later one wins, an edit or recall only by the target's own side, and only
   * CHANGE_MS_MAX after it; what comes before its target is applied when that comes. All devices thus agree.
   */
  commitOutgoing(content: OutgoingContent, wallNow: WallMs): Promise<Committed>;
  /**
   * An own message that certainly left for nowhere becomes `refused cancelled`, without text; its number goes on as a void
   * (R17). @returns undefined, and nothing changed, when it is not queued
   */
  cancel(id: MessageId): Promise<StoredMessage | undefined>;
  /** A line of this profile's own, stamped as an own message would be. */
  commitSystem(chat: AccountNumber, id: MessageId, note: SystemNote, wallNow: WallMs): Promise<StoredMessage>;
  /**
   * Own messages that nobody has committed, and lines of the system, with stamps more than STAMP_AHEAD_MS_MAX ahead of the
   * server's time are stamped anew in their order: a wrong clock of ours gave these before the server told the time (R16).
   * Chats whose clock stands so far ahead go back to their newest stamp that does not. When there is any such row, the
   * profile takes `incarnation`, as by `updateProfile`: copies with the old stamps may be under way. @returns the rows that
   * changed
   */
  stampAnew(incarnation: Incarnation, wallNow: WallMs): Promise<readonly StoredMessage[]>;
  /**
   * Own numbers that no device of the chat has committed yet, by sequence, at most `limit`: messages that are queued or
   * stored, and in their place refused ones as `void` without text, which fill the number until it is receipted (R17).
   */
  undelivered(chat: AccountNumber, limit: number): Promise<readonly StoredMessage[]>;
  /** Chats that have undelivered messages, ascending. */
  chatsWithUndelivered(): Promise<readonly AccountNumber[]>;
  /**
   * The devices of a friend to which messages go from now on (R19). A new one gets what no device has committed yet and
   * all that follows; one that is not named is forgotten, and would begin anew.
   * @returns the rows that changed: what was only in the mailbox of a forgotten one is queued again
   */
  meetDevices(chat: AccountNumber, devices: readonly DeviceId[]): Promise<readonly StoredMessage[]>;
  /**
   * Own messages that this device has not committed, whatever others have, in the order in which they were numbered, at
   * most `limit`; refused ones as `void`. None for a device that was not met.
   */
  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): Promise<readonly StoredMessage[]>;
  /** Where numberings begin for this device that do not begin at 1, until it has committed something of them. */
  openings(chat: AccountNumber, device: DeviceId): Promise<readonly NumberingOpening[]>;
  /** The devices that lack messages, by chat. */
  devicesBehind(): Promise<readonly { readonly chat: AccountNumber; readonly device: DeviceId }[]>;
  /** Notes by which road a message was last sent, until it is delivered. */
  noteRoad(id: MessageId, road: MessageRoad): Promise<void>;
  /**
   * A receipt of the friend's device: own messages of that incarnation within the ranges become `delivered` or `read`
   * (never backwards), as far as they were meant for that device. From a device that was not met it changes nothing.
   * @returns the rows that changed
   */
  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
    device: DeviceId,
  ): Promise<readonly StoredMessage[]>;
  /**
   * The friend's device will not take it, and has it in no mailbox any more. `clock` keeps it, or makes it again, queued with
   * the reason (R16) unless another device's mailbox has it; others are final.
   */
  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
    device: DeviceId,
  ): Promise<readonly StoredMessage[]>;
  /**
   * The friendship ended. Of all that is queued or stored in the chat, what certainly never left is refused for good
   * (`not-friends`); the rest, which the friend may have, keeps its state with that reason. @returns the rows that changed
   */
  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): Promise<readonly StoredMessage[]>;

  /**
   * Commits contents of friends in order: an item is committed only when its sequence is the next of its (chat,
   * device, incarnation); doubles by number or by message id (within the chat) write no message, but the number of a
   * double by id counts as committed, or nothing after it could be. One transaction, one sync for all.
   * Also lifts the conversation's hybrid clock and the unread count.
   */
  commitIncoming(items: readonly IncomingContent[], wallNow: WallMs): Promise<readonly IncomingOutcome[]>;
  /**
   * The friend's device says that it sends nothing below `from` of this numbering to us: what is missing below counts
   * as committed, so that what follows can be. @returns what was held and could follow, in order; false when the device
   * has NUMBERINGS_PER_DEVICE_MAX others
   */
  openNumbering(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
  ): Promise<readonly Committed[] | false>;
  /**
   * What of each numbering has been committed, for cumulative receipts: the highest sequence without gaps. In the order
   * in which the numberings began here.
   * @param of one device alone, that many of the newest, those left out that are newer still; or those named, as named
   */
  receivedUpTo(
    chat: AccountNumber,
    of?: NumberingPage | readonly NumberingName[],
  ): Promise<readonly ReceivedNumbering[]>;
  /**
   * Numberings of which a friend's device was told less than is committed or read here, by chat and device; of each device
   * RECEIPTS_OWED_MAX at most, and others when it was told of these.
   */
  receiptsOwed(chat?: AccountNumber): Promise<readonly ({ readonly chat: AccountNumber } & ReceivedNumbering)[]>;
  /** The device, or its mailbox, has this receipt now. Never goes back. */
  noteReceiptsTold(chat: AccountNumber, device: DeviceId, told: readonly NumberingProgress[]): Promise<void>;
  /**
   * The newest own numberings that the device gets, with the highest number given in each; at most `limit`.
   * @param skip so many that are newer still are left out
   */
  tails(
    chat: AccountNumber,
    device: DeviceId,
    limit: number,
    skip?: number,
  ): Promise<readonly { readonly incarnation: Incarnation; readonly upTo: number }[]>;
  /** What is missing before what is held; of one chat or of all. */
  gaps(chat?: AccountNumber): Promise<readonly Gap[]>;
  /**
   * Own contents of these numbers as they are sent (refused, recalled or deleted ones as `void`), whatever was receipted: a
   * friend's device has lost them. At most `limit`.
   */
  sentWithin(
    chat: AccountNumber,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): Promise<readonly StoredMessage[]>;
  /** The same of what this device of the friend sent us. */
  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): Promise<readonly StoredMessage[]>;
  /** The first run of numbers up to `upTo` of an own numbering of `device` that this profile has no row of. */
  missingOwn(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    upTo: number,
  ): Promise<{ readonly from: number; readonly to: number } | undefined>;
  /**
   * What came back: rows that are missing here, as `delivered` and `returned`. Doubles change nothing, and edits, recalls and
   * reactions no own message but those that came back, too: a friend could have made them up.
   */
  commitReturned(items: readonly OwnContent[], wallNow: WallMs): Promise<readonly Committed[]>;

  /**
   * The own other devices that get copies (R19). A new one gets what is sent from now on; one that is not named is forgotten.
   */
  meetOwnDevices(devices: readonly DeviceId[]): Promise<void>;
  /** Own messages of this device in the order of their commits that the other own device has no copy of, at most `limit`. */
  uncopiedTo(device: DeviceId, limit: number): Promise<readonly UncopiedMessage[]>;
  /**
   * Everything up to this place of that order is in the mailbox of the own device. The place is that of what was put: a
   * message that changed meanwhile, and goes again, has another by now.
   */
  noteCopied(device: DeviceId, copyPlace: number): Promise<void>;
  /**
   * The own device lacks these copies: all from the oldest of them on go there again, in order.
   * @param further so many before that, too
   */
  forgetCopied(device: DeviceId, ids: readonly MessageId[], further: number): Promise<void>;
  /**
   * Copies that came: `out` rows of another device, `queued` until one says more. In any order; doubles change nothing, but
   * what had come back from a friend under the same id is replaced, and all that it had changed.
   */
  commitCopies(items: readonly CopiedContent[], wallNow: WallMs): Promise<readonly Committed[]>;
  /** A `copy-receipt` of an own device. @returns the rows that changed */
  applyCopyReceipt(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly { readonly from: number; readonly to: number }[],
  ): Promise<readonly StoredMessage[]>;
  /** What became of own messages of this device that the other own device was not told. */
  copyStatesOwed(device: DeviceId): Promise<readonly ({ readonly chat: AccountNumber } & NumberingProgress)[]>;
  /**
   * The newest own numberings of the chat that something became of, the newest last, whoever was told: what a slot has to
   * name again that takes another one's place.
   */
  copyStates(chat: AccountNumber, limit: number): Promise<readonly NumberingProgress[]>;
  noteCopyStatesTold(device: DeviceId, chat: AccountNumber, told: readonly NumberingProgress[]): Promise<void>;

  /**
   * Of `undeliveredTo`, what is not in the device's mailbox as far as is known here, in the same order, at most `limit`; so
   * also what expired there.
   */
  unmailedTo(chat: AccountNumber, device: DeviceId, limit: number): Promise<readonly StoredMessage[]>;
  /** In the device's mailbox until then: what was queued is `stored` (R14). @returns the rows that changed */
  noteMailed(device: DeviceId, ids: readonly MessageId[], expiresAt: WallMs): Promise<readonly StoredMessage[]>;
  /** The mailbox would not take it: stays or becomes `queued` with the reason, unless another device's has it (R15). */
  noteMailRefused(device: DeviceId, id: MessageId, reason: MessageReason): Promise<readonly StoredMessage[]>;
  /** The device cannot open these: they are in no mailbox of it any more (R9). @returns the rows that changed */
  forgetMailed(device: DeviceId, ids: readonly MessageId[]): Promise<readonly StoredMessage[]>;
  /** Mailboxes have dropped what expired by `wallNow`: `stored` becomes `queued expired`. @returns the rows that changed */
  expireMailed(wallNow: WallMs): Promise<readonly StoredMessage[]>;
  /**
   * The server's mailboxes have this id (SV122). Where another one was known they were restored, and nothing counts as put
   * there any more: `stored` becomes `queued`. @returns the rows that changed
   */
  meetMailboxes(id: Uint8Array): Promise<readonly StoredMessage[]>;
  /** Mailbox keys as their owners signed them, checked by the caller; replaces those of these devices. */
  saveMailKeys(keys: readonly { readonly device: DeviceId; readonly key: Uint8Array }[]): Promise<void>;
  mailKeys(devices: readonly DeviceId[]): Promise<readonly { readonly device: DeviceId; readonly key: Uint8Array }[]>;
  /** Marks incoming messages of the chat up to and including this one (all when absent) as read. @returns rows changed */
  markRead(chat: AccountNumber, upTo?: MessageId): Promise<readonly StoredMessage[]>;

  message(id: MessageId): Promise<StoredMessage | undefined>;
  /** Newest first. Recalled and deleted messages are not found. */
  search(query: SearchQuery): Promise<readonly StoredMessage[]>;
  /**
   * Forgets text and reactions of these on this machine; their numbers stay taken. What was unread counts as read (DL29).
   * @returns how many there were
   */
  deleteMessages(chat: AccountNumber, ids: readonly MessageId[]): Promise<number>;
  /**
   * The same for all of a chat up to this stamp (all when absent), but for what is still on its way out. In steps, each
   * durable by itself, so that a long history keeps nobody else waiting. @returns how many of all steps
   */
  deleteChat(chat: AccountNumber, upTo?: WallMs): Promise<number>;
  /** Every row there is, of one chat or of all, in the order of their commits; `after` is a row's `born`. For exports. */
  rows(after: number, limit: number, chat?: AccountNumber): Promise<readonly StoredMessage[]>;
  storage(): Promise<StorageUse>;
  draft(chat: AccountNumber): Promise<Draft | undefined>;
  drafts(): Promise<readonly Draft[]>;
  /** An empty text removes it. */
  saveDraft(draft: Draft): Promise<void>;
  /**
   * Every conversation that shows a row, the one with the newest first, at most `limit`; `after`: those behind this one, all
   * when it shows nothing any more.
   */
  chats(limit: number, after?: AccountNumber): Promise<readonly Chat[]>;
  /** In the conversation's order (stamp, then device id), oldest first, void ones left out. */
  messages(query: MessageQuery): Promise<readonly StoredMessage[]>;
  /** Rows changed after this cursor, by change, at most `limit`; none that was deleted on this machine. */
  changesSince(change: number, limit: number): Promise<readonly StoredMessage[]>;
  lastChange(): Promise<number>;
}
