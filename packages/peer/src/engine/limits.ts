/** Frames that arrive while the engine still loads its friend list wait here; more than this ends the connection's sense. */
export const EARLY_FRAMES_MAX = 4_096;
/** R5: handshake stamps are reserved in the store ahead of use in blocks of this, so that a send need not wait for a sync. */
export const STAMP_BLOCK_MS = 600_000;
/** A block is renewed at the latest when this much is left of it. */
export const STAMP_RENEW_MS = 120_000;
/** Handshakes toward one device begun without its own asking: at most one per this time (unknown index, doubt). */
export const HANDSHAKE_SPACING_MS = 1_000;
/** While messages wait and the friend's device does not answer, a new session is tried this often at most. */
export const SESSION_RETRY_MS_MIN = 2_000;
export const SESSION_RETRY_MS_MAX = 60_000;
/** Undelivered messages read from the store at a time for one friend; more are read as these are delivered. */
export const UNDELIVERED_BATCH = 256;
/** Events waiting to be handed to listeners in one turn; the engine itself is their only producer. */
export const MESSAGES_PER_QUERY_MAX = 500;
/** Receipts and refusals waiting for a stream on one session; beyond this the session is closed and they are made anew. */
export const CONTROL_CONTENTS_MAX = 64;
/** Goodbyes have this long to leave before sockets close. */
export const GOODBYE_MS = 100;
/** Own messages of this run that are remembered as never sent (some 100 bytes each); beyond, nothing is certain. */
export const NEVER_SENT_MAX = 20_000;
/** A nudge shakes a window: seldom, whoever types or scripts it. */
export const NUDGE_EVERY_MS = 10_000;
/** Lines about friendship and keys that one run writes into one conversation: a server that flaps fills no disk. */
export const SYSTEM_NOTES_PER_CHAT_MAX = 64;
/** Longer than a day without touching anything is not away but gone. */
export const AUTO_AWAY_MS_MAX = 86_400_000;
/** Last seen is asked for this long after a login: a class that comes back together asks for what is urgent first. */
export const LAST_SEEN_ASK_AFTER_MS = 2_000;
/** Notices that wait for our disk; a server sends twenty at most when we come, and few later. */
export const NOTICES_WAITING_MAX = 64;
/**
 * A new device waits this long for the account's key. An old one that has the code answers by itself, at once; what takes
 * longer is a wrong code, or a device that has gone.
 */
