import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';

/** What a script can rely on; `magpie help exit-codes` says it in words. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  daemonNotRunning: 3,
  signInRequired: 4,
  notFound: 5,
  refused: 6,
  network: 7,
  timedOut: 8,
  partial: 9,
  internal: 10,
  interrupted: 130,
  terminated: 143,
} as const;

const EXIT_OF_CODE: Readonly<Record<string, number>> = {
  USAGE: EXIT.usage,
  INVALID_ARGUMENT: EXIT.usage,
  BAD_SERVER_ADDRESS: EXIT.usage,
  EMPTY_TEXT: EXIT.usage,
  TEXT_TOO_LARGE: EXIT.usage,
  BAD_TEXT: EXIT.usage,
  INPUT_NEEDED: EXIT.usage,
  PASSPHRASE_NEEDED: EXIT.usage,
  DAEMON_NOT_RUNNING: EXIT.daemonNotRunning,
  NOT_SIGNED_IN: EXIT.signInRequired,
  NEW_DEVICE: EXIT.signInRequired,
  WRONG_CODE: EXIT.signInRequired,
  PASSPHRASE_WRONG: EXIT.signInRequired,
  NOT_FOUND: EXIT.notFound,
  AMBIGUOUS: EXIT.notFound,
  NOT_FRIENDS: EXIT.refused,
  SELF: EXIT.refused,
  KEY_CHANGED: EXIT.refused,
  OLD_DEVICE_LIST: EXIT.refused,
  OTHER_SERVER: EXIT.refused,
  WRONG_DEVICE: EXIT.refused,
  SERVER_KEY_UNKNOWN: EXIT.refused,
  SERVER_KEY_CHANGED: EXIT.refused,
  WRONG_PIN: EXIT.refused,
  MESSAGE_REFUSED: EXIT.refused,
  NOT_OWN_MESSAGE: EXIT.refused,
  TOO_LATE: EXIT.refused,
  TOO_MANY: EXIT.refused,
  SERVER_UNREACHABLE: EXIT.network,
  TIMED_OUT: EXIT.timedOut,
  NOT_APPROVED: EXIT.timedOut,
  INTERNAL: EXIT.internal,
  BAD_REQUEST: EXIT.internal,
  UNKNOWN_METHOD: EXIT.internal,
  BAD_ANSWER: EXIT.internal,
  CANCELLED: EXIT.interrupted,
};

const EXIT_OF_REFUSAL: Readonly<Record<string, number>> = {
  'not-found': EXIT.notFound,
  'wrong-credentials': EXIT.signInRequired,
  revoked: EXIT.signInRequired,
  'unknown-device': EXIT.signInRequired,
  'device-not-certified': EXIT.signInRequired,
  'password-changed': EXIT.signInRequired,
  'bad-name': EXIT.usage,
  'bad-display-name': EXIT.usage,
  'weak-password': EXIT.usage,
  'bad-text': EXIT.usage,
  'too-large': EXIT.usage,
  'answer-needed': EXIT.usage,
  busy: EXIT.network,
  'shutting-down': EXIT.network,
  'idle-timeout': EXIT.network,
  'slow-reader': EXIT.network,
  internal: EXIT.network,
};

/** The exit code of an error; what is in neither table is a plain error, and what a server refuses is 6. */
export function exitCodeOf(error: RpcError): number {
  if (error.code === 'SERVER_REFUSED') return EXIT_OF_REFUSAL[error.refusal ?? ''] ?? EXIT.refused;
  return EXIT_OF_CODE[error.code] ?? EXIT.error;
}
