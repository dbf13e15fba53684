import { as, bool, bytesMax, hexId, listMax, oneOf, struct, u32, u48, u64, type ValueOf } from '../bytes/codec.ts';
import type { MailId } from '../ids.ts';
import { DEVICES_MAX, ENVELOPE_BYTES_MAX, FRAME_BYTES_MAX, MAIL_PAGE_MAX, MAILBOX_KEY_BYTES_MAX } from '../limits.ts';
import type { WallMs } from '../time.ts';
import { accountNumber, deviceId, requestId } from './frame-fields.ts';
import { authenticated, rule } from './frame-rule.ts';

/** Which mailbox key an envelope is sealed with: the chain, and the step in it (R9). */
export const mailKeyId = { generation: u32, step: u32 } as const;

/** One sealed envelope in the log of a device, at its position. */
export const mailEntry = struct({
  position: u64,
  fromAccount: accountNumber,
  from: deviceId,
  atWallMs: as<number, WallMs>(u48),
  envelope: bytesMax(ENVELOPE_BYTES_MAX),
});
export type MailEntry = ValueOf<typeof mailEntry>;

/** The mailbox (R8, R9, R15, R18): a durable log of sealed envelopes for each device. */
export const MAIL_FRAMES = {
  /** Puts an envelope into the log of a device. Answer: `mail-stored` once it is durable, or `refused`. */
  'mail-put': rule(
    0x05,
    'client',
    authenticated,
    ENVELOPE_BYTES_MAX + 128,
    struct({
      requestId,
      to: deviceId,
      /** What this device has put there under the same id is replaced, so that a repetition costs nothing. */
      id: hexId<MailId>(16),
      /** A `slot` holds what is cumulative and is replaced again and again (R18): outside the quota, few for each sender. */
      kind: oneOf(['message', 'slot']),
      ...mailKeyId,
      envelope: bytesMax(ENVELOPE_BYTES_MAX),
    }),
  ),
  /** The page of the own log above position `after`. From its end on the server pushes what comes. */
  'mail-get': rule(0x06, 'client', authenticated, 32, struct({ requestId, after: u64 })),
  /** Everything up to this position is durable here and may go. */
  'mail-ack': rule(0x07, 'client', authenticated, 32, struct({ requestId, upTo: u64 })),
  /** The own mailbox key from now on, signed by this device. */
  'mail-key-set': rule(
    0x08,
    'client',
    authenticated,
    MAILBOX_KEY_BYTES_MAX + 32,
    struct({ requestId, ...mailKeyId, key: bytesMax(MAILBOX_KEY_BYTES_MAX) }),
  ),
  /** The mailbox keys of all devices of a friend, or of the own account. */
  'mail-keys-get': rule(0x09, 'client', authenticated, 32, struct({ requestId, account: accountNumber })),
  'mail-stored': rule(0x0a, 'server', authenticated, 32, struct({ requestId, expiresWallMs: as<number, WallMs>(u48) })),
  /** `requestId` 0: pushed, and nothing lies between it and what was sent before. A push without entries: there is more, to be got. */
  mail: rule(
    0x0b,
    'server',
    authenticated,
    FRAME_BYTES_MAX,
    struct({ requestId, last: bool, entries: listMax(mailEntry, MAIL_PAGE_MAX) }),
  ),
  /** What is left in the log, and the oldest key that an envelope there is sealed with; zeros when none is left. */
  'mail-acked': rule(0x0c, 'server', authenticated, 64, struct({ requestId, left: u32, ...mailKeyId })),
  'mail-keys': rule(
    0x0d,
    'server',
    authenticated,
    DEVICES_MAX * (MAILBOX_KEY_BYTES_MAX + 32) + 32,
    struct({
      requestId,
      account: accountNumber,
      /** Of active devices that have published one. */
      entries: listMax(struct({ device: deviceId, key: bytesMax(MAILBOX_KEY_BYTES_MAX) }), DEVICES_MAX),
    }),
  ),
} as const;
