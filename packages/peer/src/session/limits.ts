/** R12: a handshake is sent again after these times, then every 5 s. */
export const HANDSHAKE_RETRANSMIT_MS = [300, 600, 1_200, 2_400, 5_000] as const;
/** A handshake without an answer is given up; whoever still wants the session begins a new one. */
export const HANDSHAKE_MS_MAX = 30_000;
/** More sends than the schedule fits into that time; each may bring a psk. */
export const HANDSHAKE_SENDS_MAX = 12;
/** Introductions of one device that are answered or remembered at once, so that a replayed init costs no new state. */
export const ANSWERS_REMEMBERED_PER_DEVICE = 4;
/** Direct paths that one session keeps apart; the agent uses one, the rest are going or coming. */
export const PATHS_MAX = 8;
/** Round trip assumed before anything was measured (RFC 9002 section 6.2.2). */
export const INITIAL_RTT_MS = 333;
