import fc from 'fast-check';

type Step = (bytes: Uint8Array, splice: readonly Uint8Array[]) => Uint8Array;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const small = fc.uint8Array({ minLength: 1, maxLength: 24 });
/** Values at which lengths and counts tend to break. */
const edge = fc.constantFrom(0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([at, bit]) => flip(at, bit)),
  fc.tuple(place, edge).map(([at, value]) => overwrite(at, [value])),
  fc.tuple(place, fc.array(edge, { minLength: 2, maxLength: 8 })).map(([at, values]) => overwrite(at, values)),
  place.map((at) => cut(at)),
  fc.tuple(place, place).map(([from, to]) => remove(from, to)),
  fc.tuple(place, small).map(([at, bytes]) => insert(at, bytes)),
  fc.tuple(place, place).map(([from, to]) => repeat(from, to)),
  fc.tuple(place, place, fc.nat()).map(([at, from, which]) => splice(at, from, which)),
  fc.tuple(place, fc.integer({ min: -4, max: 4 })).map(([at, by]) => shiftLength(at, by)),
);

/**
 * Valid inputs, changed in one to four places: bits flipped, bytes set to edge values, cut, removed, inserted, repeated,
 * spliced with another valid input, and length-like bytes moved by a little.
 */
export function mutate(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.array(step, { minLength: 1, maxLength: 4 }))
    .map(([index, steps]) => steps.reduce((bytes, apply) => apply(bytes, valid), valid[index]!));
}

/** Half mutated from valid inputs, half random bytes. */
export function hostileBytes(valid: readonly Uint8Array[], randomBytesMax = 256): fc.Arbitrary<Uint8Array> {
  return fc.oneof(mutate(valid), fc.uint8Array({ maxLength: randomBytesMax }));
}

function flip(at: number, bit: number): Step {
  return (bytes) => edit(bytes, at, (copy, index) => (copy[index]! ^= 1 << bit));
}

function overwrite(at: number, values: readonly number[]): Step {
  return (bytes) => edit(bytes, at, (copy, index) => copy.set(values.slice(0, copy.length - index), index));
}

function shiftLength(at: number, by: number): Step {
  return (bytes) => edit(bytes, at, (copy, index) => (copy[index]! += by));
}

function cut(at: number): Step {
  return (bytes) => bytes.subarray(0, Math.floor(at * bytes.length));
}

function remove(from: number, to: number): Step {
  return (bytes) => {
    const [start, end] = span(bytes, from, to);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  };
}

function insert(at: number, more: Uint8Array): Step {
  return (bytes) => {
    const index = Math.floor(at * (bytes.length + 1));
    return joined(bytes.subarray(0, index), more, bytes.subarray(index));
  };
}

function repeat(from: number, to: number): Step {
  return (bytes) => {
    const [start, end] = span(bytes, from, to);
    return joined(bytes.subarray(0, end), bytes.subarray(start));
  };
}

function splice(at: number, from: number, which: number): Step {
  return (bytes, valid) => {
    const other = valid[which % valid.length]!;
    return joined(bytes.subarray(0, Math.floor(at * bytes.length)), other.subarray(Math.floor(from * other.length)));
  };
}

function edit(bytes: Uint8Array, at: number, change: (copy: Uint8Array, index: number) => unknown): Uint8Array {
  if (bytes.length === 0) return bytes;
  const copy = bytes.slice();
  change(copy, Math.floor(at * copy.length));
  return copy;
}

function span(bytes: Uint8Array, a: number, b: number): [number, number] {
  const [low, high] = a < b ? [a, b] : [b, a];
  return [Math.floor(low * bytes.length), Math.floor(high * bytes.length)];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
