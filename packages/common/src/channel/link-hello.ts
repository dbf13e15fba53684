import { type Codec, decode, encode, struct, u16, u32 } from '../bytes/codec.ts';
import { err, ok, type Result } from '../result.ts';

/** What this program speaks; rises with changes that feature bits cannot express. */
export const PROTOCOL_VERSION = 1;

export const PREAMBLE_BYTES = 8;

/** `M G P`, then the version of the preamble itself. */
const MAGIC = [0x4d, 0x47, 0x50] as const;
const PREAMBLE_VERSION = 1;
const PATTERNS = ['XX', 'IK'] as const;
/** 25519_ChaChaPoly_BLAKE2b; 2 is reserved for a hybrid with ML-KEM-768 (R8). */
const SUITE = 1;

export type LinkPattern = (typeof PATTERNS)[number];

/** The first bytes of a connection, from the client, and the prologue of the handshake: nobody can change them unseen. */
export function encodePreamble(pattern: LinkPattern): Uint8Array {
  return Uint8Array.of(...MAGIC, PREAMBLE_VERSION, PATTERNS.indexOf(pattern), SUITE, 0, 0);
}

/** @param bytes exactly PREAMBLE_BYTES */
export function parsePreamble(bytes: Uint8Array): Result<LinkPattern, 'bad-handshake' | 'unsupported-version'> {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) return err('bad-handshake');
  if (bytes[3] !== PREAMBLE_VERSION || bytes[5] !== SUITE) return err('unsupported-version');
  const pattern = PATTERNS[bytes[4]!];
  if (pattern === undefined || bytes[6] !== 0 || bytes[7] !== 0) return err('unsupported-version');
  return ok(pattern);
}

/** Feature bit of a client: its session begins invisible, so that no friend sees it even for a moment (R23, LK2). */
export const LINK_FEATURE_UNSEEN = 1;

/** What each side says of itself in its handshake payload; newer versions append. */
export interface LinkHello {
  readonly version: number;
  /** LINK_FEATURE_UNSEEN holds by itself; bits to come are in force when both sides set them. */
  readonly features: number;
}

const helloCodec: Codec<LinkHello> = struct({ version: u16, features: u32 });

export function encodeHello(features: number): Uint8Array {
  return encode(helloCodec, { version: PROTOCOL_VERSION, features });
}

/** A higher version than ours is fine: it is the higher side that decides whether it can still speak ours. */
export function decodeHello(payload: Uint8Array): Result<LinkHello, 'bad-handshake' | 'unsupported-version'> {
  const hello = decode(helloCodec, payload);
  if (!hello.ok) return err('bad-handshake');
  return hello.value.version === 0 ? err('unsupported-version') : hello;
}