export const APPROVAL_WAIT_MS = 60_000;
/** R7: an approval code dies with this many wrong proofs. */
export const APPROVAL_TRIES_MAX = 3;
/** What the server has of the own device lists is asked for again this long after it could not be had. */
export const LIST_RETRY_MS_MIN = 1_000;
export const LIST_RETRY_MS_MAX = 60_000;
/** Mails under way to the server at once, of all devices together: some 1 MiB of the largest, far below its hang-up. */
export const MAILS_UNDER_WAY_MAX = 16;
/** Messages read from the store at a time for one mailbox, and waiting in memory for it. */
export const MAIL_BATCH = 64;
/** R15: a mailbox that is full, or of somebody who is no friend there, is tried again after this, doubling. */
export const MAIL_REFUSED_MS_MIN = 60_000;
export const MAIL_REFUSED_MS_MAX = 3_600_000;
/** A server that is busy, a store that failed, or a device that has no key yet. */
export const MAIL_LATER_MS_MIN = 1_000;
export const MAIL_LATER_MS_MAX = 60_000;
/** What has expired in mailboxes is looked for at each link-up and this often; they keep mail for days. */
export const MAIL_EXPIRY_MS = 3_600_000;
/** R18: receipts wait so long for a session before they go by the slot, and for each other. */
export const RECEIPTS_WAIT_MS = 200;
/** What was told is remembered on disk this much later: a crash repeats it, which changes nothing. */
export const RECEIPTS_NOTED_AFTER_MS = 500;
/** Numberings of one device whose receipts are under way on a session at once; the next follow when these are there. */
export const RECEIPTS_UNDER_WAY_MAX = 16;
/** A friend may have been restored: with each session the receipts of the newest numberings go again (R17). */
export const RECEIPTS_AGAIN_MAX = 8;
/** Numberings of one device that are looked at for a slot, the newest: a friend can begin as many as he likes. */
export const RECEIVED_MAX = 1_024;
/** Doubles are answered by receipts anew this often at most. */
export const RECEIPTS_AGAIN_MS = 1_000;
/** Numberings whose highest number is told with each session. */
export const TAILS_MAX = 16;
/** Older numberings follow on a session, so many at a time, each time so long after the ones before have arrived. */
export const OLDER_PER_PAGE = 8;
export const OLDER_EVERY_MS = 1_000;
/** The same in a slot, which has receipts to hold before. */
export const SLOT_TAILS_MAX = 8;
/** Answers other than receipts that wait for one device, and stay in its slot until it has read that. */
export const SAYS_MAX = 16;
/** Devices that answers wait for in memory; what is owed beyond waits in the store for the next link. */
export const DEBTORS_MAX = 4_096;
/** What became of messages is told to own other devices this much later: one slot for many (R19). */
export const COPY_STATES_WAIT_MS = 1_000;
/** One mail is sealed anew for one device so often within this time: a key that is really gone is replaced at once. */
export const RESEALS_MAX = 3;
export const RESEALS_WITHIN_MS = 3_600_000;
/** Mails of which that is counted, for one device: a mailbox holds as many (R24); and devices, the oldest make room. */
export const RESEALED_PER_DEVICE_MAX = 10_000;
export const RESEAL_DEVICES_MAX = 128;
/** Questions for lost contents of one device are answered this often at most: each costs up to 64 contents. */
export const RESEND_EVERY_MS = 500;
/** The same question again waits twice as long each time, up to this. */
export const RESEND_EVERY_MS_MAX = 60_000;
/** One answer brings so many bytes at most, or one content: some seconds of a slow uplink. */
export const RESEND_BYTES_MAX = 262_144;
/** Friend devices of which something is kept ahead of its turn, 1 MiB each at most; one more takes the place of the oldest. */
export const INBOXES_MAX = 128;
/** Contents of all devices together that are committed in one transaction: a sync is shared, and none waits long for it. */
export const INTAKE_BATCH_MAX = 512;
/** What was read of the own mailbox goes on in the store, two pages of it: one is being synced, one is being opened. */
export const MAIL_IN_FLIGHT_MAX = 128;
/** Above what is acknowledged, positions that are remembered: the mailbox of a device has 10,000 mails (R24). */
export const MAIL_AHEAD_MAX = 16_384;
/** The mailbox is told what it may forget after so many mails, or so long after the first of them. */
export const MAIL_ACK_EVERY = 64;
export const MAIL_ACK_AFTER_MS = 200;
/** The mailbox is read again this long after it could not be read, or after the store took nothing. */
export const MAIL_RETRY_MS_MIN = 1_000;
export const MAIL_RETRY_MS_MAX = 60_000;
/** No room for a mail for so long: it may go. No receipt was given, so its sender has it and sends it when asked. */
export const MAIL_NO_ROOM_MS_MAX = 3_600_000;
/** The store has failed at the same place so often, in a way that no disk explains: that mail is at fault. */
export const MAIL_TRIES_MAX = 8;
/**
 * A mail that could not be opened stays in the mailbox for its sender to be told, but so long at most: it holds up the
 * acknowledgement of all that came after it. A server's restart and four tries at a full mailbox fit in; no mailbox fills.
 */
