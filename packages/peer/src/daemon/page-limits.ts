/** Limits of the page's server, each with its unit and reason. */

/** Tried first for a profile that has no port yet, then the next ones; typed by people, and free on most machines. */
export const PAGE_PORT_FIRST = 8_484;
/** Further ports tried in order before the system picks one: as many profiles on one machine. */
export const PAGE_PORTS_TRIED_MAX = 100;
/** TCP connections at once: a browser opens six for a tab, and each open page holds one. */
export const PAGE_CONNECTIONS_MAX = 64;
/** Open pages at once; the rest of the connections is for loading them. */
export const PAGES_MAX = 32;
/** WebSockets that have not shown their token yet: nobody without one gets more of the daemon than this. */
export const PAGES_UNPROVEN_MAX = 16;
/** A page gives its proof as soon as it has its token; one that is kept from that for longer comes again. */
export const PAGE_TOKEN_MS = 3_000;
/** A laptop that was closed is noticed after two of these. */
export const PAGE_PING_MS = 30_000;
/** Request line, headers and body must be here by then. */
export const PAGE_REQUEST_MS = 10_000;
/** A connection on which nothing moves holds a place that others need; it ends after twice this at most. */
export const PAGE_IDLE_MS = 15_000;
/** All headers of a request; a browser sends about one. */
export const PAGE_HEADER_BYTES_MAX = 16 * 1024;
/** The only body there is holds one code. */
export const PAGE_BODY_BYTES_MAX = 4 * 1024;
/** A WebSocket message holds at least one line; what a face puts together in one turn fits beside it. */
export const PAGE_MESSAGE_SLACK_BYTES = 64 * 1024;
/** Links that open the page and were not used yet; with one more the oldest is void. */
export const PAGE_CODES_MAX = 32;
/** Wrong codes a minute, then the answer is 429. A right one always opens: 32 random bytes are not guessed. */
export const PAGE_CODE_FAILURES_MAX = 20;
export const PAGE_CODE_FAILURES_MS = 60_000;
/** A page that stays open, or comes back after a restart of daemon and machine, need not be opened anew for a month. */
export const PAGE_TOKEN_AGE_MS_MAX = 30 * 24 * 60 * 60 * 1_000;
/** What a replay may leave in the queue of a page before it goes on, in bytes. */
export const PAGE_DRAINED_BYTES = 64 * 1024;
/** A page that cannot take its last bytes, the close code, is cut off after this. */
export const PAGE_CLOSE_MS = 200;
/** Files of the built page, which is a few dozen. */
export const PAGE_FILES_MAX = 500;
