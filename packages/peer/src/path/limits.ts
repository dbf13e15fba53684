/** Every timer and budget of the path agent, with its unit and its reason (p2p.md 6.6 and 6.8). */

/** Candidates probed in one round; more would fill the tables of home routers (c-toxcore#195). */
export const PAIRS_PER_ROUND_MAX = 8;
/** Offsets of a pair's probes in a round: many cheap ones early, because one lost packet must not cost seconds. */
export const PUNCH_OFFSETS_MS: readonly number[] = [0, 40, 80, 160, 320, 640, 1280, 2560];
export const PUNCH_ROUND_MS = 4_000;
/** Rounds of one session start at least this far apart. */
export const ROUND_SPACING_MS = 1_000;
/** Rounds in a burst, and the time that earns one more: a friend who keeps sending new candidates gains no more. */
export const ROUNDS_BURST_MAX = 8;
export const ROUND_EARNED_MS = 10_000;
/** After the first echo other candidates may still answer for this long: the better one is often only a few ms later. */
export const SETTLE_MS = 250;
/** Waits between rounds while relayed; the last one repeats. Spread by the jitter so that two peers drift together. */
export const REPUNCH_MS: readonly number[] = [1_000, 5_000, 15_000, 60_000, 300_000];
export const REPUNCH_JITTER = 0.2;
/** While relayed and in use, the path that worked last gets one probe this often, so that healing shows in seconds. */
export const LAST_GOOD_PROBE_MS = 4_000;

/** A pair that has one echo must get a second, or acknowledged data, within this. */
export const TRIAL_MS_MAX = 1_000;
export const TRIAL_PROBE_MS = 100;
/** Echoes that prove a pair: one may be luck, two in a row carry data well enough to stop mirroring. */
export const ECHOES_TO_PROVE = 2;

/** Challenges while a path is in doubt; the last wait repeats. */
export const SUSPECT_PROBE_MS: readonly number[] = [100, 200, 400, 800];
/** In doubt for this long without an echo, the path is lost. */
export const SUSPECT_MS_MAX = 3_000;
/** A challenge unanswered for max(3 srtt, this) puts the path in doubt. */
export const CHALLENGE_DOUBT_MS_MIN = 500;
/**
 * Data unacknowledged for max(3 srtt, this) puts the path in doubt. p2p.md 6.5 has 400; probe timeouts come at doubling
 * distances, so that this one is met at 400 at the latest.
 */
export const DATA_DOUBT_MS_MIN = 200;
/** Doubts of a proven path without any acknowledged data between: probes pass but data does not (tailscale#19457). */
export const DOUBTS_WITHOUT_ACK_MAX = 3;
/** Such a path is not tried again before the next round, or this. */
export const HELD_MS_MAX = 60_000;
/** A doubt sooner after the path was (re)gained is about data from before: the transport waits 400 ms at least. */
export const DOUBT_COUNTED_AFTER_MS = 300;

/** With traffic in the last ACTIVE_MS, silence of this length is answered with a challenge. */
export const LIVENESS_SILENCE_MS = 3_000;
export const ACTIVE_MS = 10_000;
/** The shortest NAT binding seen is 30 s; RFC 8085 asks for 15 s or more between keepalives. */
export const KEEPALIVE_MS = 15_000;
export const KEEPALIVE_JITTER_MS = 2_000;
/** Without traffic for this long the path is given up and nothing is sent any more. */
export const COLD_AFTER_MS = 120_000;

/** A pair proven within this is as good as proven now. */
export const FRESH_MS = 5_000;
/** A better pair must win by both the larger of these and RTT_GAIN_RATIO: no flapping between equals. */
export const RTT_GAIN_MS_MIN = 5;
export const RTT_GAIN_RATIO = 0.1;

/** A direct path as quick as this is not compared with new candidates any more. */
export const GOOD_ENOUGH_RTT_MS = 10;

/** Challenges older than this prove nothing any more; longer than any round trip worth having. */
export const CHALLENGE_MS_MAX = 5_000;
/** Outstanding challenges: a round's worth for every pair of it. */
export const CHALLENGES_MAX = 128;
export const CHALLENGE_BYTES = 8;
/** An unknown source that keeps sending data is challenged this often. */
export const RECHALLENGE_MS = 500;
/** Sources learned from authenticated packets, beside the named candidates. */
export const PEER_REFLEXIVE_MAX = 8;

/** Of the 128 probe packets of a round (p2p.md 6.8), answers may take this many and our own checks the rest. */
export const ANSWERS_PER_ROUND_MAX = 48;
export const CHECKS_PER_ROUND_MAX = 80;
/** Answers waiting to be sent; the peer repeats what finds no room. */
export const ANSWERS_QUEUED_MAX = 16;

/** Of the 16 candidates of a list, host addresses take at most this many: the rest is for reflexive ones. */
export const HOST_CANDIDATES_MAX = 12;
