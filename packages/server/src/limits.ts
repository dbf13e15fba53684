/**
 * The server's policy (R24): each number is a key of the `[limits]` table of the configuration, with this default.
 * Limits of the protocol itself are in common/src/limits.ts.
 */
export interface ServerLimits {
  /** Connections that have not logged in, per source (IPv4 /32, IPv6 /64): a class sits behind one address. */
  readonly anonymousPerSourceMax: number;
  /** The same over all sources; one more closes the oldest, so that slow handshakes cannot lock others out. */
  readonly anonymousMax: number;
  readonly connectionsMax: number;
  /** New connections of one source: a class behind one address may reconnect at once, twice, but not for ever. */
  readonly connectionsPerSourcePerSecond: number;
  readonly connectionsPerSourceBurst: number;
  /** Handshakes over all sources: four Diffie-Hellman operations of about 50 µs each. */
  readonly handshakesPerSecond: number;
  /** Beside those, for sources from which somebody logged in lately: a flood from elsewhere takes no turn from them. */
  readonly handshakesPerSecondOfKnown: number;
  /** A connection over the handshake rate waits this long for its turn, then it is dropped. */
  readonly handshakeWaitMsMax: number;

  readonly passwordLoginsPerSourcePerMinute: number;
  readonly registrationsPerSourcePerHour: number;
  /**
   * Wrong passwords for one account from devices that never logged in to it, whatever their source: burst and a day's
   * refill together are the most that are ever looked at in 24 h. Logins by key never meet this.
   */
  readonly passwordGuessesPerNameBurst: number;
  readonly passwordGuessesPerNamePerDay: number;
  /** Wrong passwords of one device that has logged in to the account before: its owner's typing errors. */
  readonly passwordGuessesPerDeviceBurst: number;
  readonly passwordGuessesPerDevicePerHour: number;
  /** All passwords of such a device that are checked, right ones too: each takes a turn before everybody else's. */
  readonly passwordChecksPerDeviceBurst: number;
  readonly passwordChecksPerDevicePerHour: number;
  /** Password hashes that run at the same time: two of Node's four pool threads stay free for files and names. */
  readonly passwordHashesRunningMax: number;
  /** That wait, of strangers and of known devices each; one more hears `busy`. */
  readonly passwordHashesWaitingMax: number;
  readonly passwordHashWaitMsMax: number;
  /** Connections with the right password whose device is not in the list yet (R7), per account, per source and in all. */
  readonly provedPerAccountMax: number;
  readonly provedPerSourceMax: number;
  readonly provedMax: number;
  /** Requests to be let in that are shown to the account's other devices. */
  readonly approvalAsksPerHour: number;

  readonly requestsPendingMax: number;
  /** Over a rate the server stops reading until the budget is back; it never closes (R24). */
  readonly framesPerSecond: number;
  readonly framesBurst: number;
  readonly controlBytesPerSecond: number;
  readonly controlBytesBurst: number;
  readonly relayFramesPerSecond: number;
  readonly relayBytesPerSecond: number;
  readonly relayBytesBurst: number;
  /** Relayed bytes of one device pair that may wait for a slow receiver; more is dropped and counted. */
  readonly relayQueuedBytesPerPair: number;

  /** Above this the write queue takes no presence and no relayed packets; below it takes everything. */
  readonly writeQueueSoftBytes: number;
  /** A connection whose write queue grows over this is closed as a slow reader. */
  readonly writeQueueBytesMax: number;
  /** So is one that takes no byte of its queue for this long. */
  readonly writeStalledMsMax: number;

  readonly profileChangesPerHour: number;
  /** Policies and recovery codes. */
  readonly settingChangesPerHour: number;
  /** Each goes to all friends. */
  readonly deviceListsPerHour: number;
  /** After a long absence there may be one for every friend. */
  readonly deviceChainsPerHour: number;
  /** Entries of its own friend list that an account reads: the longest list 20 times at once, then every minute. */
  readonly rosterEntriesBurst: number;
  readonly rosterEntriesPerHour: number;
  readonly lookupsPerHour: number;
  readonly friendRequestsPerDay: number;
  readonly blocksPerDay: number;
  /** Requests of one account to one other until they are friends; the week begins with the first. */
  readonly friendRequestsPerPairPerWeek: number;
  readonly presenceChangesPerMinute: number;
  /** Between two changes of an account that friends are told; the first one goes out at once, and so does leaving. */
  readonly presenceSpacingMs: number;
  readonly lastSeenAsksPerMinute: number;
  readonly introductionsPerPairPerMinute: number;

