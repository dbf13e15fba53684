/** Why bytes could not be understood. `at` is the offset of the first byte that did not fit. */
export type DecodeError =
  | { readonly kind: 'truncated'; readonly at: number; readonly need: number }
  | { readonly kind: 'too-long'; readonly at: number; readonly max: number }
  | { readonly kind: 'malformed'; readonly at: number; readonly what: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A bounds-checked cursor over one datagram or frame, big endian. A failed read sets `error` once and yields zero
 * or empty values from then on, so that a decoder is straight-line code and nothing is thrown: check `error` at the
 * end. Lengths are checked against the limit and the remaining bytes before anything is allocated.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #error: DecodeError | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get error(): DecodeError | undefined {
    return this.#error;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#error ? 0 : this.#bytes.length - this.#offset;
  }

  /** Marks the input as bad; the first mark wins. */
  fail(error: DecodeError): void {
    this.#error ??= error;
  }

  malformed(what: string): void {
    this.fail({ kind: 'malformed', at: this.#offset, what });
  }

  u8(): number {
    return this.#need(1) ? this.#view.getUint8(this.#advance(1)) : 0;
  }

  u16(): number {
    return this.#need(2) ? this.#view.getUint16(this.#advance(2)) : 0;
  }

  u32(): number {
    return this.#need(4) ? this.#view.getUint32(this.#advance(4)) : 0;
  }

  u48(): number {
    if (!this.#need(6)) return 0;
    const at = this.#advance(6);
    return this.#view.getUint16(at) * 2 ** 32 + this.#view.getUint32(at + 2);
  }

  /** An unsigned 64-bit number that must fit a double exactly (below 2^53). */
  u64(): number {
    if (!this.#need(8)) return 0;
    const at = this.#advance(8);
    const high = this.#view.getUint32(at);
    if (high >= 2 ** 21) {
      this.fail({ kind: 'malformed', at, what: 'u64 over 2^53' });
      return 0;
    }
    return high * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  /** QUIC variable-length integer (RFC 9000 section 16), below 2^53. */
  varint(): number {
    if (!this.#need(1)) return 0;
    const first = this.#view.getUint8(this.#offset);
    switch (first >> 6) {
      case 0:
        this.#offset += 1;
        return first;
      case 1:
        return this.u16() & 0x3fff;
      case 2:
        return this.u32() & 0x3fff_ffff;
      default: {
        if (!this.#need(8)) return 0;
        const at = this.#advance(8);
        const high = this.#view.getUint32(at) & 0x3fff_ffff;
        if (high >= 2 ** 21) {
          this.fail({ kind: 'malformed', at, what: 'varint over 2^53' });
          return 0;
        }
        return high * 2 ** 32 + this.#view.getUint32(at + 4);
      }
    }
  }

  /** A view (not a copy) of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (!this.#need(length)) return new Uint8Array(0);
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of a varint-prefixed byte string of at most `max` bytes. */
  varBytes(max: number): Uint8Array {
    const at = this.#offset;
    const length = this.varint();
    if (length > max) {
      this.fail({ kind: 'too-long', at, max });
      return new Uint8Array(0);
    }
    return this.bytes(length);
  }

  /** A varint-prefixed UTF-8 text of at most `maxBytes` bytes; ill-formed UTF-8 is malformed. */
  text(maxBytes: number): string {
    const at = this.#offset;
    const bytes = this.varBytes(maxBytes);
    if (this.#error) return '';
    try {
      return utf8.decode(bytes);
    } catch {
      this.fail({ kind: 'malformed', at, what: 'utf-8' });
      return '';
    }
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  #need(length: number): boolean {
    if (this.#error) return false;
    if (length <= this.#bytes.length - this.#offset) return true;
    this.fail({ kind: 'truncated', at: this.#offset, need: length });
    return false;
  }

  #advance(length: number): number {
    const at = this.#offset;
    this.#offset += length;
    return at;
  }
}
