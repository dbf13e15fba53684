import { ByteReader, type DecodeError } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import {
  as,
  bool,
  bytesMax,
  type Codec,
  hexId,
  listMax,
  oneOf,
  type StructOf,
  struct,
  textMax,
  u8,
  u32,
  u48,
  type ValueOf,
  varint,
} from '../bytes/codec.ts';
import type { AccountNumber, Incarnation, MessageId } from '../ids.ts';
import { CANNOT_OPEN_MAX, CONTENT_BYTES_MAX, EMOJI_BYTES_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import { err, ok, type Result } from '../result.ts';
import type { WallMs } from '../time.ts';

/** Hybrid logical clock of a conversation (R16): the larger wins, then the device id. */
export interface HybridStamp {
  readonly wallMs: WallMs;
  readonly counter: number;
}

const hybridStamp: Codec<HybridStamp> = struct({ wallMs: as<number, WallMs>(u48), counter: u32 });

/** Where a message stands in its sender's numbering: (conversation, device, incarnation, sequence) is unique (R17). */
const numbered = {
  messageId: hexId<MessageId>(16),
  /** 0 is the direct conversation of the two accounts of this session; groups come later. */
  conversation: u8,
  incarnation: hexId<Incarnation>(8),
  /** From 1, without gaps, per (conversation, device, incarnation). */
  sequence: varint,
  stamp: hybridStamp,
} as const;

const messageId = hexId<MessageId>(16);

/** A message that may be absent: no bytes, or its id. */
const optionalMessage: Codec<MessageId | undefined> = {
  read: (r) => (bool.read(r) ? messageId.read(r) : undefined),
  write: (w, v) => {
    bool.write(w, v !== undefined);
    if (v !== undefined) messageId.write(w, v);
  },
};

/** Numbers of one numbering, inclusive. */
const span = { conversation: u8, incarnation: hexId<Incarnation>(8), from: varint, to: varint } as const;

/** Inclusive ranges of sequence numbers, ascending, disjoint. */
const sequenceRanges = listMax(struct({ from: varint, to: varint }), 64);

/** Why a receiver will not commit a message; its sender keeps it queued with this reason (R16) or refused. */
export const CONTENT_REFUSALS = ['clock', 'too-large', 'not-friends', 'unsupported'] as const;
export type ContentRefusal = (typeof CONTENT_REFUSALS)[number];

/** Message content types; codes are the registry of PROTOCOL.md. What is unknown is not acknowledged: its sender keeps it. */
const CONTENT_TABLE = {
  text: {
    code: 0x01,
    body: struct({ ...numbered, text: textMax(TEXT_BYTES_MAX), replyTo: optionalMessage }),
  },
  /** Fills the number of a message that was cancelled before it left (R17). */
  void: { code: 0x02, body: struct({ ...numbered }) },
  /** The text of an own earlier message is this from now on. */
  edit: { code: 0x03, body: struct({ ...numbered, target: messageId, text: textMax(TEXT_BYTES_MAX) }) },
  /** An own earlier message is to be seen no more. */
  recall: { code: 0x04, body: struct({ ...numbered, target: messageId }) },
  /** Adds (`on`) or takes back one emoji on any message of the conversation. */
  reaction: {
    code: 0x05,
    body: struct({ ...numbered, target: messageId, emoji: textMax(EMOJI_BYTES_MAX), on: bool }),
  },
  /** Wants to be noticed; stands in the conversation like a text. */
  nudge: { code: 0x06, body: struct({ ...numbered }) },
  /** Cumulative (R18): every range that this device has committed (`delivered`) or shown (`read`) so far. */
  receipt: {
    code: 0x10,
    body: struct({
      conversation: u8,
      incarnation: hexId<Incarnation>(8),
      kind: oneOf(['delivered', 'read']),
      ranges: sequenceRanges,
    }),
  },
  'refused-content': {
    code: 0x11,
    body: struct({
      conversation: u8,
      incarnation: hexId<Incarnation>(8),
      sequence: varint,
      reason: oneOf(CONTENT_REFUSALS),
    }),
  },
  /** Somebody types, or no longer does; never kept, only over a live session. */
  typing: { code: 0x13, body: struct({ conversation: u8, active: bool }) },
  /** Sealed with a mailbox key that this device has no more: to be sealed again (R9). */
  'cannot-open': { code: 0x14, body: struct({ ids: listMax(messageId, CANNOT_OPEN_MAX) }) },
  /** The highest number given so far to this device in a numbering: whoever has less, and gets no more, lacks some. */
  tail: { code: 0x15, body: struct({ conversation: u8, incarnation: hexId<Incarnation>(8), upTo: varint }) },
  /** Numbers of the other's numbering that were lost here: it sends them again from its history. */
  resend: { code: 0x16, body: struct(span) },
  /** Numbers of our own numbering that were lost here: whoever received them may send them back. */
  'give-back': { code: 0x17, body: struct(span) },
  /** An own content that came back: an encoded numbered content. */
  'given-back': { code: 0x18, body: struct({ content: bytesMax(CONTENT_BYTES_MAX) }) },
  /**
   * To the own other devices only (R19): a numbered content that this device sent to `chat`. A void is one that was
   * refused, or one whose text is no longer here.
   */
  copy: {
    code: 0x20,
    body: struct({ chat: as<number, AccountNumber>(u32), refused: bool, content: bytesMax(CONTENT_BYTES_MAX) }),
  },
  /** What became of what this device sent to `chat`; cumulative as a receipt. */
  'copy-receipt': {
    code: 0x21,
    body: struct({
      chat: as<number, AccountNumber>(u32),
      incarnation: hexId<Incarnation>(8),
      kind: oneOf(['delivered', 'read']),
      ranges: sequenceRanges,
    }),
  },
  /** This device gets nothing below `from` of the numbering: it was delivered before the device was in the list (R19). */
  opening: {
    code: 0x12,
    body: struct({ conversation: u8, incarnation: hexId<Incarnation>(8), from: varint }),
  },
} as const;

export type ContentType = keyof typeof CONTENT_TABLE;
export type ContentOf<T extends ContentType> = {
  readonly [K in T]: { readonly type: K } & ValueOf<(typeof CONTENT_TABLE)[K]['body']>;
}[T];
export type Content = ContentOf<ContentType>;
/** The contents that take a number. */
export const NUMBERED_TYPES = ['text', 'void', 'edit', 'recall', 'reaction', 'nudge'] as const;
/** A numbered content of a newer version: it takes its number like any, so that what follows is not held up. */
export interface UnsupportedContent extends StructOf<typeof numbered> {
  readonly type: 'unsupported';
  readonly code: number;
}
export type NumberedContent = ContentOf<(typeof NUMBERED_TYPES)[number]> | UnsupportedContent;

/** Codes below this begin with the fields of a numbered content, whatever follows them. */
const UNNUMBERED_FROM = 0x10;
const numberedHeader = struct(numbered);

export function isNumbered(content: Content | UnsupportedContent): content is NumberedContent {
  return content.type === 'unsupported' || (NUMBERED_TYPES as readonly string[]).includes(content.type);
}

const byCode = new Map<number, { readonly type: ContentType; readonly body: Codec<unknown> }>(
  Object.entries(CONTENT_TABLE).map(([type, { code, body }]) => [
    code,
    { type: type as ContentType, body: body as Codec<unknown> },
  ]),
);

/** Varint type, then the body: what one chat stream carries. */
export function encodeContent(content: Content): Uint8Array {
  const { code, body } = CONTENT_TABLE[content.type];
  const writer = new ByteWriter();
  writer.varint(code);
  (body as Codec<unknown>).write(writer, content);
  return writer.finish();
}

/**
 * @returns the content; of an unknown code its number alone where it has one. The error `unsupported` (with the code) is
 *   for newer versions and not an offence
 */
export function decodeContent(
  bytes: Uint8Array,
): Result<Content | UnsupportedContent, DecodeError | { readonly kind: 'unsupported'; readonly code: number }> {
  const reader = new ByteReader(bytes);
  const code = reader.varint();
  if (reader.error) return err(reader.error);
  const entry = byCode.get(code);
  if (!entry) {
    if (code === 0 || code >= UNNUMBERED_FROM) return err({ kind: 'unsupported', code });
    const header = numberedHeader.read(reader);
    return reader.error ? err(reader.error) : ok({ type: 'unsupported', code, ...header });
  }
  const body = entry.body.read(reader) as object;
  if (reader.error) return err(reader.error);
  return ok({ type: entry.type, ...body } as Content);
}
