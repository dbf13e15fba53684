import type { CandidatesFrame, RekeyFrame } from '@magpie/common/packets/packet.ts';

export type ControlFrame = CandidatesFrame | RekeyFrame;

interface Slot {
  readonly frame: ControlFrame;
  readonly version: number;
  pending: boolean;
}

/** Control frames until acked: one of each type, a newer one takes the place of an older one. */
export class ControlOutbox {
  readonly #slots = new Map<ControlFrame['type'], Slot>();
  #version = 0;

  /** Something is to be sent now. */
  get pending(): boolean {
    for (const slot of this.#slots.values()) if (slot.pending) return true;
    return false;
  }

  /** Nothing is to be sent, and nothing waits for its ack. */
  get empty(): boolean {
    return this.#slots.size === 0;
  }

  put(frame: ControlFrame): void {
    this.#slots.set(frame.type, { frame, version: ++this.#version, pending: true });
  }

  /** Takes the next frame to send. */
  next(): { readonly frame: ControlFrame; readonly version: number } | undefined {
    for (const slot of this.#slots.values()) {
      if (!slot.pending) continue;
      slot.pending = false;
      return slot;
    }
    return undefined;
  }

  onAcked(type: ControlFrame['type'], version: number): void {
    if (this.#slots.get(type)?.version === version) this.#slots.delete(type);
  }

  onLost(type: ControlFrame['type'], version: number): void {
    const slot = this.#slots.get(type);
    if (slot?.version === version) slot.pending = true;
  }
}
