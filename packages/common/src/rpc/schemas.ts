import * as z from 'zod';
import { ASK_POLICIES, PRESENCE_STATUSES, ROSTER_STATES } from '../frames/status-words.ts';
import { parseAccountNumber, parseMessageId } from '../ids.ts';
import { PAGE_ITEMS_MAX, WHO_CHARS_MAX } from './limits.ts';

/**
 * The shapes of the local API, which are also those of `--json`: camelCase, ids and account numbers as text, times as
 * ISO 8601 in UTC, what is absent is null. Changes only add fields; `schema` rises when that rule must break.
 */
export const API_SCHEMA = 1;

/** A name, a number or a remark as typed by a person. */
export const whoText = z.string().min(1).max(WHO_CHARS_MAX);
export const messageIdText = z.string().refine((text) => parseMessageId(text) !== undefined);
export const accountText = z.string().refine((text) => parseAccountNumber(text) !== undefined);
export const pageLimit = z.int().min(1).max(PAGE_ITEMS_MAX);
/** A cursor is a whole number as text, so that no reader rounds it. */
export const cursorText = z.string().regex(/^(0|[1-9][0-9]{0,15})$/);

/** A time as in answers: ISO 8601 in UTC. */
export const timeText = z.iso.datetime();

export const presenceStatus = z.enum(PRESENCE_STATUSES);
/** `invisible`: connected, and to friends as if not; `offline`: not connected. */
export const presenceWish = z.enum([...PRESENCE_STATUSES, 'invisible']);
const presenceSeen = z.enum([...PRESENCE_STATUSES, 'unknown']);

/** R14. */
export const road = z.object({
  kind: z.enum(['direct', 'relay', 'mailbox']),
  lan: z.boolean(),
  rttMs: z.number(),
});

export const account = z.object({
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
  /** `host:port#pin` */
  server: z.string(),
  signedIn: z.boolean(),
  device: z.string(),
  signatureLine: z.string(),
});

export const signIn = z.object({
  account,
  /** Made by this very sign-in and never shown again; else null (R7). */
  recoveryCode: z.string().nullable(),
});

export const device = z.object({
  id: z.string(),
  label: z.string(),
  /** The one that answers. */
  own: z.boolean(),
  /** False: it must log in with the password before it may come back. */
  active: z.boolean(),
  online: z.boolean(),
  lastLoginAt: z.string().nullable(),
});

/** Who may ask this account to be friends, and whether friends learn when it was last here. */
export const policy = z.object({
  ask: z.enum(ASK_POLICIES),
  question: z.string(),
  showLastSeen: z.boolean(),
});

/** A code that lets one new device in, until then. */
export const approval = z.object({ code: z.string(), expiresAt: z.string() });

export const contact = z.object({
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
  /** What this profile calls them; null: nothing of its own. */
  alias: z.string().nullable(),
  group: z.string().nullable(),
  /** `member` is a friend, `asked` waits for them, `asking` for us, `removed` is no friend any more, `blocked` by us. */
  state: z.enum(ROSTER_STATES),
  presence: presenceSeen,
  statusText: z.string(),
  signatureLine: z.string(),
  /** Of a friend who is offline and tells, in steps of ten minutes. */
  lastSeen: z.string().nullable(),
  path: road.nullable(),
  unread: z.int(),
  /** Text of the friend request, else empty. */
  text: z.string(),
  keyChanged: z.boolean(),
  /** The key is the one pinned, but the list of devices does not follow from the one known. */
  listBroken: z.boolean(),
  /** The safety number was compared, or the contact came by a link. */
  verified: z.boolean(),
  neverDirect: z.boolean(),
  /** Messages of theirs that are known to be missing here. */
  missing: z.int(),
  typing: z.boolean(),
});

export const lookup = z.object({
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
  ask: z.enum(ASK_POLICIES),
  question: z.string(),
});

export const safety = z.object({
  contact,
  /** 60 digits in groups of five, the same on both sides. */
  digits: z.string(),
  verified: z.boolean(),
  keyChanged: z.boolean(),
});

