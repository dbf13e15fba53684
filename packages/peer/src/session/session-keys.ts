import { PacketCipher } from '@magpie/common/channel/packet-cipher.ts';
import { REJECT_AFTER_MS, REKEY_AFTER_MS } from '@magpie/common/limits.ts';
import { after, type Instant } from '@magpie/common/time.ts';

interface Generation {
  readonly send: PacketCipher;
  readonly receive: PacketCipher;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly handshakeHash: Uint8Array;
  readonly since: Instant;
}

/**
 * The key generations of one session. The receiver index names the key (R2): the newest is `current`; a responder's
 * new one waits as `next` until the first packet under it proves that the initiator has it; the one before lingers
 * as `previous` for packets still on their way.
 */
export class SessionKeys {
  #current: Generation;
  #next: Generation | undefined;
  #previous: Generation | undefined;

  constructor(secrets: GenerationSecrets, now: Instant) {
    this.#current = generation(secrets, now);
  }

  get sendCipher(): PacketCipher {
    return this.#current.send;
  }

  get remoteIndex(): number {
    return this.#current.remoteIndex;
  }

  get handshakeHash(): Uint8Array {
    return this.#current.handshakeHash;
  }

  get indices(): readonly number[] {
    return [this.#current, this.#next, this.#previous].flatMap((one) => (one ? [one.localIndex] : []));
  }

  /** True once a sending initiator should begin a rekey. */
  wantsRekey(now: Instant): boolean {
    return now - this.#current.since >= REKEY_AFTER_MS;
  }

  /** From here on nothing may be sent or accepted under the current key. */
  get expiresAt(): Instant {
    return after(this.#current.since, REJECT_AFTER_MS);
  }

  /** The cipher for a packet to this receiver index, while that key lives. */
  receiveCipher(index: number, now: Instant): PacketCipher | undefined {
    for (const one of [this.#current, this.#next, this.#previous]) {
      if (one?.localIndex === index) return now < one.since + REJECT_AFTER_MS ? one.receive : undefined;
    }
    return undefined;
  }

  /** The initiator may send under the new key at once: the responder's answer proves it has it. */
  adopt(secrets: GenerationSecrets, now: Instant): void {
    this.#previous = this.#current;
    this.#current = generation(secrets, now);
    this.#next = undefined;
  }

  /** The responder keeps sending under the old key until `confirm`. */
  prepare(secrets: GenerationSecrets, now: Instant): void {
    this.#next = generation(secrets, now);
  }

  /** A packet under this index has verified. */
  confirm(index: number): void {
    if (this.#next?.localIndex !== index) return;
    this.#previous = this.#current;
    this.#current = this.#next;
    this.#next = undefined;
  }
}

export interface GenerationSecrets {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly handshakeHash: Uint8Array;
}

function generation(secrets: GenerationSecrets, now: Instant): Generation {
  return {
    send: new PacketCipher(secrets.sendKey),
    receive: new PacketCipher(secrets.receiveKey),
    localIndex: secrets.localIndex,
    remoteIndex: secrets.remoteIndex,
    handshakeHash: secrets.handshakeHash,
    since: now,
  };
}
