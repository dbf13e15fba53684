import {
  bool,
  bytesMax,
  fixedBytes,
  listMax,
  oneOf,
  restBytes,
  struct,
  textMax,
  u16,
  u32,
  u48,
  u64,
} from '../bytes/codec.ts';
import {
  APPROVED_SEED_BYTES,
  CLOSE_REASON_BYTES_MAX,
  DEVICE_CHAIN_PAGE_MAX,
  DEVICE_LABEL_BYTES_MAX,
  DEVICE_LIST_BYTES_MAX,
  DEVICES_MAX,
  DISPLAY_NAME_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_BYTES_MAX_BEFORE_LOGIN,
  INVITE_CODE_BYTES_MAX,
  LAST_SEEN_ACCOUNTS_MAX,
  NAME_BYTES_MAX,
  NOTICE_TEXT_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  QUESTION_BYTES_MAX,
  RELAY_PACKET_BYTES_MAX,
  REQUEST_TEXT_BYTES_MAX,
  ROSTER_ENTRIES_PER_FRAME_MAX,
  SEALED_SEED_BYTES,
  SIGNATURE_LINE_BYTES_MAX,
  STATUS_TEXT_BYTES_MAX,
} from '../limits.ts';
import { endpointCodec } from '../net.ts';
import {
  accountName,
  accountNumber,
  device,
  deviceId,
  epoch,
  key,
  policy,
  presenceEntry,
  presenceStatus,
  profile,
  recovery,
  refusalCode,
  requestId,
  rosterEntry,
} from './frame-fields.ts';
import { anonymous, anywhere, authenticated, rule } from './frame-rule.ts';
import { MAIL_FRAMES } from './mail-frames.ts';
import { ASK_POLICIES } from './status-words.ts';

export { type PresenceEntry, presenceEntry, type RosterEntry, rosterEntry } from './frame-fields.ts';
export type { ConnectionState, FrameRule } from './frame-rule.ts';
export type { MailEntry } from './mail-frames.ts';
export {
  ASK_POLICIES,
  type AskPolicy,
  PRESENCE_STATUSES,
  type PresenceStatus,
  ROSTER_STATES,
  type RosterState,
} from './status-words.ts';

