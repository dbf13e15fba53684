import { fromBase32, toBase32 } from '@magpie/common/bytes/base32.ts';
import { inGroups, ungrouped } from '@magpie/common/channel/code-text.ts';
import { blake2b } from '@magpie/common/channel/keys.ts';
import type { RandomSource } from '@magpie/common/random.ts';

const CODE_BYTES = 16;
const HASH_BYTES = 32;

/** A way in where registration is by invitation. Only the hash is kept, so that nobody who reads the database can use it. */
export interface InviteCode {
  /** 26 base32 characters in groups of four, as a recovery code is written. */
  readonly text: string;
  readonly hash: Uint8Array;
}

export function newInviteCode(random: RandomSource): InviteCode {
  const code = random.bytes(CODE_BYTES);
  return { text: inGroups(toBase32(code)), hash: blake2b(HASH_BYTES, code) };
}

/** @returns the hash of a code as typed; undefined when it is none */
export function inviteHashOf(text: string): Uint8Array | undefined {
  const code = fromBase32(ungrouped(text) ?? '', CODE_BYTES);
  return code && blake2b(HASH_BYTES, code);
}
