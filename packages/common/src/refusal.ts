/**
 * Why the server says no: a closed set, the same in frames, in the local API and in the catalogues of both languages.
 * The order is the wire (an index); append only.
 */
export const REFUSAL_CODES = [
  'internal',
  'malformed',
  'out-of-state',
  'too-large',
  'busy',
  'rate-limited',
  'unsupported-version',
  'shutting-down',
  'replaced',
  'revoked',
  'idle-timeout',
  'slow-reader',
  'name-taken',
  'bad-name',
  'bad-display-name',
  'weak-password',
  'wrong-credentials',
  'registration-closed',
  'unknown-device',
  'device-not-certified',
  'bad-device-list',
  'stale-epoch',
  'not-found',
  'not-friends',
  'self',
  'already-friends',
  'request-pending',
  'too-many',
  'peer-gone',
  'bad-text',
  'password-changed',
  'account-locked',
  'account-deleted',
  'bad-invite',
  'answer-needed',
  'blocked',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];
