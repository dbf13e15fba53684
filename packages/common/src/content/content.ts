import { ByteReader, type DecodeError } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import {
  as,
  type Codec,
  hexId,
  listMax,
  oneOf,
  struct,
  textMax,
  u8,
  u32,
  u48,
  type ValueOf,
  varint,
} from '../bytes/codec.ts';
import type { Incarnation, MessageId } from '../ids.ts';
import { TEXT_BYTES_MAX } from '../limits.ts';
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

/** Inclusive ranges of sequence numbers, ascending, disjoint. */
const sequenceRanges = listMax(struct({ from: varint, to: varint }), 64);

/** Why a receiver will not commit a message; its sender keeps it queued with this reason (R16) or refused. */
export const CONTENT_REFUSALS = ['clock', 'too-large', 'not-friends', 'unsupported'] as const;
export type ContentRefusal = (typeof CONTENT_REFUSALS)[number];

/** Message content types; codes are the registry of PROTOCOL.md. What is unknown is not acknowledged: its sender keeps it. */
const CONTENT_TABLE = {
  text: { code: 0x01, body: struct({ ...numbered, text: textMax(TEXT_BYTES_MAX) }) },
  /** Fills the number of a message that was cancelled before it left (R17). */
  void: { code: 0x02, body: struct({ ...numbered }) },
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
export type NumberedContent = ContentOf<'text' | 'void'>;

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

/** @returns the content; `unsupported` (with the code) is for newer versions and not an offence */
export function decodeContent(
  bytes: Uint8Array,
): Result<Content, DecodeError | { readonly kind: 'unsupported'; readonly code: number }> {
  const reader = new ByteReader(bytes);
  const code = reader.varint();
  if (reader.error) return err(reader.error);
  const entry = byCode.get(code);
  if (!entry) return err({ kind: 'unsupported', code });
  const body = entry.body.read(reader) as object;
  if (reader.error) return err(reader.error);
  return ok({ type: entry.type, ...body } as Content);
}
