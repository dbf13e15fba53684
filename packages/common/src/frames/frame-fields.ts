import {
  as,
  bool,
  bytesMax,
  fixedBytes,
  hexId,
  listMax,
  oneOf,
  struct,
  textMax,
  u32,
  u48,
  u64,
  type ValueOf,
} from '../bytes/codec.ts';
import type { AccountName, AccountNumber, DeviceId, RequestId, SessionEpoch } from '../ids.ts';
import {
  DEVICE_LABEL_BYTES_MAX,
  DEVICE_LIST_BYTES_MAX,
  DEVICES_MAX,
  DISPLAY_NAME_BYTES_MAX,
  NAME_BYTES_MAX,
  QUESTION_BYTES_MAX,
  REQUEST_TEXT_BYTES_MAX,
  SEALED_SEED_BYTES,
  SIGNATURE_LINE_BYTES_MAX,
  STATUS_TEXT_BYTES_MAX,
} from '../limits.ts';
import { REFUSAL_CODES } from '../refusal.ts';
import { ASK_POLICIES, PRESENCE_STATUSES, ROSTER_STATES } from './status-words.ts';

export const requestId = as<number, RequestId>(u32);
export const accountNumber = as<number, AccountNumber>(u32);
export const accountName = as<string, AccountName>(textMax(NAME_BYTES_MAX));
export const deviceId = hexId<DeviceId>(16);
export const epoch = as<number, SessionEpoch>(u64);
export const key = fixedBytes(32);
export const presenceStatus = oneOf(PRESENCE_STATUSES);
export const refusalCode = oneOf(REFUSAL_CODES);

/** One line of a friend list. `deviceList` is the signed list (R6), empty for `removed` and for strangers. */
export const rosterEntry = struct({
  account: accountNumber,
  name: accountName,
  displayName: textMax(DISPLAY_NAME_BYTES_MAX),
  state: oneOf(ROSTER_STATES),
  version: u64,
  accountKey: key,
  deviceList: bytesMax(DEVICE_LIST_BYTES_MAX),
  /** Text of a friend request, both directions; empty otherwise. */
  text: textMax(REQUEST_TEXT_BYTES_MAX),
  /** Empty for `removed`, `blocked` and strangers. */
  signatureLine: textMax(SIGNATURE_LINE_BYTES_MAX),
});
export type RosterEntry = ValueOf<typeof rosterEntry>;

/** Presence of one friend, with the live session epoch of each device: a higher one means it logged in anew. */
export const presenceEntry = struct({
  account: accountNumber,
  status: presenceStatus,
  devices: listMax(struct({ device: deviceId, epoch }), DEVICES_MAX),
  /** What the account says beside its status; empty when offline. */
  text: textMax(STATUS_TEXT_BYTES_MAX),
  /** Of an offline account: when it was last here, rounded down to LAST_SEEN_STEP_MS; 0 when it does not tell. */
  lastSeenWallMs: u48,
});

export type PresenceEntry = ValueOf<typeof presenceEntry>;

/** The device that this connection's Noise static key belongs to, with the list that certifies it (R6). */
export const device = {
  signKey: key,
  accountKey: key,
  deviceList: bytesMax(DEVICE_LIST_BYTES_MAX),
  /** What its owner calls it, for the list of devices. */
  label: textMax(DEVICE_LABEL_BYTES_MAX),
};

/** R7: what a recovery code opens, and the Ed25519 key that proves the code; zeros and nothing when there is none. */
export const recovery = {
  recoveryKey: key,
  sealedSeed: bytesMax(SEALED_SEED_BYTES),
};

export const profile = {
  displayName: textMax(DISPLAY_NAME_BYTES_MAX),
  signatureLine: textMax(SIGNATURE_LINE_BYTES_MAX),
};

export const policy = {
  ask: oneOf(ASK_POLICIES),
  /** Shown to whoever looks the account up, under the policy `question`. */
  question: textMax(QUESTION_BYTES_MAX),
  showLastSeen: bool,
};
