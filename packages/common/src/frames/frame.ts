import { ByteReader, type DecodeError } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import type { Codec, ValueOf } from '../bytes/codec.ts';
import { err, ok, type Result } from '../result.ts';
import { type ConnectionState, FRAME_TABLE, type FrameRule } from './frame-table.ts';

export type FrameType = keyof typeof FRAME_TABLE;
type BodyOf<T extends FrameType> = ValueOf<(typeof FRAME_TABLE)[T]['body']>;

/** A frame as a value: its name and its fields. */
export type FrameOf<T extends FrameType> = { readonly [K in T]: { readonly type: K } & BodyOf<K> }[T];
export type Frame = FrameOf<FrameType>;

/** Ids from here on carry a length of their own and are skipped when unknown (R11). */
export const FRAME_CODE_SKIPPABLE_MIN = 0x40;

export type FrameError =
  | { readonly kind: 'malformed'; readonly cause: DecodeError | 'unknown-id' | 'empty' }
  | { readonly kind: 'out-of-state'; readonly type: FrameType }
  | { readonly kind: 'too-large'; readonly bytes: number };

interface NamedRule extends FrameRule<unknown> {
  readonly type: FrameType;
}

const byCode = new Map<number, NamedRule>(
  Object.entries(FRAME_TABLE).map(([type, rule]) => [
    rule.code,
    { ...(rule as FrameRule<unknown>), type: type as FrameType },
  ]),
);

/** One byte of id, then the body. */
export function encodeFrame(frame: Frame): Uint8Array {
  const rule = FRAME_TABLE[frame.type];
  const writer = new ByteWriter();
  writer.u8(rule.code);
  (rule.body as Codec<unknown>).write(writer, frame);
  return writer.finish();
}

/**
 * @param bytes id and body of exactly one frame
 * @param from the side that sent it; a frame of the other side is out of state
 * @returns the frame, or undefined for an unknown id that is to be skipped
 */
export function decodeFrame(
  bytes: Uint8Array,
  from: 'client' | 'server',
  state: ConnectionState,
): Result<Frame | undefined, FrameError> {
  const code = bytes[0];
  if (code === undefined) return err({ kind: 'malformed', cause: 'empty' });
  const rule = byCode.get(code);
  if (!rule) return code >= FRAME_CODE_SKIPPABLE_MIN ? ok(undefined) : err({ kind: 'malformed', cause: 'unknown-id' });
  if (rule.sentBy !== 'either' && rule.sentBy !== from) return err({ kind: 'out-of-state', type: rule.type });
  if (!rule.legalIn.includes(state)) return err({ kind: 'out-of-state', type: rule.type });
  if (bytes.length - 1 > rule.bytesMax) return err({ kind: 'too-large', bytes: bytes.length });
  const reader = new ByteReader(bytes.subarray(1));
  const body = rule.body.read(reader) as object;
  if (reader.error) return err({ kind: 'malformed', cause: reader.error });
  return ok({ type: rule.type, ...body } as Frame);
}