  /** R24. An envelope waits so long for its device; its sender is told when that ends. */
  readonly mailDays: number;
  readonly mailMessagesPerDevice: number;
  readonly mailBytesPerDevice: number;
  readonly mailMessagesPerSender: number;
  readonly mailBytesPerSender: number;
  readonly mailPutsPerMinute: number;
  readonly mailKeyChangesPerHour: number;
  /** Pages of its logs and sets of keys that an account reads: a full mailbox three times at once. */
  readonly mailReadsPerMinute: number;

  readonly reflectPerSourcePerSecond: number;
  readonly reflectPerSecond: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  anonymousPerSourceMax: 200,
  anonymousMax: 2_000,
  connectionsMax: 20_000,
  connectionsPerSourcePerSecond: 20,
  connectionsPerSourceBurst: 400,
  handshakesPerSecond: 500,
  handshakesPerSecondOfKnown: 250,
  handshakeWaitMsMax: 2_000,

  passwordLoginsPerSourcePerMinute: 120,
  registrationsPerSourcePerHour: 60,
  passwordGuessesPerNameBurst: 10,
  passwordGuessesPerNamePerDay: 108,
  passwordGuessesPerDeviceBurst: 10,
  passwordGuessesPerDevicePerHour: 20,
  passwordChecksPerDeviceBurst: 30,
  passwordChecksPerDevicePerHour: 60,
  passwordHashesRunningMax: 2,
  passwordHashesWaitingMax: 64,
  passwordHashWaitMsMax: 3_000,
  provedPerAccountMax: 8,
  provedPerSourceMax: 200,
  provedMax: 1_000,
  approvalAsksPerHour: 20,

  requestsPendingMax: 32,
  framesPerSecond: 200,
  framesBurst: 400,
  controlBytesPerSecond: 256 * 1024,
  controlBytesBurst: 512 * 1024,
  relayFramesPerSecond: 4_000,
  relayBytesPerSecond: 1024 * 1024,
  relayBytesBurst: 2 * 1024 * 1024,
  relayQueuedBytesPerPair: 256 * 1024,

  writeQueueSoftBytes: 1024 * 1024,
  writeQueueBytesMax: 4 * 1024 * 1024,
  writeStalledMsMax: 30_000,

  profileChangesPerHour: 20,
  settingChangesPerHour: 60,
  deviceListsPerHour: 60,
  deviceChainsPerHour: 2_000,
  rosterEntriesBurst: 40_000,
  rosterEntriesPerHour: 120_000,
  lookupsPerHour: 300,
  friendRequestsPerDay: 100,
  blocksPerDay: 100,
  friendRequestsPerPairPerWeek: 3,
  presenceChangesPerMinute: 30,
  presenceSpacingMs: 2_000,
  lastSeenAsksPerMinute: 60,
  introductionsPerPairPerMinute: 30,

  mailDays: 14,
  mailMessagesPerDevice: 10_000,
  mailBytesPerDevice: 64 * 1024 * 1024,
  mailMessagesPerSender: 2_000,
  mailBytesPerSender: 16 * 1024 * 1024,
  mailPutsPerMinute: 6_000,
  mailKeyChangesPerHour: 20,
  mailReadsPerMinute: 1_200,

  reflectPerSourcePerSecond: 20,
  reflectPerSecond: 5_000,
};

