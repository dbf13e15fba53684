import { encode, struct, u32 } from '@magpie/common/bytes/codec.ts';
import type { KeyPair } from '@magpie/common/channel/keys.ts';
import { NoiseHandshake } from '@magpie/common/channel/noise-handshake.ts';
import type { RekeyFrame } from '@magpie/common/packets/packet.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { nextPsk } from './handshake.ts';

/** New keys out of a handshake inside the session. */
export interface RekeyResult {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly localIndex: number;
  readonly remoteIndex: number;
}

const prologueCodec = struct({ label: u32, initiatorIndex: u32 });
/** 'RKEY': keeps a rekey handshake from ever being taken for one outside a session. */
const PROLOGUE_LABEL = 0x524b_4559;
const empty = new Uint8Array(0);

/**
 * R2: a fresh IKpsk2 handshake in REKEY frames, psk derived from the last handshake hash. Only the session's
 * initiator begins one; frames are reliable, so there is one attempt at a time and no timer of its own.
 */
export class RekeyInitiator {
  readonly frame: RekeyFrame;
  readonly #noise: NoiseHandshake;

  constructor(options: {
    readonly staticKey: KeyPair;
    readonly remoteStatic: Uint8Array;
    readonly random: RandomSource;
    readonly localIndex: number;
    readonly lastHash: Uint8Array;
  }) {
    this.#noise = new NoiseHandshake({
      pattern: 'IKpsk2',
      role: 'initiator',
      staticKey: options.staticKey,
      remoteStatic: options.remoteStatic,
      prologue: encode(prologueCodec, { label: PROLOGUE_LABEL, initiatorIndex: options.localIndex }),
      random: options.random,
    });
    this.#noise.setPsk(nextPsk(options.lastHash));
    this.frame = { type: 'rekey', step: 1, index: options.localIndex, noise: this.#noise.writeMessage(empty) };
  }

  /** @returns undefined when the answer does not verify */
  handleAnswer(answer: RekeyFrame): RekeyResult | undefined {
    if (answer.step !== 2 || !this.#noise.readMessage(answer.noise).ok) return undefined;
    return {
      ...this.#noise.split(),
      handshakeHash: this.#noise.handshakeHash,
      localIndex: this.frame.index,
      remoteIndex: answer.index,
    };
  }
}

/** The responder's side, in one step. @returns undefined when message 1 does not verify */
export function answerRekey(options: {
  readonly offer: RekeyFrame;
  readonly staticKey: KeyPair;
  readonly remoteStatic: Uint8Array;
  readonly random: RandomSource;
  readonly localIndex: number;
  readonly lastHash: Uint8Array;
}): { readonly frame: RekeyFrame; readonly result: RekeyResult } | undefined {
  const noise = new NoiseHandshake({
    pattern: 'IKpsk2',
    role: 'responder',
    staticKey: options.staticKey,
    prologue: encode(prologueCodec, { label: PROLOGUE_LABEL, initiatorIndex: options.offer.index }),
    random: options.random,
  });
  noise.setPsk(nextPsk(options.lastHash));
  if (!noise.readMessage(options.offer.noise).ok) return undefined;
  const remote = noise.remoteStatic;
  if (!remote || Buffer.compare(remote, options.remoteStatic) !== 0) return undefined;
  const message = noise.writeMessage(empty);
  return {
    frame: { type: 'rekey', step: 2, index: options.localIndex, noise: message },
    result: {
      ...noise.split(),
      handshakeHash: noise.handshakeHash,
      localIndex: options.localIndex,
      remoteIndex: options.offer.index,
    },
  };
}
