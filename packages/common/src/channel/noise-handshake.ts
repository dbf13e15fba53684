import { assert, unreachable } from '../assert.ts';
import { AEAD_TAG_BYTES, NOISE_MESSAGE_BYTES_MAX } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { err, ok, type Result } from '../result.ts';
import { isUsableExchangeKey, type KeyPair, newExchangeKeyPair, exchange as x25519 } from './keys.ts';
import { type NoisePattern, type NoisePatternName, type NoiseToken, noisePattern } from './noise-pattern.ts';
import { NoiseSymmetricState } from './noise-symmetric-state.ts';

export const PSK_BYTES = 32;
const KEY_BYTES = 32;

export interface NoiseHandshakeOptions {
  readonly pattern: NoisePatternName;
  readonly role: 'initiator' | 'responder';
  /** Unused by patterns in which this side has no static key. */
  readonly staticKey: KeyPair;
  /** The other side's static key, where the pattern has it known beforehand: for IK at the initiator. */
  readonly remoteStatic?: Uint8Array;
  /** All that preceded the handshake on the wire; both sides must agree on it. */
  readonly prologue: Uint8Array;
  readonly random: RandomSource;
}

/**
 * One handshake of Noise revision 34, `Noise_*_25519_ChaChaPoly_BLAKE2b`, sans-IO: write and read messages by turns
 * until `complete`, then `split`.
 */
export class NoiseHandshake {
  readonly #pattern: NoisePattern;
  readonly #initiator: boolean;
  readonly #staticKey: KeyPair;
  readonly #random: RandomSource;
  #symmetric: NoiseSymmetricState;
  #ephemeral: KeyPair | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #remoteStatic: Uint8Array | undefined;
  #psk: Uint8Array | undefined;
  #messageCount = 0;

  constructor(options: NoiseHandshakeOptions) {
    const { staticKey, remoteStatic } = options;
    this.#pattern = noisePattern(options.pattern);
    this.#initiator = options.role === 'initiator';
    this.#staticKey = staticKey;
    this.#random = options.random;
    this.#symmetric = NoiseSymmetricState.start(`Noise_${options.pattern}_25519_ChaChaPoly_BLAKE2b`);
    this.#symmetric.mixHash(options.prologue);
    const { initiatorStaticKnown, responderStaticKnown } = this.#pattern;
    if (this.#initiator ? responderStaticKnown : initiatorStaticKnown) {
      assert(remoteStatic?.length === KEY_BYTES, 'the pattern needs the remote static key');
      this.#remoteStatic = Uint8Array.from(remoteStatic);
    }
    if (initiatorStaticKnown) this.#symmetric.mixHash(this.#initiator ? staticKey.publicKey : this.#remoteStatic!);
    if (responderStaticKnown) this.#symmetric.mixHash(this.#initiator ? this.#remoteStatic! : staticKey.publicKey);
  }

  /** At any time before the message that mixes it. @param psk 32 bytes */
  setPsk(psk: Uint8Array): void {
    assert(psk.length === PSK_BYTES, 'a psk has 32 bytes');
    this.#psk = Uint8Array.from(psk);
  }

