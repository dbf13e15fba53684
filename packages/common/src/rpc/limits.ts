/** Limits of the local API, each with its unit and reason. */

/** One line, newline excluded (R29). A 64 KiB text whose every byte needs a six-byte escape still fits. */
export const LINE_BYTES_MAX = 1024 * 1024;
/** Lists end a page here, so that no answer comes near the line limit; one message is at most 400 KiB as JSON. */
export const PAGE_BYTES_MAX = 512 * 1024;
/** Items a caller may ask for in one page. */
export const PAGE_ITEMS_MAX = 500;
/** Calls of one client that may be under way; reading stops until one is answered. */
export const CALLS_IN_FLIGHT_MAX = 64;
/** Bytes queued for one client; a watcher that stalls is cut off here, so that the daemon's memory stays flat. */
export const CLIENT_QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Local clients at once: a terminal, a page and many scripts. */
export const CLIENTS_MAX = 64;
/** A request id that is text may be this long: a UUID and some. */
export const CALL_ID_CHARS_MAX = 64;
/** Code points of a name, number or address given as text: longer than any that exists. */
export const WHO_CHARS_MAX = 64;
export const ADDRESS_CHARS_MAX = 512;
