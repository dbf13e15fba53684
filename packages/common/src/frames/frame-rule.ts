import type { Codec } from '../bytes/codec.ts';

/** The states of a server connection in which a frame may arrive. */
export type ConnectionState = 'anonymous' | 'authenticated';

export interface FrameRule<B> {
  /** One byte on the wire. Below 0x40 an unknown id is malformed; from 0x40 on it is skipped (R11). */
  readonly code: number;
  readonly sentBy: 'client' | 'server' | 'either';
  readonly legalIn: readonly ConnectionState[];
  /** Largest body in bytes; checked before the body is collected. */
  readonly bytesMax: number;
  readonly body: Codec<B>;
}

export const anywhere = ['anonymous', 'authenticated'] as const;
export const anonymous = ['anonymous'] as const;
export const authenticated = ['authenticated'] as const;

export function rule<B>(
  code: number,
  sentBy: FrameRule<B>['sentBy'],
  legalIn: readonly ConnectionState[],
  bytesMax: number,
  body: Codec<B>,
): FrameRule<B> {
  return { code, sentBy, legalIn, bytesMax, body };
}