export const UNTOLD_MS_MAX = 600_000;
/** Counted so often, and only where there is a link and nothing to hide then. */
export const UNTOLD_COUNTED_MS = 60_000;
/** A sender is told of slots that cannot be opened at once, then after this, doubling, until one of its mails can be. */
export const SLOT_COMPLAINT_MS_MIN = 2_000;
export const SLOT_COMPLAINT_MS_MAX = 3_600_000;
/** The list of a sender that is unknown is asked for once in this time. */
export const MAIL_SENDER_LOOKUP_MS = 60_000;
/** Numberings of friends that are watched for what is missing, some 200 bytes each: of one device, and of all. */
export const GAPS_PER_DEVICE_MAX = 256;
export const GAPS_MAX = 4_096;
/** Questions to one device are so far apart: of those that come sooner it answers the newest only (RESEND_EVERY_MS). */
export const GAP_ASK_SPACING_MS = 600;
/** Asked in vain, the wait doubles up to the first; after so many questions in vain it is the second. */
export const GAP_ASK_MS_MAX = 60_000;
export const GAP_ASKS_MAX = 8;
export const GAP_ASK_RARELY_MS = 3_600_000;
/** A count that is shown and goes down is told this often. */
export const GAP_COUNT_EVERY_MS = 1_000;
/** Of one numbering, so many are counted as missing at most. */
export const GAP_COUNT_MAX = 1_000_000;
/** Own numberings that were lost here and are known of one device, which may invent them, and of all. */
export const OWN_REPAIRS_PER_DEVICE_MAX = 256;
export const OWN_REPAIRS_MAX = 4_096;
/** Of those, asked back of one device at the same time; the others follow. */
export const OWN_REPAIRS_AT_ONCE_MAX = 16;
/** Lines of a conversation among which a repair that was told already is looked for. */
export const RESTORED_NOTE_WITHIN = 50;
/** Contents asked for again that wait for a stream on one session; what is beyond is asked for once more. */
export const RESENT_WAITING_MAX = 128;
/** R9: a mailbox key serves for a week of server time. */
export const MAILBOX_STEP_MS = 7 * 86_400_000;
/** R9: a link is kept for this long after its successor was published: longer than mail waits (14 days). */
export const MAILBOX_LINK_KEPT_MS = 21 * 86_400_000;
/** Chains of which links are kept: one more begins with each device that is revoked. */
export const MAILBOX_CHAINS_MAX = 8;
/** An old copy of a profile may open mail for keys so many steps ahead before it has heard of them: ten years. */
export const MAILBOX_STEPS_AHEAD_MAX = 520;
/** Key pairs of links that are kept ready: mail of one page is for one or two of them. */
export const MAILBOX_PAIRS_MAX = 4;
/** The server could not be asked about the own mailbox key, would not take it, or it could not be saved. */
export const MAILBOX_KEY_RETRY_MS_MIN = 60_000;
export const MAILBOX_KEY_RETRY_MS_MAX = 3_600_000;
/** Keys of friends' devices that are kept in memory, 1.3 KiB each; the store has all of them. */
export const MAIL_KEYS_CACHED_MAX = 512;
/** A device without a mailbox key is asked for again after this at the earliest; who waits for it asks ever more seldom. */
export const NO_MAIL_KEY_MS = 1_000;
/** An own device that names as many mails as can be named may lack so many more before those: its mailbox holds no more. */
export const COPIES_BACK_MAX = 10_000;
/** Chats whose states in slots of own devices are remembered; one that is forgotten names the changed ones alone. */
export const COPIED_CHATS_MAX = 256;
/** DL59: so long after a login, and spread over so long, sessions begin with the friends of so many conversations. */
export const GREETINGS_AFTER_MS = 2_000;
export const GREETED_WITHIN_MS = 4_000;
export const GREETED_MAX = 16;
/** Newest lines of a conversation that are looked at for when it was used: a few of the system may stand behind. */
export const GREETINGS_LINES_MAX = 8;
/** News of a device has what it was asked in vain asked anew, but not more often: two that cannot answer end it so. */
export const ASKED_ANEW_MS = 10_000;
