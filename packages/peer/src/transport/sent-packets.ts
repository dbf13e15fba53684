import type { Instant } from '@magpie/common/time.ts';
import { RETIRED_PACKETS_MAX } from './limits.ts';

/** What a packet carried, by meaning: a lost packet is never sent again, its contents are. */
export type SentContent =
  | { readonly kind: 'data'; readonly stream: number; readonly from: number; readonly to: number }
  | { readonly kind: 'control'; readonly type: 'candidates' | 'rekey'; readonly version: number }
  | { readonly kind: 'reset'; readonly stream: number }
  | { readonly kind: 'credit' }
  /** An ack of everything up to that packet number. */
  | { readonly kind: 'ack'; readonly upTo: number };

export interface SentPacket {
  readonly packetNumber: number;
  /** Rank among the ack-eliciting packets of its flight: packet numbers also count acks, probes and other flights. */
  readonly sequence: number;
  readonly sentAt: Instant;
  readonly bytes: number;
  readonly contents: readonly SentContent[];
  /** `lost` by loss detection, `replaced` because its contents go out again anyway; both may still be acked. */
  state: 'sent' | 'lost' | 'replaced';
}

/**
 * The ack-eliciting packets of one flight in sending order, until acked or forgotten. An ack costs a binary search
 * per range and then O(newly acked); the oldest outstanding packet is O(1) amortised.
 */
export class SentPackets {
  #numbers: number[] = [];
  #packets: (SentPacket | undefined)[] = [];
  /** Everything before is gone. */
  #head = 0;
  /** No packet before it is in state `sent`. */
  #firstSent = 0;
  #outstanding = 0;
  #retired = 0;

  /** Packets in state `sent`. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Packets that an ack could still name. */
  get size(): number {
    return this.#outstanding + this.#retired;
  }

  push(packet: SentPacket): void {
    this.#trim();
    this.#numbers.push(packet.packetNumber);
    this.#packets.push(packet);
    this.#outstanding++;
  }

  /** Takes out what is left of the numbers `from` to `to` and hands each to `visit`. */
  acknowledge(from: number, to: number, visit: (packet: SentPacket) => void): void {
    for (let i = this.#indexOf(from); i < this.#numbers.length && this.#numbers[i]! <= to; i++) {
      const packet = this.#packets[i];
      if (!packet) continue;
      this.#packets[i] = undefined;
      if (packet.state === 'sent') this.#outstanding--;
      else this.#retired--;
      visit(packet);
    }
    this.#trim();
  }

  /** The outstanding packet of that rank, 0 the oldest. */
  oldest(rank = 0): SentPacket | undefined {
    let left = rank;
    for (let i = this.#oldestIndex(); i < this.#packets.length; i++) {
      const packet = this.#packets[i];
      if (packet?.state === 'sent' && left-- === 0) return packet;
    }
    return undefined;
  }

  /** Outstanding packets from the oldest on, until `visit` says false. `visit` may retire the packet it is given. */
  eachOutstanding(visit: (packet: SentPacket) => boolean): void {
    for (let i = this.#oldestIndex(); i < this.#packets.length; i++) {
      const packet = this.#packets[i];
      if (packet?.state === 'sent' && !visit(packet)) return;
    }
  }

  /** Takes an outstanding packet out of flight; it stays known for a late ack, within bounds. */
  retire(packet: SentPacket, state: 'lost' | 'replaced'): void {
    packet.state = state;
    this.#outstanding--;
    this.#retired++;
    if (this.#retired > RETIRED_PACKETS_MAX) this.#forgetOldestRetired();
  }

  #forgetOldestRetired(): void {
    for (let i = this.#head; i < this.#packets.length; i++) {
      const packet = this.#packets[i];
      if (!packet || packet.state === 'sent') continue;
      this.#packets[i] = undefined;
      this.#retired--;
      return;
    }
  }

  #oldestIndex(): number {
    if (this.#firstSent < this.#head) this.#firstSent = this.#head;
    while (this.#firstSent < this.#packets.length && this.#packets[this.#firstSent]?.state !== 'sent')
      this.#firstSent++;
    return this.#firstSent;
  }

  #indexOf(packetNumber: number): number {
    let low = this.#head;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle]! < packetNumber) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Moves the head over what is gone; cuts the arrays when most of them is. Indices change: never inside a loop. */
  #trim(): void {
    while (this.#head < this.#packets.length && this.#packets[this.#head] === undefined) this.#head++;
    if (this.#head < 32 || this.#head * 2 < this.#packets.length) return;
    this.#numbers = this.#numbers.slice(this.#head);
    this.#packets = this.#packets.slice(this.#head);
    this.#firstSent = Math.max(0, this.#firstSent - this.#head);
    this.#head = 0;
  }
}
