/** Limits of the view model, with units and reasons. */

/** Rows of one conversation kept and shown: plain elements stay quick and readable for screen readers up to here. */
export const ROWS_KEPT_MAX = 400;
/** Rows fetched at a time: two screens. */
export const ROWS_PER_PAGE = 60;
/** Conversations whose rows are kept when another one is opened, so that going back shows them at once. */
export const CONVERSATIONS_KEPT_MAX = 12;
/** First wait before the daemon is tried again, and the longest: it comes back within a second of being up. */
export const RECONNECT_MS_MIN = 250;
export const RECONNECT_MS_MAX = 1_000;
/** A call that was not answered by then is given up by the face. Logins may wait for an approval. */
export const CALL_TIMEOUT_MS = 90_000;
/** After the last key, before a draft is saved. */
export const DRAFT_SAVED_AFTER_MS = 300;
/** Not yet answered sends of one chat; more are refused at once. */
export const PENDING_MAX = 200;
/** A row must have been in view so long, in a window that has focus, to count as read. */
export const READ_AFTER_MS = 500;
/** Events held back while the lists are read; a face that gets more starts anew instead of keeping them. */
export const EVENTS_HELD_MAX = 20_000;
/** Ids of messages that a happening has told of, so that a replay tells nothing twice. */
export const TOLD_IDS_MAX = 2_000;
/** More contacts than these to be read again at once: the whole list is one question and quicker. */
export const CONTACTS_READ_SINGLY_MAX = 8;
/** Pages of one list; a daemon that never ends a list is not followed further. */
export const LIST_PAGES_MAX = 40;
/** How often a face says that somebody types; the daemon thins it out further. */
export const TYPING_TOLD_EVERY_MS = 1_000;
/** Links of one message that can be clicked; a text with more of them is no message to read. */
export const LINKS_MAX = 200;
/** Things whose last change is remembered, so that an answer on its way does not undo it: a full friend list and its rows. */
export const TOUCHES_KEPT_MAX = 10_000;