/** Every frame between a peer and the server: the whole protocol on one page. PROTOCOL.md explains it. */
export const FRAME_TABLE = {
  ping: rule(0x01, 'either', anywhere, 16, struct({ token: u32 })),
  pong: rule(0x02, 'either', anywhere, 16, struct({ token: u32 })),
  rekey: rule(0x03, 'either', anywhere, 0, struct({})),
  close: rule(
    0x04,
    'either',
    anywhere,
    256,
    struct({ code: refusalCode, reason: textMax(CLOSE_REASON_BYTES_MAX), retryAfterMs: u32 }),
  ),

  ...MAIL_FRAMES,

  register: rule(
    0x10,
    'client',
    anonymous,
    FRAME_BYTES_MAX_BEFORE_LOGIN,
    struct({
      requestId,
      name: textMax(NAME_BYTES_MAX * 4),
      displayName: textMax(DISPLAY_NAME_BYTES_MAX),
      password: textMax(PASSWORD_BYTES_MAX),
      ...device,
      ...recovery,
      /** Where registration is by invitation; else empty. */
      invite: textMax(INVITE_CODE_BYTES_MAX),
    }),
  ),
  login: rule(
    0x11,
    'client',
    anonymous,
    FRAME_BYTES_MAX_BEFORE_LOGIN,
    struct({
      requestId,
      /** Name or number, as typed. */
      account: textMax(NAME_BYTES_MAX * 4),
      password: textMax(PASSWORD_BYTES_MAX),
      ...device,
    }),
  ),
  /** Login by the device key that the handshake proved (D3, R4). */
  resume: rule(0x12, 'client', anonymous, 64, struct({ requestId })),
  logout: rule(0x13, 'client', authenticated, 16, struct({ requestId })),
  lookup: rule(0x14, 'client', authenticated, 256, struct({ requestId, account: textMax(NAME_BYTES_MAX * 4) })),
  'friend-add': rule(
    0x15,
    'client',
    authenticated,
    2_048,
    struct({ requestId, account: accountNumber, text: textMax(REQUEST_TEXT_BYTES_MAX) }),
  ),
  'friend-answer': rule(0x16, 'client', authenticated, 64, struct({ requestId, account: accountNumber, accept: bool })),
  'friend-remove': rule(0x17, 'client', authenticated, 64, struct({ requestId, account: accountNumber })),
  /** Answered by one or more `roster` frames with every entry above `since`. */
  'roster-get': rule(0x18, 'client', authenticated, 64, struct({ requestId, since: u64 })),
  'presence-set': rule(
    0x19,
    'client',
    authenticated,
    512,
    struct({ requestId, status: presenceStatus, text: textMax(STATUS_TEXT_BYTES_MAX) }),
  ),
  /** R3: carries handshake message 1 (an init packet); the answer is `introduced` or `refused`. */
  introduce: rule(0x1a, 'client', authenticated, 2_048, struct({ requestId, to: deviceId, packet: bytesMax(1_536) })),
  relay: rule(0x1b, 'client', authenticated, RELAY_PACKET_BYTES_MAX + 16, struct({ to: deviceId, packet: restBytes })),
  'device-list-get': rule(0x1c, 'client', authenticated, 64, struct({ requestId, account: accountNumber })),
  'reflect-token-get': rule(0x1d, 'client', authenticated, 64, struct({ requestId })),
  /** A login by the recovery code instead of the password, which may set a new one (R7). */
  recover: rule(
    0x1e,
    'client',
    anonymous,
    FRAME_BYTES_MAX_BEFORE_LOGIN,
    struct({
      requestId,
      /** Name or number, as typed. */
      account: textMax(NAME_BYTES_MAX * 4),
      /** Empty: the password stays. */
      newPassword: textMax(PASSWORD_BYTES_MAX),
      /** By the recovery key, over what PROTOCOL.md names. */
      signature: fixedBytes(64),
    }),
  ),
  /** After `enroll-needed`, on the same connection: the list that holds this device now. */
  enroll: rule(
    0x1f,
    'client',
    anonymous,
    FRAME_BYTES_MAX_BEFORE_LOGIN,
    struct({
      requestId,
      ...device,
      ...recovery,
      /** True: `accountKey` replaces the account's key; every friend will see that (R7). */
      replaceKey: bool,
    }),
  ),

  welcome: rule(
    0x20,
    'server',
    anonymous,
    1_024,
    struct({
      requestId,
      account: accountNumber,
      name: accountName,
      displayName: textMax(DISPLAY_NAME_BYTES_MAX),
      signatureLine: textMax(SIGNATURE_LINE_BYTES_MAX),
      epoch,
      /** Logins of this device so far; a profile that remembers a higher or lower one was restored or cloned (R17). */
      loginCount: u32,
      serverWallMs: u48,
      rosterVersion: u64,
      deviceListVersion: u64,
      observed: endpointCodec,
      udpPorts: listMax(u16, 4),
      reflectToken: fixedBytes(32),
      reflectTokenMs: u32,
      /** Another one: the mailboxes were restored, and what was put there may be gone. */
      mailboxId: fixedBytes(8),
    }),
  ),
  refused: rule(
    0x21,
    'server',
    anywhere,
    512,
    struct({ requestId, code: refusalCode, detail: textMax(CLOSE_REASON_BYTES_MAX), retryAfterMs: u32 }),
  ),
  done: rule(0x22, 'server', anywhere, 16, struct({ requestId })),
  account: rule(
    0x23,
    'server',
    authenticated,
    1_024,
    struct({
      requestId,
      account: accountNumber,
      name: accountName,
      displayName: textMax(DISPLAY_NAME_BYTES_MAX),
      accountKey: key,
      ask: oneOf(ASK_POLICIES),
      question: textMax(QUESTION_BYTES_MAX),
    }),
  ),
  /** `requestId` 0: pushed. `last` is false while more frames of the same answer follow. */
  roster: rule(
    0x24,
    'server',
    authenticated,
    FRAME_BYTES_MAX,
    struct({ requestId, version: u64, last: bool, entries: listMax(rosterEntry, ROSTER_ENTRIES_PER_FRAME_MAX) }),
  ),
  presence: rule(
    0x25,
    'server',
    authenticated,
    FRAME_BYTES_MAX,
    struct({ entries: listMax(presenceEntry, ROSTER_ENTRIES_PER_FRAME_MAX) }),
  ),
  introduced: rule(
    0x26,
    'server',
    authenticated,
    128,
    struct({ requestId, to: deviceId, pskId: fixedBytes(8), psk: key }),
  ),
  introduction: rule(
    0x27,
    'server',
    authenticated,
    2_048,
    struct({
      fromAccount: accountNumber,
      from: deviceId,
      pskId: fixedBytes(8),
      psk: key,
      packet: bytesMax(1_536),
    }),
  ),
  relayed: rule(
    0x28,
    'server',
    authenticated,
    RELAY_PACKET_BYTES_MAX + 16,
    struct({ from: deviceId, packet: restBytes }),
  ),
  /** The last relayed packet to this device was not passed on; sent once per state, not per packet. */
  'relay-refused': rule(
    0x29,
    'server',
    authenticated,
    64,
    struct({ to: deviceId, reason: oneOf(['peer-gone', 'not-friends', 'overflow']) }),
  ),
  notice: rule(
    0x2a,
    'server',
    authenticated,
    NOTICE_TEXT_BYTES_MAX + 64,
    struct({ id: u64, atWallMs: u48, text: textMax(NOTICE_TEXT_BYTES_MAX) }),
  ),
  'device-list': rule(
    0x2b,
    'server',
    authenticated,
    DEVICE_LIST_BYTES_MAX + 128,
    struct({ requestId, account: accountNumber, accountKey: key, deviceList: bytesMax(DEVICE_LIST_BYTES_MAX) }),
  ),
  'reflect-token': rule(0x2c, 'server', authenticated, 128, struct({ requestId, token: fixedBytes(32), tokenMs: u32 })),
  /** The password (or the recovery code) is right, and the account's list does not hold this device. */
  'enroll-needed': rule(
    0x2d,
    'server',
    anonymous,
    FRAME_BYTES_MAX_BEFORE_LOGIN + 1_024,
    struct({
      requestId,
      account: accountNumber,
      name: accountName,
      /** Zeros: the account was made by the operator and has no key yet. */
      accountKey: key,
      deviceList: bytesMax(DEVICE_LIST_BYTES_MAX),
      deviceListVersion: u64,
      sealedSeed: bytesMax(SEALED_SEED_BYTES),
    }),
  ),
  /** The account's seed, sealed by an old device for this one (R7). Not an answer: it comes when somebody approves. */
  approved: rule(0x2e, 'server', anonymous, 256, struct({ sealedSeed: bytesMax(APPROVED_SEED_BYTES) })),
  /** To every session of the account: a new device asks, and proves that it was given a code. */
  'approval-asked': rule(
    0x2f,
    'server',
    authenticated,
    512,
    struct({ exchangeKey: key, signKey: key, label: textMax(DEVICE_LABEL_BYTES_MAX), proof: key }),
  ),

  /** After `enroll-needed`: asks the account's devices that are online. Answer: `done`, or `refused peer-gone`. */
  'approval-ask': rule(
    0x30,
    'client',
    anonymous,
    512,
    struct({ requestId, signKey: key, label: textMax(DEVICE_LABEL_BYTES_MAX), proof: key }),
  ),
  approve: rule(
    0x31,
    'client',
    authenticated,
    512,
    struct({ requestId, exchangeKey: key, sealedSeed: bytesMax(APPROVED_SEED_BYTES) }),
  ),
  'password-change': rule(
    0x32,
    'client',
    authenticated,
    1_536,
    struct({ requestId, oldPassword: textMax(PASSWORD_BYTES_MAX), newPassword: textMax(PASSWORD_BYTES_MAX) }),
  ),
  'devices-get': rule(0x33, 'client', authenticated, 16, struct({ requestId })),
  /** Own list, one version further, without a device or with another (R6). */
  'device-list-set': rule(
    0x34,
    'client',
    authenticated,
    DEVICE_LIST_BYTES_MAX + 64,
    struct({ requestId, deviceList: bytesMax(DEVICE_LIST_BYTES_MAX) }),
  ),
  /** Every list of oneself or of a friend above version `since`, ascending, in pages: the chain of R6. */
  'device-chain-get': rule(
    0x35,
    'client',
    authenticated,
    64,
    struct({ requestId, account: accountNumber, since: u64 }),
  ),
  'profile-set': rule(0x36, 'client', authenticated, 1_024, struct({ requestId, ...profile })),
  'policy-get': rule(0x37, 'client', authenticated, 16, struct({ requestId })),
  'policy-set': rule(0x38, 'client', authenticated, 512, struct({ requestId, ...policy })),
  'account-delete': rule(
    0x39,
    'client',
    authenticated,
    1_024,
    struct({ requestId, password: textMax(PASSWORD_BYTES_MAX) }),
  ),
  block: rule(0x3a, 'client', authenticated, 64, struct({ requestId, account: accountNumber })),
  unblock: rule(0x3b, 'client', authenticated, 64, struct({ requestId, account: accountNumber })),
  'last-seen-get': rule(
    0x3c,
    'client',
    authenticated,
    1_024,
    struct({ requestId, accounts: listMax(accountNumber, LAST_SEEN_ACCOUNTS_MAX) }),
  ),
  /** Every notice up to this one is in the client's store; none of them is sent to this account again. */
  'notice-ack': rule(0x3d, 'client', authenticated, 32, struct({ requestId, upTo: u64 })),
  'recovery-set': rule(0x3e, 'client', authenticated, 128, struct({ requestId, ...recovery })),

  devices: rule(
    0x40,
    'server',
    authenticated,
    8_192,
    struct({
      requestId,
      entries: listMax(
        struct({
          device: deviceId,
          label: textMax(DEVICE_LABEL_BYTES_MAX),
          /** False: logged out; it must give the password again. */
          active: bool,
          online: bool,
          /** 0: never, or before the server noted it. */
          lastLoginWallMs: u48,
        }),
        DEVICES_MAX,
      ),
    }),
  ),
  'device-chain': rule(
    0x41,
    'server',
    authenticated,
    FRAME_BYTES_MAX,
    struct({
      requestId,
      account: accountNumber,
      last: bool,
      lists: listMax(bytesMax(DEVICE_LIST_BYTES_MAX), DEVICE_CHAIN_PAGE_MAX),
    }),
  ),
  policy: rule(0x42, 'server', authenticated, 512, struct({ requestId, ...policy })),
  'last-seen': rule(
    0x43,
    'server',
    authenticated,
    2_048,
    struct({
      requestId,
      /** Only those who are friends, are offline and tell. */
      entries: listMax(struct({ account: accountNumber, atWallMs: u48 }), LAST_SEEN_ACCOUNTS_MAX),
    }),
  ),
  /** Pushed to the account's other sessions: what one device has changed. */
  'own-profile': rule(0x44, 'server', authenticated, 1_024, struct({ ...profile, deviceListVersion: u64 })),
} as const;
