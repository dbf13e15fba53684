import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { z } from 'zod';

/** One JSON object per line; a notice in \uXXXX escapes is the longest one. */
export const ADMIN_LINE_BYTES_MAX = 64 * 1024;
/** Operators, not clients: a handful of commands at a time. */
export const ADMIN_CONNECTIONS_MAX = 8;
/** A connection that says nothing for this long is closed. */
export const ADMIN_IDLE_MS_MAX = 30_000;

export const adminRequest = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('notice-send'), text: z.string().min(1).refine(fitsNotice) }),
  z.strictObject({ command: z.literal('stats') }),
]);
export type AdminRequest = z.infer<typeof adminRequest>;

export const adminReply = z.union([
  z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);
export type AdminReply = z.infer<typeof adminReply>;

export function fitsNotice(text: string): boolean {
  return Buffer.byteLength(text) <= NOTICE_TEXT_BYTES_MAX && text.isWellFormed();
}
