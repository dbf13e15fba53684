import { CONTENT_BYTES_MAX, DATAGRAM_BYTES_MAX } from '@magpie/common/limits.ts';

/** Every limit of the transport, with its unit and its reason. RFC 9002 constants carry the RFC's names in words. */

/** A stream carries one encoded content and is delivered whole, so this is also the largest reassembly buffer. */
export const STREAM_BYTES_MAX = CONTENT_BYTES_MAX;
/** A stream up to this size travels in one frame, never cut, so that it costs the receiver no reassembly. */
export const SHORT_STREAM_BYTES_MAX = 1_024;
/** Longer streams begun and not yet acknowledged, and so the most a receiver ever has half received (transport.md 2.11). */
export const LONG_STREAMS_MAX = 64;
/** Streams opened and not yet acknowledged; the outbox above holds the rest. Also bounds the gaps in finished ids. */
export const SEND_STREAMS_MAX = 1_024;
/** Between n unfinished streams lie at most n + 1 ranges of finished ones. */
export const FINISHED_STREAM_RANGES_MAX = SEND_STREAMS_MAX + 1;
/** Pieces of one half-received stream; a 64 KiB stream in the smallest pieces we cut has about 70. */
export const STREAM_PIECES_MAX = 256;
/** A piece of a long stream smaller than this waits for the next packet, unless it is the last. */
export const STREAM_PIECE_BYTES_MIN = 128;
/** Stream bytes that may be sent ahead of what the receiver has delivered; fixed in this version. */
export const CREDIT_WINDOW_BYTES = 1024 * 1024;
/** RESET frames waiting; the oldest is overwritten (CVE-2024-22189: never let a peer fill a reply queue). */
export const RESETS_MAX = 64;

/** Fixed windows until congestion control comes: about 100 ms of 10 Mbit/s directly, and the relay's own bound (R24). */
export const DIRECT_WINDOW_BYTES = 128 * 1024;
export const RELAY_WINDOW_BYTES = 256 * 1024;
/** Packets that classes 2 and 3 leave free in the window for chat (transport.md 2.5). */
export const CHAT_RESERVE_PACKETS = 2;

/** One path or two, mirrored. */
export const ROUTE_PATHS_MAX = 2;
/** The relay, the selected and the previous direct paths of both address families, and room. */
export const PATHS_MAX = 16;
/** Routes whose packets are remembered for late acks; the one left longest ago gives way. */
export const FLIGHTS_MAX = 8;
/** Every path must carry a short stream with its frame header; 1,200-byte datagrams have 1,173. */
export const PAYLOAD_BYTES_MIN = SHORT_STREAM_BYTES_MAX + 76;
/** Bytes that the header and the tag add to a payload, counted as in flight. */
export const PACKET_OVERHEAD_BYTES = 27;
/** First buffer of a packet under construction; most packets are smaller. */
export const PACKET_BUFFER_BYTES = DATAGRAM_BYTES_MAX;

/** Largest ACK frame: id, largest 8, delay 8, time 4, count 1, first length 8, and 31 ranges of two varints. */
export const ACK_FRAME_BYTES_MAX = 1 + 8 + 8 + 4 + 1 + 8 + 31 * 16;
/** Id and three varints. */
export const RESET_FRAME_BYTES_MAX = 1 + 3 * 8;

/** Ack-eliciting packets after which an ack goes out without waiting. */
export const ACK_EVERY_PACKETS = 2;
/** RFC 9000 section 13.2.1, max_ack_delay; the shorter of it and a quarter of the smoothed RTT counts. */
export const ACK_DELAY_MS_MAX = 25;
export const ACK_DELAY_MS_MIN = 1;

/** RFC 9002 section 6.1.1, and how far spurious losses may raise it (transport.md 2.7). */
export const PACKET_THRESHOLD = 3;
export const PACKET_THRESHOLD_MAX = 32;
/** RFC 9002 section 6.1.2 (9/8), then what spurious losses raise it to. */
export const TIME_THRESHOLDS = [9 / 8, 5 / 4, 3 / 2, 2] as const;
/** Round trips without a spurious loss after which the thresholds come down one step. */
export const CLEAN_ROUND_TRIPS = 16;
/** RFC 9002 section 6.1.2, kGranularity. */
export const GRANULARITY_MS = 1;

/** Packets sent at each probe timeout (RFC 9002 section 6.2.4). */
export const PTO_PROBE_PACKETS = 2;
/** A relay over TCP loses nothing by itself; below this a probe would only race TCP's own retransmission. */
export const ORDERED_PTO_MS_MIN = 1_000;
/** A probe timeout is never shorter: on one machine the round trip is far below the stalls of a busy event loop. */
export const PTO_MS_MIN = 10;
/** Where the doubling stops: somebody waits for a chat message, nobody for bulk (transport.md 2.7). */
export const PTO_MS_MAX_CHAT = 2_000;
export const PTO_MS_MAX = 10_000;
/** Beyond this the exponent no longer matters. */
export const PTO_EXPONENT_MAX = 16;

/** Packets of one route in flight: more than a window full of the smallest ones, and then the oldest is given up. */
export const SENT_PACKETS_MAX = 4_096;
/** Packets given up or replaced that a late ack may still name: about two windows of full datagrams. */
export const RETIRED_PACKETS_MAX = 256;

/** CLOSE is repeated to packets that arrive after it, as it may have been lost, but not for ever. */
export const CLOSE_PACKETS_MAX = 4;
