import type { ContentRefusal, HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';

export const MESSAGE_STATES = ['queued', 'stored', 'delivered', 'read', 'refused'] as const;
/** R14. Incoming messages are `delivered` until marked `read`. */
export type MessageState = (typeof MESSAGE_STATES)[number];

/** The road a message took (R14). */
export interface MessageRoad {
  readonly kind: 'direct' | 'relay' | 'mailbox';
  readonly lan: boolean;
  /** Smoothed round trip when it was sent; 0 when unknown. */
  readonly rttMs: number;
}

/**
 * `edit`, `recall` and `reaction` take a number like every content but are shown on their target only; `void` is shown
 * nowhere; `system` is a line of this profile's own (SYSTEM_NOTES), never sent; `unsupported` came from a newer version.
 */
export const MESSAGE_KINDS = ['text', 'nudge', 'void', 'edit', 'recall', 'reaction', 'unsupported', 'system'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];
/** What a conversation shows as lines of their own. */
export const SHOWN_KINDS: readonly MessageKind[] = ['text', 'nudge', 'unsupported', 'system'];

/** What system messages say; the faces have the words. */
export const SYSTEM_NOTES = [
  'friends',
  'removed',
  'key-changed',
  'key-accepted',
  'history-begins',
  'restored',
] as const;
export type SystemNote = (typeof SYSTEM_NOTES)[number];

/** A line of the system that is to be written. */
export interface SystemLine {
  readonly chat: AccountNumber;
  readonly id: MessageId;
  readonly note: SystemNote;
  /** The wall clock. */
  readonly at: WallMs;
}

export const MESSAGE_REASONS = [
  '',
  ...(['clock', 'too-large', 'not-friends', 'unsupported'] satisfies ContentRefusal[]),
  'key-changed',
  'cancelled',
  'mailbox-full',
  'no-mail-key',
  'expired',
] as const;
export type MessageReason = (typeof MESSAGE_REASONS)[number];

export interface Reaction {
  readonly emoji: string;
  /** By this account, on whatever device. */
  readonly mine: boolean;
}

export interface StoredMessage {
  readonly id: MessageId;
  /** The other account of a direct conversation. */
  readonly chat: AccountNumber;
  /** `out`: of this account; of another device of it when `device` is not this one (R19). */
  readonly direction: 'in' | 'out';
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly sequence: number;
  readonly stamp: HybridStamp;
  readonly kind: MessageKind;
  /** As it stands after edits; empty once recalled. Of a reaction its emoji, of a system message its SystemNote. */
  readonly text: string;
  readonly replyTo: MessageId | undefined;
  /** What an edit, recall or reaction is about. */
  readonly target: MessageId | undefined;
  /** Of a reaction: false takes it back. */
  readonly on: boolean;
  readonly state: MessageState;
  /** Why it is still queued, or refused; empty otherwise. */
  readonly reason: MessageReason;
  readonly road: MessageRoad | undefined;
  /** Stamp of the newest edit that was applied. */
  readonly editedAt: WallMs | undefined;
  readonly recalled: boolean;
  /** In the order in which they were given. */
  readonly reactions: readonly Reaction[];
  /** Own edits, recalls and reactions about it that no device of the friend has committed yet. */
  readonly pendingChanges: number;
  /** This copy came back from the friend, after this profile had lost its own. */
  readonly returned: boolean;
  /** Of a stored one: until when the mailbox that keeps it longest does. */
  readonly expiresAt?: WallMs | undefined;
  /** Rises with every change of any row: the event cursor (R29). */
  readonly change: number;
  /** `change` when the row appeared. */
  readonly born: number;
}

/** What an own device wants to say; the store gives number and stamp. */
export interface OutgoingContent {
  readonly id: MessageId;
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly kind: 'text' | 'nudge' | 'edit' | 'recall' | 'reaction';
  /** Of text and edit; of a reaction its emoji; else empty. */
  readonly text: string;
  readonly replyTo?: MessageId | undefined;
  /** Of edit, recall and reaction. */
  readonly target?: MessageId | undefined;
  /** Of a reaction. */
  readonly on?: boolean | undefined;
}

/** A message of which a copy has to go to an own device, and where it stands in the order of copies. */
export interface UncopiedMessage extends StoredMessage {
  readonly copyPlace: number;
}

/** A row that was written, and others that it changed: the target of an edit, recall or reaction. */
export interface Committed {
  readonly message: StoredMessage;
  readonly touched: readonly StoredMessage[];
  /** The row was there before, and says something else now. */
  readonly isKnown?: true;
}

export interface IncomingContent {
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly content: NumberedContent;
  readonly road: MessageRoad;
  /**
   * True: when an earlier number is missing it is kept on disk until that came (a mailbox forgets what was acknowledged);
   * false: it is left to its sender, who repeats it.
   */
  readonly hold: boolean;
}

/**
 * What became of one incoming content. `gap`: an earlier sequence of that device is missing; nothing was written. `held`:
 * the same, but it is on disk and follows by itself.
 */
export type IncomingOutcome =
  | ({ readonly kind: 'committed' } & Committed & {
        /** Held ones that could follow it, in order. */
        readonly followed: readonly Committed[];
        /** The numbering is committed without a gap up to here now. */
        readonly upTo: number;
      })
  | {
      readonly kind: 'duplicate';
      /** Present when it filled its number under an id that was there already, and held ones could follow. */
      readonly followed?: readonly Committed[];
    }
  | { readonly kind: 'gap' | 'held'; readonly next: number };

/** Numbers that are missing while later ones of the same numbering are on disk. */
export interface Gap {
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly from: number;
  readonly to: number;
}

/** Up to where a numbering was committed and read without gaps. */
export interface NumberingProgress {
  readonly incarnation: Incarnation;
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
}

/** An own message that came as a copy from another own device, or back from a friend. */
export interface OwnContent {
  readonly chat: AccountNumber;
  /** The own device that sent it. */
  readonly device: DeviceId;
  readonly content: NumberedContent;
}

export interface CopiedContent extends OwnContent {
  /** That device shows it as refused; the content is a void. */
  readonly refused: boolean;
}

export interface Draft {
  readonly chat: AccountNumber;
  readonly text: string;
  readonly replyTo: MessageId | undefined;
  readonly at: WallMs;
}

/** A conversation as a list of them shows it. */
export interface Chat {
  readonly chat: AccountNumber;
  /** The newest row. */
  readonly last: StoredMessage;
  readonly unread: number;
  /** The oldest row from the other side that was not read. */
  readonly firstUnread: MessageId | undefined;
}

export interface SearchQuery {
  /** Words and parts of Chinese text, all of which must occur; a Latin word also as the beginning of one. */
  readonly text: string;
  readonly chat?: AccountNumber | undefined;
  readonly direction?: 'in' | 'out' | undefined;
  /** Stamps from here on, and before. */
  readonly since?: WallMs | undefined;
  readonly until?: WallMs | undefined;
  readonly limit: number;
  /** Only what stands before this one in the order of the answer. */
  readonly before?: MessageId | undefined;
}

export interface StorageUse {
  readonly messages: number;
  /** Of the database and its log on disk. */
  readonly bytes: number;
}

export interface MessageQuery {
  readonly chat: AccountNumber;
  readonly limit: number;
  /** Only messages before (older than) this one in the conversation's order. */
  readonly before?: MessageId;
  readonly after?: MessageId;
  /** With its neighbours on both sides, itself in the middle; not together with the others. */
  readonly around?: MessageId;
}

/** An own numbering that begins for a device at `from`: what is below was settled before the device was known. */
export interface NumberingOpening {
  readonly incarnation: Incarnation;
  readonly from: number;
}

/** Some of the numberings of one device, the newest first left out. */
export interface NumberingPage {
  readonly device: DeviceId;
  readonly limit: number;
  readonly skip: number;
}

/** One numbering of a device, in its chat. */
export interface NumberingName {
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
}

export interface ReceivedNumbering {
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly deliveredUpTo: number;
  /** Everything up to here that can be read has been read. */
  readonly readUpTo: number;
}
