import { CREDIT_WINDOW_BYTES } from './limits.ts';

/**
 * Connection credit, both directions (RFC 9000 section 4). A stream is charged by its highest byte, so that lost
 * pieces cost nothing again and a receiver's buffers never exceed the window. Both sides start with one window.
 */
export class FlowControl {
  #sent = 0;
  #sendLimit = CREDIT_WINDOW_BYTES;
  #received = 0;
  #delivered = 0;
  #advertised = CREDIT_WINDOW_BYTES;
  #creditPending = false;

  /** New stream bytes that may still be sent. */
  get sendRoomBytes(): number {
    return this.#sendLimit - this.#sent;
  }

  onSent(bytes: number): void {
    this.#sent += bytes;
  }

  /** A CREDIT frame; a lower one than before is late and ignored. */
  onCredit(dataMax: number): void {
    this.#sendLimit = Math.max(this.#sendLimit, dataMax);
  }

  /** @returns false when the peer sends beyond its credit */
  onReceived(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#advertised;
  }

  /** Bytes of finished streams. A new limit is due when less than half of the window is left (erlang_quic#209). */
  onDelivered(bytes: number): void {
    this.#delivered += bytes;
    const headroom = this.#advertised - this.#received;
    if (headroom < CREDIT_WINDOW_BYTES / 2) this.#creditPending = true;
  }

  get creditPending(): boolean {
    return this.#creditPending;
  }

  /** The limit to put into a CREDIT frame that is sent now. */
  advertise(): number {
    this.#creditPending = false;
    this.#advertised = this.#delivered + CREDIT_WINDOW_BYTES;
    return this.#advertised;
  }

  onCreditLost(): void {
    this.#creditPending = true;
  }
}