export const presence = z.object({
  /** What friends see now. */
  presence: presenceStatus,
  text: z.string(),
  /** What was asked for: `presence` differs without a link, and while away by itself. */
  wish: presenceWish,
  /** 0: never. */
  autoAwayMs: z.int(),
});

export const notice = z.object({
  id: z.string(),
  at: z.string(),
  text: z.string(),
  /** Somebody has read it at a face of this profile and wants no banner of it any more. */
  dismissed: z.boolean(),
});

export const MESSAGE_STATES = ['queued', 'stored', 'delivered', 'read', 'refused'] as const;

export const MESSAGE_KINDS = ['text', 'nudge', 'void', 'edit', 'recall', 'reaction', 'unsupported', 'system'] as const;

export const message = z.object({
  id: z.string(),
  /** Account number of the other side. */
  chat: z.string(),
  from: z.string(),
  direction: z.enum(['in', 'out']),
  /** The sender's claim (R16). */
  at: z.string(),
  /** Rows of one millisecond stand in this order, then by device (R16). */
  counter: z.int(),
  /** `edit`, `recall` and `reaction` occur in exports only: elsewhere they show on their target. */
  kind: z.enum(MESSAGE_KINDS),
  /** As it stands after edits; empty once recalled. Of a `system` message what it says, one of a few words. */
  text: z.string(),
  replyTo: z.string().nullable(),
  /** What an edit, recall or reaction is about. */
  target: z.string().nullable(),
  editedAt: z.string().nullable(),
  recalled: z.boolean(),
  reactions: z.array(z.object({ emoji: z.string(), mine: z.boolean() })),
  /** Own changes to it that the friend does not have yet. */
  pendingChanges: z.int(),
  /** It came back from the friend after it was lost here. */
  returned: z.boolean(),
  state: z.enum(MESSAGE_STATES),
  /** Why it is still queued, or refused. */
  reason: z.string().nullable(),
  /** Of a stored one: until when a mailbox keeps it. */
  expiresAt: z.string().nullable(),
  path: road.nullable(),
  device: z.string(),
  incarnation: z.string(),
  sequence: z.int(),
});

/** What a list of conversations shows of one. */
export const chat = z.object({
  /** Account number of the other side. */
  id: z.string(),
  /** The newest row; null when there is none. Its text is cut to PREVIEW_CHARS_MAX characters. */
  last: message
    .pick({ id: true, at: true, direction: true, kind: true, text: true, recalled: true, state: true, reason: true })
    .nullable(),
  unread: z.int(),
  /** The oldest row from the other side that was not read; null when all was. */
  firstUnread: z.string().nullable(),
});

/** A row of an export: also what a conversation shows on other rows only, and where it stands. */
export const exportedMessage = message.extend({
  /** Of a reaction: false takes it back. */
  on: z.boolean(),
  /** Place of the row among all of this profile; `message.export` goes on `after` it. */
  row: z.string(),
});

/** What is being written in a conversation and not sent; `at` is null when nothing is. */
export const draft = z.object({
  chat: z.string(),
  text: z.string(),
  replyTo: z.string().nullable(),
  at: z.string().nullable(),
});

/** Whether friends learn that one types, and what one has read. */
export const privacy = z.object({ sendTyping: z.boolean(), sendReadReceipts: z.boolean() });

/** All that is chosen for this profile, whole, whenever some of it changes. */
export const settings = z.object({ presence, privacy, neverDirect: z.boolean() });

const udp = z.object({
  enabled: z.boolean(),
  port4: z.int().nullable(),
  port6: z.int().nullable(),
  datagramsSent: z.int(),
  datagramsReceived: z.int(),
  datagramsDropped: z.int(),
  dropping: z.boolean(),
  reflexive: z.array(z.string()),
});

const link = z.object({
  state: z.enum(['signed-out', 'connecting', 'connected', 'waiting', 'stopped']),
  rttMs: z.number().nullable(),
  lastError: z.string().nullable(),
  retryAt: z.string().nullable(),
});

