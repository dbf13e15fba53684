/** Limits of the profile database, with units and reasons. */

/** How long a statement waits for another program (a backup, a look from outside) to let go of the database. */
export const BUSY_TIMEOUT_MS = 5_000;
/** Opening tells sooner: somebody waits for the prompt. */
export const OPEN_BUSY_TIMEOUT_MS = 1_000;
/** Requests that share a transaction and a sync; more only make the first of them wait longer. */
export const BATCH_REQUESTS_MAX = 256;
/** Up to this size opening reads all tables for damage (about 0.1 s); a larger file is checked page by page in use. */
export const CHECKED_AT_OPEN_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Numberings of one friend's device (some 50 bytes each) beyond which it opens no other. An honest one needs a few: those
 * that it had begun when it met us.
 */
export const NUMBERINGS_PER_DEVICE_MAX = 1_024;
/** Numberings of one device that are named as owed at a time: one more than a slot can tell (ENVELOPE_CONTENTS_MAX). */
export const RECEIPTS_OWED_MAX = 65;
/** Announcements kept; older ones go. */
export const NOTICES_MAX = 1_000;
/** Calls given to the worker and not answered; beyond them a call fails at once instead of taking memory. */
export const CALLS_WAITING_MAX = 100_000;
/** Terms of one search that the index is asked for; what more was typed is compared with the messages that it names. */
export const SEARCH_TERMS_MAX = 64;
/** Rows of a chat that are erased in one transaction, some 0.2 s; what else waits for the store goes in between. */
export const ERASED_PER_STEP_MAX = 1_000;
/**
 * Messages that are erased from the search index where they stand, some 3 ms each in an index of a million; when there are
 * more the index is written anew, which takes 2 s for a million.
 */
export const ERASED_ONE_BY_ONE_MAX = 500;
/** After texts were erased the write-ahead log is emptied this often at most: each time costs a sync. */
export const LOG_DROPPED_EVERY_MS = 1_000;
/** The search index is tidied for so long before others get their turn. */
export const TIDIED_AT_ONCE_MS = 100;
