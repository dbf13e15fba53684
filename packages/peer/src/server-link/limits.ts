/** No answer to a request in this time: the connection is given up and the request fails as timed out. */
export const REQUEST_MS_MAX = 15_000;
/** Requests of ours waiting for an answer on one connection; a daemon's own loops never come near it. */
export const REQUESTS_PENDING_MAX = 256;
/** From dialling to a finished handshake; longer than the server's own limit would only wait in vain. */
export const CONNECT_MS_MAX = 10_000;
/** Reconnect: jittered exponential backoff between these (issue: capped at 20 s). */
export const BACKOFF_MS_MIN = 500;
export const BACKOFF_MS_MAX = 20_000;
/** A locked account is tried again after this long, plus up to as much by chance. */
export const LOCKED_RETRY_MS = 300_000;
/** Frames of one paged answer; the longest friend list and the longest chain of device lists stay far below. */
export const ANSWER_FRAMES_MAX = 1_024;
/** A connection that was up this long ends the backoff. */
export const SETTLED_AFTER_MS = 10_000;
/** Bytes that may wait for the server before relay packets are dropped (transport.md 2.12: bufferbloat). */
export const RELAY_QUEUED_BYTES_MAX = 256 * 1024;
/** Frames in one piece with the welcome, which wait until it was told; one read of a socket brings far fewer. */
export const EARLY_FRAMES_MAX = 4_096;
/** Waits before each question to the reflector (p2p.md 6.6). */
export const REFLECT_TRIES_MS = [0, 100, 300] as const;
/** An answer may come this long after the last question. */
export const REFLECT_PATIENCE_MS = 2_000;
/** A reflexive address older than this is asked for again before punching (p2p.md 6.6). */
export const REFLEXIVE_VALID_MS = 25_000;
