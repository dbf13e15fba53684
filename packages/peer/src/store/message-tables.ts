import type { HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { Chat, MessageRoad, MessageState, NumberingPage, StoredMessage } from './store.ts';

/** A message as it is kept: what is shown of it, and what only the store needs. */
export interface MessageRecord {
  readonly message: StoredMessage;
  /** Rises in the order of the commits. */
  readonly position: number;
  /** The text as it was sent, once an edit has changed it. */
  readonly original: string | undefined;
  /** Forgotten on this machine; its number stays taken. */
  readonly deleted: boolean;
  /** An own number without a receipt. */
  readonly owed: boolean;
}

export type NewMessage = Omit<
  StoredMessage,
  'change' | 'born' | 'expiresAt' | 'editedAt' | 'recalled' | 'reactions' | 'pendingChanges'
>;

/** What edits, recalls, reactions and forgetting change. */
export interface Appearance
  extends Pick<
    StoredMessage,
    'kind' | 'text' | 'state' | 'editedAt' | 'recalled' | 'reactions' | 'pendingChanges' | 'returned'
  > {
  readonly original: string | undefined;
  readonly deleted: boolean;
}

export type Direction = StoredMessage['direction'];

/** The rows of messages. What both engines have in common stands above it, in the order of calls of MessageStore. */
export interface MessageTable {
  /** @param options.owed an own number that has to be receipted; @param options.copied own devices get copies of it */
  insert(
    message: NewMessage,
    wallNow: WallMs,
    options: { readonly owed: boolean; readonly copied: boolean },
  ): MessageRecord;
  setState(record: MessageRecord, state: MessageState, reason: StoredMessage['reason'], owed: boolean): MessageRecord;
  setRoad(record: MessageRecord, road: MessageRoad): MessageRecord;
  /** Until when some mailbox keeps it; shown while it is `stored`. */
  setMailedUntil(record: MessageRecord, at: WallMs | undefined): MessageRecord;
  setNumber(record: MessageRecord, incarnation: Incarnation, sequence: number): MessageRecord;
  setStamp(record: MessageRecord, stamp: HybridStamp): MessageRecord;
  setAppearance(record: MessageRecord, appearance: Appearance): MessageRecord;
  /** The same row of the same chat, as if it had been inserted with this; it is not owed, and wins nothing. */
  replace(record: MessageRecord, message: NewMessage): MessageRecord;
  /** These two are no changes that anybody is told. */
  settle(record: MessageRecord): void;
  setWins(record: MessageRecord, wins: boolean): void;
  /** Own devices get another copy of it. */
  copyAgain(record: MessageRecord): void;

  outgoing(id: MessageId): MessageRecord | undefined;
  incoming(chat: AccountNumber, id: MessageId): MessageRecord | undefined;
  /** In whichever chat. */
  byId(id: MessageId): MessageRecord | undefined;
  /** `out` of any own device, by sequence, both ends included. */
  sentWithin(
    chat: AccountNumber,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[];
  receivedWithin(
    chat: AccountNumber,
    device: DeviceId,
    incarnation: Incarnation,
    from: number,
    to: number,
    limit: number,
  ): readonly MessageRecord[];

  /** By sequence. */
  owed(chat: AccountNumber, limit: number): readonly MessageRecord[];
  owedWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[];
  firstOwed(chat: AccountNumber, incarnation: Incarnation): number | undefined;
  /** Ascending. */
  chatsOwed(): readonly AccountNumber[];
  /** `out` and neither read nor refused; what was recalled only until it is delivered. */
  unseenWithin(chat: AccountNumber, incarnation: Incarnation, from: number, to: number): readonly MessageRecord[];
  firstUnseen(chat: AccountNumber, incarnation: Incarnation): number | undefined;
  /** In the conversation's order, up to and including this one. */
  unread(chat: AccountNumber, upTo: MessageRecord | undefined): readonly MessageRecord[];
  firstUnread(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number | undefined;

  /** Edits, recalls and reactions about a message, refused ones left out; the order is stamp, device, id. */
  hasChanges(chat: AccountNumber, target: MessageId): boolean;
  /** Both: what came back from a friend only of what came back, too. */
  newestEdit(target: StoredMessage, notAfter: WallMs): StoredMessage | undefined;
  firstRecall(target: StoredMessage, notAfter: WallMs): StoredMessage | undefined;
  newestReactions(
    chat: AccountNumber,
    target: MessageId,
    by: Direction,
    emoji: string,
    withReturned: boolean,
    limit: number,
  ): readonly MessageRecord[];
  /** Those of one side that win, oldest first. */
  reactions(chat: AccountNumber, target: MessageId, by: Direction, limit: number): readonly StoredMessage[];
  /** Own ones that are queued or stored. */
  pendingChanges(chat: AccountNumber, target: MessageId): number;
  /** All edits of it with a text, refused ones too. */
  editsWithText(target: StoredMessage): readonly MessageRecord[];

  /** Lines of the system with a later stamp. */
  systemAfter(chat: AccountNumber, wallMs: WallMs): readonly MessageRecord[];
  /** Of all that is shown, or changes something, up to this time. */
  newestStamp(chat: AccountNumber, upTo: WallMs): HybridStamp | undefined;

  /** Own messages in the order of their copies behind this place, with theirs. */
  copiesAfter(place: number, limit: number): readonly { readonly place: number; readonly record: MessageRecord }[];
  copyPlace(record: MessageRecord): number | undefined;
  lastCopyPlace(): number;

  /**
   * Shown messages of the conversation between two places: the first ones when there is an `after`, otherwise the last
   * ones; in order.
   */
  page(
    chat: AccountNumber,
    after: MessageRecord | undefined,
    before: MessageRecord | undefined,
    limit: number,
  ): readonly StoredMessage[];
  /** Each conversation that shows a message, with the stamp of the newest. */
  chatsShown(): readonly { readonly chat: AccountNumber; readonly stamp: HybridStamp }[];
  /** What a list says of these conversations, in their order; those that show nothing are left out. */
  summaries(chats: readonly AccountNumber[]): readonly Chat[];
  changesSince(change: number, limit: number): readonly StoredMessage[];
  lastChange(): number;
}

/** `back`: own numbers that came back from a friend, above what this profile knows it has given (R17). */
export type NumberingKind = 'in' | 'out' | 'back';

export interface NumberingPlace {
  readonly chat: AccountNumber;
  readonly kind: NumberingKind;
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
}

export interface Numbering extends NumberingPlace {
  /** The highest number given, or committed, or filled, without a gap. */
  readonly upTo: number;
  /** Own numbers above this were given to messages that have other numbers now. */
  readonly keptTo: number;
  /** Everything up to here is committed by the other side; of `in` the same as `upTo`. */
  readonly deliveredTo: number;
  readonly readTo: number;
  /** What the friend's device was told of `in`. */
  readonly toldTo: number;
  readonly toldReadTo: number;
}

/** Where one own numbering stands toward one device of a friend. */
export interface Progress {
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  /** The first number meant for it. */
  readonly first: number;
  readonly upTo: number;
  /** Nothing up to here has to be put into its mailbox. */
  readonly mailedTo: number;
  /** There are numbers above `upTo`. */
  readonly lacks: boolean;
}

export interface HeldContent {
  readonly content: NumberedContent;
  readonly road: MessageRoad;
}

/** Clocks, numberings, the devices of friends and what is held ahead of gaps. */
export interface NumberingTable {
  clock(chat: AccountNumber): HybridStamp;
  saveClock(chat: AccountNumber, stamp: HybridStamp): void;
  /** Chats whose clock stands later. */
  clocksAfter(wallMs: WallMs): readonly AccountNumber[];

  numbering(place: NumberingPlace): Numbering | undefined;
  /** Of this device. */
  own(chat: AccountNumber, incarnation: Incarnation): Numbering | undefined;
  save(numbering: Numbering): void;
  /** In the order in which they began. */
  all(chat: AccountNumber, kind: NumberingKind): readonly Numbering[];
  receivedOf(chat: AccountNumber, device: DeviceId): number;
  /** The same order, but these of one device alone. */
  received(chat: AccountNumber, page: NumberingPage): readonly Numbering[];
  /** `in` of met devices that were told less than there is, by chat and device; `limit` of each device, whichever. */
  untold(chat: AccountNumber | undefined, limit: number): readonly Numbering[];

  devicesMet(chat: AccountNumber): readonly DeviceId[];
  isMet(chat: AccountNumber, device: DeviceId): boolean;
  meet(chat: AccountNumber, device: DeviceId): void;
  /** With all its progress. */
  forget(chat: AccountNumber, device: DeviceId): void;
  progress(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): Progress | undefined;
  saveProgress(progress: Progress): void;
  /** Where it lacks something. */
  lacking(chat: AccountNumber, device: DeviceId): readonly Progress[];
  /** By chat and device. */
  devicesLacking(): readonly { readonly chat: AccountNumber; readonly device: DeviceId }[];
  /** Begun above 1, and nothing of it committed. */
  unopened(chat: AccountNumber, device: DeviceId): readonly Progress[];
  /** Newest first: those with numbers for it that are kept. */
  tails(
    chat: AccountNumber,
    device: DeviceId,
    limit: number,
    skip: number,
  ): readonly { readonly incarnation: Incarnation; readonly upTo: number }[];

  hold(chat: AccountNumber, device: DeviceId, held: HeldContent): void;
  isHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): boolean;
  heldOf(chat: AccountNumber, device: DeviceId): number;
  /** Removes and returns it. */
  takeHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): HeldContent | undefined;
  /** What is below is committed by now. */
  dropHeldBelow(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): void;
  /** By chat, device, incarnation and sequence. */
  heldNumbers(chat: AccountNumber | undefined): readonly {
    readonly chat: AccountNumber;
    readonly device: DeviceId;
    readonly incarnation: Incarnation;
    readonly sequence: number;
  }[];
}

/** One message in one mailbox. */
export interface MailMark {
  readonly position: number;
  readonly id: MessageId;
  readonly device: DeviceId;
}

export interface CopyState {
  readonly chat: AccountNumber;
  readonly incarnation: Incarnation;
  readonly deliveredTo: number;
  readonly readTo: number;
}

/** Mailboxes of friends' devices as far as is known here, and the own other devices. */
export interface MailTable {
  /** @param mark.current false: under a number that the message no longer has */
  mark(record: MessageRecord, device: DeviceId, expiresAt: WallMs): void;
  /** It has another number now. */
  outdate(record: MessageRecord): void;
  isMarked(record: MessageRecord, device: DeviceId): boolean;
  /** In any mailbox, under whichever number. */
  isAnywhere(record: MessageRecord): boolean;
  /** Until when the one does that keeps it longest. */
  keptUntil(record: MessageRecord): WallMs | undefined;
  unmark(record: MessageRecord, device: DeviceId): boolean;
  unmarkAll(record: MessageRecord): readonly DeviceId[];
  marksOf(device: DeviceId): readonly MailMark[];
  expired(now: WallMs): readonly MailMark[];

  saveKey(device: DeviceId, key: Uint8Array): void;
  key(device: DeviceId): Uint8Array | undefined;
  forgetKey(device: DeviceId): void;

  ownDevices(): readonly { readonly device: DeviceId; readonly copiedTo: number }[];
  saveOwnDevice(device: DeviceId, copiedTo: number): void;
  /** With all that it was told. */
  forgetOwnDevice(device: DeviceId): void;
  told(device: DeviceId, chat: AccountNumber, incarnation: Incarnation): CopyState | undefined;
  saveTold(device: DeviceId, told: CopyState, owed: boolean): void;
  /** Numberings of which it was told less than there is. */
  untold(device: DeviceId): readonly CopyState[];
}

export interface StoreTables {
  readonly rows: MessageTable;
  readonly numberings: NumberingTable;
  readonly mail: MailTable;
}