/** How long a reflector token works (server time); clients ask for a new one before. */
export const REFLECT_TOKEN_MS = 600_000;
/** Buckets of a table of budgets; sources that collide share one, so memory cannot grow. 8 bytes each. */
export const RATE_BUCKETS = 65_536;
/** Known devices with a budget of their own; forgetting the one longest unused gives it more tries, never fewer. */
export const KNOWN_DEVICE_BUDGETS_MAX = 16_384;
/** Accounts whose wrong passwords are being counted for the audit log. */
export const FAILURE_COUNTS_MAX = 16_384;
/** Sources from which somebody logged in, with their share of handshakes, and for how long that counts. */
export const KNOWN_SOURCES_MAX = 32_768;
export const KNOWN_SOURCE_MS = 86_400_000;
/** A closed connection has this long to take its close frame and end, then it is cut. */
export const CLOSE_LINGER_MS = 5_000;
/** What a close frame of an orderly stop tells clients: come back after this long. */
export const SHUTDOWN_RETRY_AFTER_MS = 2_000;
/** It is longer by a random part of this, so that not all of them come back in the same moment. */
export const SHUTDOWN_RETRY_JITTER_MS = 2_000;
/** How long stop() waits for clients to take their close frames. */
export const SHUTDOWN_DRAIN_MS = 1_500;
/** Bytes of roster entries in one frame; the rest follows in the next page. */
export const ROSTER_PAGE_BYTES = 192 * 1024;
/** Held-back presence goes out in steps of this, so that many deadlines share one sweep. */
export const PRESENCE_STEP_MS = 100;
/** Between two writes of when accounts were last seen, and again after one that failed. */
export const LAST_SEEN_WRITE_MS = 1_000;
export const LAST_SEEN_RETRY_MS = 10_000;
/** Accounts of one such write: a few milliseconds of the store. */
export const LAST_SEEN_BATCH_MAX = 1_000;
/** Accounts that wait for it: everybody at once. What is more keeps an older time. */
export const LAST_SEEN_PENDING_MAX = 20_000;
/** What a stop waits for the last write. */
export const LAST_SEEN_FLUSH_MS_MAX = 1_000;
/** Pairs of an asker and one who was asked; the pair longest untouched is forgotten first, which only gives more tries. */
export const ASKED_PAIRS_MAX = 20_000;
/** Newest notices that somebody gets who was away for longer. */
export const NOTICES_CAUGHT_UP_MAX = 20;
/** So far ahead of time positions of mails are reserved; one small write for each renewal, also when nobody puts a mail. */
export const MAIL_POSITIONS_AHEAD_MS = 60_000;
export const MAIL_POSITIONS_RENEW_MS = 30_000;
/**
 * Mails that wait for the disk, in bytes of memory, on their way to it; of one account no more than a part. One more hears
 * `busy` after so long. Some seconds of a busy server, and fewer calls than the store lets wait.
 */
export const MAIL_UNDER_WAY_BYTES_MAX = 64 * 1024 * 1024;
export const MAIL_UNDER_WAY_BYTES_OF_ACCOUNT_MAX = 8 * 1024 * 1024;
export const MAIL_BUSY_RETRY_MS = 2_000;
/** What one of them takes beside its envelope. */
export const MAIL_UNDER_WAY_BYTES_EACH = 4_096;
/** Of envelopes in one page; beside its first one. With what surrounds them a page stays within a frame. */
export const MAIL_PAGE_BYTES = 192 * 1024;
/** Requests about mails of one session that wait for the disk; the next one lets all behind it wait. */
export const MAIL_UNDER_WAY_MAX = 64;
/** Mails that come for a session while a page of its log is read; with more, or over a page's bytes, another page follows. */
export const MAIL_HELD_MAX = 64;
/** R18: of one friend's device in the log of one device. One is used; another one lets a later version have its own. */
export const MAIL_SLOTS_PER_FRIEND_DEVICE = 2;
/** Of an own other device: one for each conversation. */
export const MAIL_SLOTS_PER_OWN_DEVICE = 2_048;
/** Between two sweeps of what has expired; the first one comes sooner, for servers that are restarted every night. */
export const MAIL_SWEEP_MS = 3_600_000;
export const MAIL_SWEEP_FIRST_MS = 60_000;
/** Of one call of a sweep, which the store bounds in bytes too; others have their turn between two of them. */
export const MAIL_SWEEP_BATCH = 256;
