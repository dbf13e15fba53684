/** Limits of the local API, each with its unit and reason. */

/** One line, newline excluded (R29). A 64 KiB text whose every byte needs a six-byte escape still fits. */
export const LINE_BYTES_MAX = 1024 * 1024;
/** Lists end a page here, so that no answer comes near the line limit; one message is at most 400 KiB as JSON. */
export const PAGE_BYTES_MAX = 512 * 1024;
/** Items a caller may ask for in one page. */
export const PAGE_ITEMS_MAX = 500;
/** Conversations of one page: a face reads all of them in one go, since each page looks at all of them. */
export const CHATS_PER_PAGE_MAX = 2_000;
/** Calls of one client that may be under way; reading stops until one is answered. */
export const CALLS_IN_FLIGHT_MAX = 64;
/** Bytes queued for one client; a watcher that stalls is cut off here, so that the daemon's memory stays flat. */
export const CLIENT_QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Local clients at once: a terminal, a page and many scripts. */
export const CLIENTS_MAX = 64;
/** A request id that is text may be this long: a UUID and some. */
export const CALL_ID_CHARS_MAX = 64;
/** Characters of a name, number or remark given as text: a remark of 80 code points, each of two characters, fits. */
export const WHO_CHARS_MAX = 256;
/** Characters of a server address or of an invitation link (INVITATION_CHARACTERS_MAX). */
export const ADDRESS_CHARS_MAX = 1_024;
/** Characters of an approval or recovery code as typed, with whatever stands between its groups. */
export const CODE_CHARS_MAX = 128;
/** Characters of a line of text that the engine or the server judges: a display name, a question, a status. */
export const SHORT_TEXT_CHARS_MAX = 512;
/** Notices a caller may ask for at once; older ones are there for the record only. */
export const NOTICES_MAX = 100;
/** What somebody searches for. */
export const SEARCH_CHARS_MAX = 256;
/** Characters of a message that a list of conversations shows: some lines on a narrow page. */
export const PREVIEW_CHARS_MAX = 160;
/** How long a link to the page may open it: a minute when a browser is started, longer when people are to click it. */
export const PAGE_LINK_MS_MIN = 1_000;
export const PAGE_LINK_MS = 60_000;
export const PAGE_LINK_MS_MAX = 10 * 60_000;
