import { assert } from '../assert.ts';

const utf8 = new TextEncoder();

/** A growing big-endian cursor. What it is given is ours, so a value out of range is a bug and throws. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(sizeHint = 128) {
    this.#bytes = new Uint8Array(sizeHint);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  u48(value: number): void {
    const at = this.#grow(6);
    this.#view.setUint16(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 2, value % 2 ** 32);
  }

  u64(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'u64 out of range');
    const at = this.#grow(8);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value % 2 ** 32);
  }

  /** QUIC variable-length integer (RFC 9000 section 16), shortest form. */
  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'varint out of range');
    if (value < 0x40) this.u8(value);
    else if (value < 0x4000) this.u16(value | 0x4000);
    else if (value < 0x4000_0000) this.u32((value | 0x8000_0000) >>> 0);
    else {
      const at = this.#grow(8);
      this.#view.setUint32(at, (Math.floor(value / 2 ** 32) | 0xc000_0000) >>> 0);
      this.#view.setUint32(at + 4, value % 2 ** 32);
    }
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  varBytes(value: Uint8Array): void {
    this.varint(value.length);
    this.bytes(value);
  }

  text(value: string): void {
    this.varBytes(utf8.encode(value));
  }

  zeros(length: number): void {
    const at = this.#grow(length);
    this.#bytes.fill(0, at, at + length);
  }

  /** The bytes written so far, as a view; take it once, when done. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(length: number): number {
    const at = this.#length;
    this.#length = at + length;
    if (this.#length > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      bigger.set(this.#bytes);
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }
}

/** How many bytes `varint` will take. */
export function varintLength(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}
