/** Limits of the delivery machines, with units and reasons. */

/** Messages a sender has on the way without a receipt; the receiver holds four times as many (INBOX_MESSAGES_MAX). */
export const WINDOW_MESSAGES_MAX = 64;
/** UTF-8 bytes of their text: four of the largest texts, a quarter of what the receiver holds. */
export const WINDOW_TEXT_BYTES_MAX = 256 * 1024;
/** Kept in memory per friend device; the rest waits in the store until there is room. */
export const OUTBOX_MESSAGES_MAX = 1_024;
export const OUTBOX_TEXT_BYTES_MAX = 4 * 1024 * 1024;

/** The transport has delivered, the commit is still owed: a slow disk syncs within a second, so 5 s means it was lost. */
export const RECEIPT_TIMEOUT_MS = 5_000;
export const RECEIPT_TIMEOUT_MS_MAX = 60_000;
/** A refused stamp becomes acceptable as time passes (R16), and a friend may correct a clock. */
export const REFUSED_RETRY_MS = 60_000;

/** Held ahead of a gap or of a commit; what is beyond is dropped, the sender sends it again. */
export const INBOX_MESSAGES_MAX = 256;
export const INBOX_TEXT_BYTES_MAX = 1024 * 1024;
/** Numberings of one device that are remembered between contents; forgetting one costs a question to the store. */
export const INBOX_INCARNATIONS_MAX = 16;

/** R16: a stamp further ahead of the wall clock is not committed. */
export const STAMP_AHEAD_MS_MAX = 24 * 3_600_000;

/** No receipt for so long, at least (or two probe timeouts of its session): the mailbox gets the message too (D5). */
export const MAIL_AFTER_MS = 2_000;
/** A gap that stands so long is asked for; one that stands longer is shown. */
export const GAP_ASKED_AFTER_MS = 2_000;
export const GAP_SHOWN_AFTER_MS = 10_000;
/** Contents that one `resend` or `give-back` brings. */
export const RESEND_MAX = 64;
/** Held on disk ahead of a gap, of one device; what is beyond stays in the mailbox. */
export const HELD_PER_DEVICE_MAX = 2_000;
/** Told again while somebody goes on typing; ends by itself after the other. */
export const TYPING_EVERY_MS = 3_000;
export const TYPING_ENDS_MS = 6_000;
/** Different emoji of one account on one message. */
export const REACTIONS_PER_MESSAGE_MAX = 16;
export const DRAFTS_MAX = 2_000;
