import { decode, encode, struct, u16, u32, u48 } from '@magpie/common/bytes/codec.ts';
import { hkdf, type KeyPair } from '@magpie/common/channel/keys.ts';
import { NoiseHandshake } from '@magpie/common/channel/noise-handshake.ts';
import {
  decodeInit,
  decodeResponse,
  encodeInit,
  encodeResponse,
  initPrologue,
} from '@magpie/common/packets/handshake-packet.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { HANDSHAKE_SENDS_MAX } from './limits.ts';

/** Version of the packets between peers (PROTOCOL.md, PK). */
export const PEER_PROTOCOL_VERSION = 1;

/** What rides in handshake messages 1 and 2: nothing of a user's (security.md 2.1: message 1 can be replayed). */
export interface Hello {
  readonly version: number;
  readonly features: number;
  /** R5: rises with every handshake of the sender; milliseconds. */
  readonly stamp: number;
  /** The sender's receiver index once more: message 2 has no prologue of its own that would bind its header. */
  readonly index: number;
  /** R6: a lower one than known is refused, a higher one makes the receiver fetch the list. */
  readonly deviceListVersion: number;
}

const helloCodec = struct({ version: u16, features: u32, stamp: u48, index: u32, deviceListVersion: u32 });
const zeros8 = new Uint8Array(8);
const zeros16 = new Uint8Array(16);

/** The outcome of a handshake, from which a session is made. */
export interface SessionSecrets {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly hello: Hello;
}

/** Our side of IKpsk2 from the sending of message 1; the psk follows from the server (R3). */
export class InitiatorHandshake {
  readonly localIndex: number;
  /** The init packet, the same bytes at every retransmission (R12). */
  readonly init: Uint8Array;
  readonly #noise: NoiseHandshake;
  #psks: Uint8Array[] = [];

  constructor(options: {
    readonly staticKey: KeyPair;
    readonly remoteStatic: Uint8Array;
    readonly random: RandomSource;
    readonly localIndex: number;
    readonly hello: Omit<Hello, 'index'>;
  }) {
    this.localIndex = options.localIndex;
    const header = { senderIndex: options.localIndex, pskId: zeros8, mac: zeros16, cookieMac: zeros16 };
    this.#noise = new NoiseHandshake({
      pattern: 'IKpsk2',
      role: 'initiator',
      staticKey: options.staticKey,
      remoteStatic: options.remoteStatic,
      prologue: initPrologue(header),
      random: options.random,
    });
    this.init = encodeInit({
      ...header,
      noise: this.#noise.writeMessage(encode(helloCodec, { ...options.hello, index: options.localIndex })),
    });
  }

  /**
   * Each retransmission through the server brings another psk, and the responder answers the same bytes with the same
   * response, made with whichever psk reached it first (R12): all of this one handshake are kept.
   */
  addPsk(psk: Uint8Array): void {
    if (this.#psks.length < HANDSHAKE_SENDS_MAX) this.#psks.push(psk);
  }

  handleResponse(packet: Uint8Array): Result<SessionSecrets, 'bad-handshake'> {
    const response = decodeResponse(packet);
    if (!response || response.receiverIndex !== this.localIndex) return err('bad-handshake');
    for (const psk of this.#psks) {
      // A failed read leaves the handshake where it stood, so every psk gets its try.
      const noise = this.#noise;
      noise.setPsk(psk);
      const payload = noise.readMessage(response.noise);
      if (!payload.ok) continue;
      const hello = decode(helloCodec, payload.value);
      if (!hello.ok || hello.value.index !== response.senderIndex) return err('bad-handshake');
      return ok({
        ...noise.split(),
        handshakeHash: noise.handshakeHash,
        localIndex: this.localIndex,
        remoteIndex: response.senderIndex,
        hello: hello.value,
      });
    }
    return err('bad-handshake');
  }
}

/** An init that was understood; nothing has been answered yet. */
export interface ReceivedInit {
  readonly hello: Hello;
  /** Answers it: the response packet and the keys. Call at most once. */
  answer(
    localIndex: number,
    hello: Omit<Hello, 'index'>,
  ): { readonly response: Uint8Array; readonly secrets: SessionSecrets };
}

/** @param expectedStatic the X25519 key of the device that the server says this comes from: anybody else is refused */
export function receiveInit(options: {
  readonly packet: Uint8Array;
  readonly psk: Uint8Array;
  readonly staticKey: KeyPair;
  readonly expectedStatic: Uint8Array;
  readonly random: RandomSource;
}): Result<ReceivedInit, 'bad-handshake'> {
  const init = decodeInit(options.packet);
  if (!init) return err('bad-handshake');
  const noise = new NoiseHandshake({
    pattern: 'IKpsk2',
    role: 'responder',
    staticKey: options.staticKey,
    prologue: options.packet.subarray(0, options.packet.length - init.noise.length),
    random: options.random,
  });
  noise.setPsk(options.psk);
  const payload = noise.readMessage(init.noise);
  if (!payload.ok || !noise.remoteStatic || !sameBytes(noise.remoteStatic, options.expectedStatic)) {
    return err('bad-handshake');
  }
  const hello = decode(helloCodec, payload.value);
  if (!hello.ok || hello.value.index !== init.senderIndex) return err('bad-handshake');
  return ok({
    hello: hello.value,
    answer: (localIndex, ownHello) => {
      const header = { receiverIndex: init.senderIndex, senderIndex: localIndex };
      const message = noise.writeMessage(encode(helloCodec, { ...ownHello, index: localIndex }));
      return {
        response: encodeResponse({ ...header, noise: message }),
        secrets: {
          ...noise.split(),
          handshakeHash: noise.handshakeHash,
          localIndex,
          remoteIndex: init.senderIndex,
          hello: hello.value,
        },
      };
    },
  });
}

/** The psk of a handshake inside a session (R2), and of the first one without a server later. */
export function nextPsk(handshakeHash: Uint8Array): Uint8Array {
  return hkdf(handshakeHash, 'magpie next psk', 32);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
