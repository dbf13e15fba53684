/** In a browser there is no Buffer; in Node it is several times as quick as anything else. */
const hasBuffer = typeof Buffer !== 'undefined';

/** Lower-case hex of the bytes. */
export function toHex(bytes: Uint8Array): string {
  if (hasBuffer) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of a hex text whose form the caller has already checked. */
export function fromHex(hex: string): Uint8Array {
  if (hasBuffer) return new Uint8Array(Buffer.from(hex, 'hex'));
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