  /** Known beforehand or received; proven only as far as the messages read so far prove it. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic;
  }

  get complete(): boolean {
    return this.#messageCount === this.#pattern.messages.length;
  }

  /** 64 bytes that bind all messages so far; the channel binding once complete. */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.hash;
  }

  /** Only when it is this side's turn. */
  writeMessage(payload: Uint8Array): Uint8Array {
    assert(!this.complete && this.#ourTurn, 'not our turn to write');
    const parts: Uint8Array[] = [];
    for (const token of this.#pattern.messages[this.#messageCount]!) this.#write(token, parts);
    parts.push(this.#symmetric.encryptAndHash(payload));
    this.#messageCount++;
    const message = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
    assert(message.length <= NOISE_MESSAGE_BYTES_MAX, 'handshake message too long');
    let at = 0;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    return message;
  }

  /**
   * @returns the payload. After an error the handshake stands where it stood before, so that a forged answer cannot
   *   end it; on a stream, where nothing else can follow, drop it.
   */
  readMessage(message: Uint8Array): Result<Uint8Array, 'bad-handshake'> {
    if (this.complete || this.#ourTurn || message.length > NOISE_MESSAGE_BYTES_MAX) return err('bad-handshake');
    const before = {
      symmetric: this.#symmetric.copy(),
      remoteEphemeral: this.#remoteEphemeral,
      remoteStatic: this.#remoteStatic,
    };
    const payload = this.#read(message);
    if (payload) {
      this.#messageCount++;
      return ok(payload);
    }
    this.#symmetric = before.symmetric;
    this.#remoteEphemeral = before.remoteEphemeral;
    this.#remoteStatic = before.remoteStatic;
    return err('bad-handshake');
  }

  /** The two transport keys, 32 bytes each, for this role. Once complete. */
  split(): { readonly sendKey: Uint8Array; readonly receiveKey: Uint8Array } {
    assert(this.complete, 'the handshake is not complete');
    const [toResponder, toInitiator] = this.#symmetric.split();
    return this.#initiator
      ? { sendKey: toResponder, receiveKey: toInitiator }
      : { sendKey: toInitiator, receiveKey: toResponder };
  }

  get #ourTurn(): boolean {
    return (this.#messageCount % 2 === 0) === this.#initiator;
  }

  #write(token: NoiseToken, parts: Uint8Array[]): void {
    switch (token) {
      case 'e':
        this.#ephemeral = newExchangeKeyPair(this.#random);
        parts.push(this.#ephemeral.publicKey);
        this.#mixEphemeral(this.#ephemeral.publicKey);
        return;
      case 's':
        parts.push(this.#symmetric.encryptAndHash(this.#staticKey.publicKey));
        return;
      case 'psk':
        return this.#mixPsk();
      case 'ee':
      case 'es':
      case 'se':
      case 'ss': {
        // Received keys were checked when they were read, so a zero result means that our caller gave a bad one.
        assert(this.#mixExchange(token), 'the remote static key is not usable');
        return;
      }
      default:
        return unreachable(token);
    }
  }

  #read(message: Uint8Array): Uint8Array | undefined {
    const tokens = this.#pattern.messages[this.#messageCount]!;
    let at = 0;
    for (const token of tokens) {
      switch (token) {
        case 'e':
          if (message.length < at + KEY_BYTES) return undefined;
          this.#remoteEphemeral = message.slice(at, at + KEY_BYTES);
          at += KEY_BYTES;
          if (!this.#acceptable(this.#remoteEphemeral, 'e', tokens)) return undefined;
          this.#mixEphemeral(this.#remoteEphemeral);
          break;
        case 's': {
          const length = KEY_BYTES + (this.#symmetric.hasKey ? AEAD_TAG_BYTES : 0);
          if (message.length < at + length) return undefined;
          const remoteStatic = this.#symmetric.decryptAndHash(message.subarray(at, at + length));
          at += length;
          if (!remoteStatic || !this.#acceptable(remoteStatic, 's', tokens)) return undefined;
          this.#remoteStatic = remoteStatic.slice();
          break;
        }
        case 'psk':
          this.#mixPsk();
          break;
        case 'ee':
        case 'es':
        case 'se':
        case 'ss':
          if (!this.#mixExchange(token)) return undefined;
          break;
        default:
          return unreachable(token);
      }
    }
    return this.#symmetric.decryptAndHash(message.subarray(at));
  }

  /**
   * A received key that this very message uses is proven by that exchange; one that only a later message uses must be
   * looked at now, because we may be the one who writes that message.
   */
  #acceptable(key: Uint8Array, name: 'e' | 's', tokens: readonly NoiseToken[]): boolean {
    const theirs = this.#initiator ? 1 : 0;
    const usedAtOnce = tokens.some((token) => token.length === 2 && token[theirs] === name);
    return usedAtOnce || isUsableExchangeKey(key);
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#pattern.usesPsk) this.#symmetric.mixKey(publicKey);
  }

  #mixPsk(): void {
    assert(this.#psk, 'no psk was set');
    this.#symmetric.mixKeyAndHash(this.#psk);
  }

  /** @returns false when the result is all zero */
  #mixExchange(token: 'ee' | 'es' | 'se' | 'ss'): boolean {
    const [ours, theirs] = this.#initiator ? [token[0], token[1]] : [token[1], token[0]];
    const secretKey = ours === 'e' ? this.#ephemeral!.secretKey : this.#staticKey.secretKey;
    const publicKey = theirs === 'e' ? this.#remoteEphemeral! : this.#remoteStatic!;
    const shared = x25519(secretKey, publicKey);
    if (!shared) return false;
    this.#symmetric.mixKey(shared);
    return true;
  }
}
