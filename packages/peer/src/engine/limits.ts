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
