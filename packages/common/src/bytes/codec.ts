import { err, ok, type Result } from '../result.ts';
import { ByteReader, type DecodeError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/**
 * One layout, both ways. Frames and message contents are declared with these combinators, so that the table is the
 * layout, the type and the limits at once. Readers never throw: a failed read marks the ByteReader.
 */
export interface Codec<T> {
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

export function decode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T, DecodeError> {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  return reader.error ? err(reader.error) : ok(value);
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.write(writer, value);
  return writer.finish();
}

export const u8: Codec<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) };
export const u16: Codec<number> = { read: (r) => r.u16(), write: (w, v) => w.u16(v) };
export const u32: Codec<number> = { read: (r) => r.u32(), write: (w, v) => w.u32(v) };
export const u48: Codec<number> = { read: (r) => r.u48(), write: (w, v) => w.u48(v) };
export const u64: Codec<number> = { read: (r) => r.u64(), write: (w, v) => w.u64(v) };
export const varint: Codec<number> = { read: (r) => r.varint(), write: (w, v) => w.varint(v) };

export const bool: Codec<boolean> = {
  read: (r) => {
    const value = r.u8();
    if (value > 1) r.malformed('bool');
    return value === 1;
  },
  write: (w, v) => w.u8(v ? 1 : 0),
};

/** Exactly `length` bytes. */
export function fixedBytes(length: number): Codec<Uint8Array> {
  return {
    read: (r) => r.bytes(length),
    write: (w, v) => {
      if (v.length !== length) throw new RangeError(`need ${length} bytes, got ${v.length}`);
      w.bytes(v);
    },
  };
}

/** A varint length, then at most `max` bytes; read as a view into the input. */
export function bytesMax(max: number): Codec<Uint8Array> {
  return { read: (r) => r.varBytes(max), write: (w, v) => w.varBytes(v) };
}

/** Everything to the end of the frame. Only as a last field. */
export const restBytes: Codec<Uint8Array> = { read: (r) => r.rest(), write: (w, v) => w.bytes(v) };

export function textMax(maxBytes: number): Codec<string> {
  return { read: (r) => r.text(maxBytes), write: (w, v) => w.text(v) };
}

/** `length` bytes shown as a hex text of a branded type. */
export function hexId<T extends string>(length: number): Codec<T> {
  return {
    read: (r) => Buffer.from(r.bytes(length)).toString('hex') as T,
    write: (w, v) => {
      if (v.length !== length * 2) throw new RangeError(`need ${length} bytes of hex`);
      w.bytes(Buffer.from(v, 'hex'));
    },
  };
}

/** Gives the value of another codec a branded or mapped type. */
export function as<Wire, T extends Wire>(codec: Codec<Wire>): Codec<T> {
  return codec as unknown as Codec<T>;
}

/** One byte that must name a member of `names` (by its index). */
export function oneOf<const Names extends readonly string[]>(names: Names): Codec<Names[number]> {
  return {
    read: (r) => {
      const index = r.u8();
      const name = names[index];
      if (name === undefined) r.malformed(`one of ${names.join('|')}`);
      return name ?? names[0]!;
    },
    write: (w, v) => w.u8(names.indexOf(v)),
  };
}

/** A varint count of at most `max`, then the items. */
export function listMax<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    read: (r) => {
      const count = r.varint();
      if (count > max) r.fail({ kind: 'too-long', at: r.offset, max });
      const items: T[] = [];
      for (let i = 0; i < count && !r.error; i++) items.push(item.read(r));
      return items;
    },
    write: (w, v) => {
      if (v.length > max) throw new RangeError(`list of ${v.length}, at most ${max}`);
      w.varint(v.length);
      for (const one of v) item.write(w, one);
    },
  };
}

type Fields = Readonly<Record<string, Codec<unknown>>>;
export type StructOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** Fields in the order written. Bytes after the last field are ignored (newer versions append, rule FR7). */
// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in its value; any is the only common bound
export function struct<const F extends Readonly<Record<string, Codec<any>>>>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields) as [string, Codec<unknown>][];
  return {
    read: (r) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.read(r);
      return value as StructOf<F>;
    },
    write: (w, v) => {
      for (const [name, codec] of entries) codec.write(w, (v as Record<string, unknown>)[name]);
    },
  };
}
