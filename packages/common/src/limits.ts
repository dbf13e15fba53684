/** Every limit of the protocol, with its unit and its reason. Server policy lives in the server's own limits.ts. */

/** One frame on a server connection, id included. One 64 KiB text sealed for a few devices still fits (R13). */
export const FRAME_BYTES_MAX = 256 * 1024;
/** Before login a connection may send only small frames (security.md 5.3). */
export const FRAME_BYTES_MAX_BEFORE_LOGIN = 4 * 1024;
/** Frames of one connection before its login, also those that are skipped: many wrong passwords, and a ping between them. */
export const FRAMES_MAX_BEFORE_LOGIN = 64;
/** The same for records: each frame may be in two, and records without a frame cost an AEAD as well. */
export const RECORDS_MAX_BEFORE_LOGIN = 128;
/** A partial frame or handshake must complete in this time (slowloris). */
export const PARTIAL_FRAME_MS_MAX = 15_000;
/** From accept to the end of the Noise handshake, and from there to a login. */
export const HANDSHAKE_MS_MAX = 10_000;
export const LOGIN_MS_MAX = 60_000;

/** Noise limits a message to 65,535 bytes; 16 of them are the tag. */
export const NOISE_MESSAGE_BYTES_MAX = 65_535;
export const AEAD_TAG_BYTES = 16;
/** R2: a rekey frame goes out after this many messages or this long; a receiver closes at twice the count. */
export const LINK_REKEY_MESSAGES = 2 ** 16;
export const LINK_REKEY_MS = 600_000;
export const LINK_MESSAGES_MAX_WITHOUT_REKEY = 2 ** 17;

/** R22: ping after this much silence, dead at 25 s, offline shown 15 s after that. */
export const PING_AFTER_MS = 15_000;
export const DEAD_AFTER_MS = 25_000;
export const PRESENCE_GRACE_MS = 15_000;

/** R25. */
export const PASSWORD_CODE_POINTS_MIN = 10;
export const PASSWORD_CODE_POINTS_MAX = 128;
export const PASSWORD_BYTES_MAX = 512;
export const NAME_BYTES_MAX = 32;
export const DISPLAY_NAME_BYTES_MAX = 256;
export const DISPLAY_NAME_CODE_POINTS_MAX = 64;
export const REQUEST_TEXT_BYTES_MAX = 1_024;
export const NOTICE_TEXT_BYTES_MAX = 4_096;
/** A line about oneself, and one beside one's status: each fits a row of a friend list. */
export const SIGNATURE_LINE_BYTES_MAX = 256;
export const STATUS_TEXT_BYTES_MAX = 256;
export const SHORT_TEXT_CODE_POINTS_MAX = 80;
/** What somebody who asks to be friends must answer. */
export const QUESTION_BYTES_MAX = 256;
export const DEVICE_LABEL_BYTES_MAX = 64;
/** An Ed25519 seed and the tag of its seal (R7). */
export const SEALED_SEED_BYTES = 48;
/** The same from an old device: its ephemeral X25519 key goes first. */
export const APPROVED_SEED_BYTES = 80;
/** A code for a second computer, and a device that waits for approval, live this long. */
export const APPROVAL_MS_MAX = 600_000;
export const INVITE_CODE_BYTES_MAX = 64;
/** Last seen is told in steps of ten minutes: when somebody slept, not when somebody looked. */
export const LAST_SEEN_STEP_MS = 600_000;
export const LAST_SEEN_ACCOUNTS_MAX = 128;

/** R13: UTF-8 bytes of one text message; what is longer is a file. */
export const TEXT_BYTES_MAX = 65_536;
/** One encoded content: a text plus its header, rounded up. */
export const CONTENT_BYTES_MAX = TEXT_BYTES_MAX + 256;
/** UTF-8 bytes of one reaction: the longest emoji of several people and their skins has 35. */
export const EMOJI_BYTES_MAX = 64;
/** Envelopes named in one `cannot-open`. */
export const CANNOT_OPEN_MAX = 64;

/** A mailbox key as its device signs and publishes it (R9): 1,288 bytes today. */
export const MAILBOX_KEY_BYTES_MAX = 2_048;
/** What an envelope adds to its contents: header, ML-KEM ciphertext, tag, padding (R8). */
export const ENVELOPE_OVERHEAD_BYTES_MAX = 2_048;
/** Contents sealed together: one message, or all that waits of receipts. */
export const ENVELOPE_CONTENTS_MAX = 64;
export const ENVELOPE_BYTES_MAX = CONTENT_BYTES_MAX + ENVELOPE_OVERHEAD_BYTES_MAX;
/** Mails in one frame; bytes bound it earlier where they are large. */
export const MAIL_PAGE_MAX = 64;

/** One peer may have this many devices in its signed list. */
export const DEVICES_MAX = 16;
export const DEVICE_LIST_BYTES_MAX = 4_096;
/** Lists of one page of a chain (R6): a page of the longest still fits a frame. */
export const DEVICE_CHAIN_PAGE_MAX = 32;
/** Lists of one account that are kept and followed; a longer chain is no chain of people and their computers. */
export const DEVICE_CHAIN_MAX = 1_024;
/** It rides in a handshake as `u32` (PK11); no account changes its list that often. */
export const DEVICE_LIST_VERSION_MAX = 2 ** 32 - 1;
export const ROSTER_ENTRIES_PER_FRAME_MAX = 128;
export const FRIENDS_MAX = 2_000;
export const REQUESTS_PENDING_MAX = 100;
export const BLOCKED_MAX = 1_000;

/** A datagram that passes nearly every path unfragmented (QUIC's minimum, RFC 9000 section 14). */
export const DATAGRAM_BYTES_MAX = 1_200;
/** A packet inside a relay frame (transport.md 2.10). */
export const RELAY_PACKET_BYTES_MAX = 16 * 1024;
export const PACKET_HEADER_BYTES = 11;
/** R1: probes are padded to this. */
export const PROBE_BYTES = 96;
/** R2: packets older than this many numbers behind the highest are refused. */
export const REPLAY_WINDOW_PACKETS = 8_128;
export const REKEY_AFTER_MS = 120_000;
export const REJECT_AFTER_MS = 180_000;
/** R3: how long a psk made by the server opens a handshake, and how many of a pair are kept. */
export const PSK_MS_MAX = 600_000;
export const PSKS_PER_PAIR_MAX = 3;

export const ACK_RANGES_MAX = 32;
export const CANDIDATES_MAX = 16;
export const CLOSE_REASON_BYTES_MAX = 128;

/** Reflector question and answer: the answer is never larger (security.md 5.2). */
export const REFLECT_REQUEST_BYTES = 112;
export const REFLECT_RESPONSE_BYTES = 48;

/** A Noise message of a link handshake; the largest that Magpie sends has 102 bytes. */
export const LINK_HANDSHAKE_BYTES_MAX = 512;
/**
 * A Noise message of an established link, tag included. Far below Noise's own limit, because this much may be held for
 * every connection that stops in the middle of one, and larger ones save nothing measurable.
 */
export const LINK_RECORD_BYTES_MAX = 16 * 1024;
/** How long after a message its sender may edit or recall it, by the stamps of both: a day, on every device alike. */
export const CHANGE_MS_MAX = 24 * 3_600_000;
