/** First byte of each frame inside a packet (transport.md 2.4, R1). */
export const FRAME_ID = {
  padding: 0x00,
  ping: 0x01,
  ack: 0x02,
  credit: 0x03,
  streamCredit: 0x04,
  /** 08 to 0F: this, with DATA_FIN, DATA_LENGTH and DATA_OFFSET. */
  data: 0x08,
  reset: 0x10,
  stop: 0x11,
  datagram: 0x12,
  pathChallenge: 0x13,
  pathResponse: 0x14,
  newIndex: 0x15,
  retireIndex: 0x16,
  close: 0x17,
  rekey: 0x18,
  candidates: 0x19,
  path: 0x1a,
} as const;

/** The frame's bytes are the last of the stream. */
export const DATA_FIN = 0x01;
/** A varint length is present; without it the bytes go to the end of the packet. */
export const DATA_LENGTH = 0x02;
/** A varint offset, never 0, is present; without it the offset is 0 and class and total size follow the stream id. */
export const DATA_OFFSET = 0x04;

/** Unknown ids from here on carry a varint length and are skipped; an unknown id below is malformed (R11). */
export const SKIPPABLE_FRAME_ID_MIN = 0x40;

/** More frames than this in one packet are refused: nothing of ours needs more, and each costs work. */
export const FRAMES_PER_PACKET_MAX = 512;

/** A Noise message of a rekey handshake; the longest of ours is below 200 bytes. */
export const REKEY_NOISE_BYTES_MAX = 512;

export const PATH_VALUE_BYTES = 8;

/** Bits of a path frame's flags; the two above are sent as 0 and ignored. */
export const PATH_FLAG = {
  challenge: 0x01,
  echo: 0x02,
  selected: 0x04,
  suspect: 0x08,
  keepAlive: 0x10,
  observed: 0x20,
} as const;