export const status = z.object({
  account: account.nullable(),
  server: link,
  presence: presenceStatus,
  /** What was asked for: `invisible` is `offline` to friends. */
  wish: presenceWish,
  neverDirect: z.boolean(),
  /** A recovery code was made that perhaps nobody has seen: `account.renewRecovery`. */
  recoveryUnseen: z.boolean(),
  peers: z.object({ direct: z.int(), relay: z.int(), offline: z.int() }),
  unread: z.object({ chats: z.int(), messages: z.int() }),
  storage: z.object({ messages: z.int(), bytes: z.int() }),
  udp,
});

export const netStatus = z.object({ server: link, udp });

export const path = z.object({
  id: z.string(),
  name: z.string(),
  session: z.enum(['none', 'handshaking', 'waiting', 'established']),
  path: road.nullable(),
  state: z.string(),
  reason: z.string(),
  endpoint: z.string().nullable(),
  packetsSent: z.int(),
  packetsReceived: z.int(),
  packetsLost: z.int(),
});

export const daemonStatus = z.object({
  pid: z.int(),
  version: z.string(),
  startedAt: z.string(),
  profile: z.string(),
  /** How `magpie` is typed where this daemon was started. */
  command: z.string().optional(),
});

/** First line of every connection, sent by the daemon. */
export const hello = z.object({ schema: z.int(), version: z.string(), pid: z.int() });

export { EVENT_TYPES, type EventType } from './event-types.ts';

const cursor = z.string();
export const event = z.discriminatedUnion('type', [
  z.object({ cursor, type: z.literal('message'), data: message }),
  z.object({ cursor, type: z.literal('receipt'), data: message }),
  /** Ends by itself when nothing more is heard. */
  z.object({ cursor, type: z.literal('typing'), data: z.object({ id: z.string(), active: z.boolean() }) }),
  z.object({ cursor, type: z.literal('draft'), data: draft }),
  z.object({ cursor, type: z.literal('presence'), data: z.object({ id: z.string(), presence: presenceSeen }) }),
  z.object({ cursor, type: z.literal('contact'), data: contact }),
  z.object({ cursor, type: z.literal('path'), data: path }),
  z.object({
    cursor,
    type: z.literal('link'),
    data: z.object({ state: link.shape.state, error: z.string().nullable() }),
  }),
  z.object({ cursor, type: z.literal('notice'), data: notice }),
  z.object({ cursor, type: z.literal('account'), data: account }),
  z.object({
    cursor,
    type: z.literal('approval'),
    data: z.object({ label: z.string(), outcome: z.enum(['approved', 'wrong-code']) }),
  }),
  /** How much of a conversation is unread changed: something came, or was read or deleted, at whatever face. */
  z.object({ cursor, type: z.literal('unread'), data: z.object({ chat: z.string(), unread: z.int() }) }),
  /** Rows of a conversation were deleted on this machine: what is shown of it is to be read anew. */
  z.object({ cursor, type: z.literal('deleted'), data: z.object({ chat: z.string() }) }),
  z.object({ cursor, type: z.literal('settings'), data: settings }),
]);

export type RoadJson = z.output<typeof road>;
export type AccountJson = z.output<typeof account>;
export type SignInJson = z.output<typeof signIn>;
export type DeviceJson = z.output<typeof device>;
export type PolicyJson = z.output<typeof policy>;
export type LookupJson = z.output<typeof lookup>;
export type SafetyJson = z.output<typeof safety>;
export type PresenceJson = z.output<typeof presence>;
export type NoticeJson = z.output<typeof notice>;
export type ContactJson = z.output<typeof contact>;
export type ChatJson = z.output<typeof chat>;
export type MessageJson = z.output<typeof message>;
export type ExportedMessageJson = z.output<typeof exportedMessage>;
export type DraftJson = z.output<typeof draft>;
export type PrivacyJson = z.output<typeof privacy>;
export type SettingsJson = z.output<typeof settings>;
export type StatusJson = z.output<typeof status>;
export type NetStatusJson = z.output<typeof netStatus>;
export type PathJson = z.output<typeof path>;
export type DaemonStatusJson = z.output<typeof daemonStatus>;
export type HelloJson = z.output<typeof hello>;
export type EventJson = z.output<typeof event>;
