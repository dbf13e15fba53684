import type { RefusalCode } from '../refusal.ts';
import type { Pin } from './pin.ts';

export type LinkFailureCode =
  | 'bad-handshake'
  | 'wrong-pin'
  | 'too-large'
  | 'timeout'
  | 'bad-record'
  | 'no-rekey'
  | 'unsupported-version';

export type LinkEvent =
  /** XX without a pin (R10): the caller decides, and answers with acceptServerKey or drops the link. */
  | { readonly type: 'server-key'; readonly key: Uint8Array; readonly pin: Pin }
  /** Both sides proved their keys: for a responder in IK with the first record, since message 1 can be replayed (R4). */
  | {
      readonly type: 'established';
      readonly remoteStatic: Uint8Array;
      readonly remoteVersion: number;
      readonly remoteFeatures: number;
      readonly handshakeHash: Uint8Array;
    }
  /** An encoded frame, never empty and never `rekey`, which the link handles itself. */
  | { readonly type: 'frame'; readonly bytes: Uint8Array }
  /** The link is over. If it had been established, a close frame with a matching code is waiting in pollOutput. */
  | { readonly type: 'failed'; readonly code: LinkFailureCode };

/** What the other side is told when an established link fails. */
export function closeCodeOf(code: LinkFailureCode): RefusalCode {
  switch (code) {
    case 'too-large':
      return 'too-large';
    case 'timeout':
      return 'idle-timeout';
    case 'unsupported-version':
      return 'unsupported-version';
    case 'bad-handshake':
    case 'wrong-pin':
    case 'bad-record':
    case 'no-rekey':
      return 'malformed';
  }
}
