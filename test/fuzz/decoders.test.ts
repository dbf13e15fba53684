import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { CipherState } from '@magpie/common/channel/cipher-state.ts';
import { signDeviceList, verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { blake2b, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { encodeHello, encodePreamble } from '@magpie/common/channel/link-hello.ts';
import { NoiseHandshake } from '@magpie/common/channel/noise-handshake.ts';
import { parseServerAddress, pinOf, serverAddressText } from '@magpie/common/channel/pin.ts';
import { type LinkEvent, SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeContent, encodeContent } from '@magpie/common/content/content.ts';
import { decodeFrame, encodeFrame } from '@magpie/common/frames/frame.ts';
import { FrameDecoder, frameToStream } from '@magpie/common/frames/frame-decoder.ts';
import { FRAME_BYTES_MAX_BEFORE_LOGIN, LINK_RECORD_BYTES_MAX } from '@magpie/common/limits.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadGolden } from '../vectors/golden.ts';
import { hostileBytes, mutate } from './mutate.ts';

/** Inputs per decoder; together at least 60,000, half of them mutated from valid ones. A failure prints its seed. */
const RUNS = {
  frame: 30_000,
  stream: 16_000,
  content: 20_000,
  address: 8_000,
  deviceList: 4_000,
  responder: 4_000,
  initiator: 2_000,
  record: 2_000,
  plaintext: 4_000,
} as const;

const now = 1_000 as Instant;
const frames = loadGolden('frames').map((golden) => fromHex(golden.hex));
const contents = loadGolden('content').map((golden) => fromHex(golden.hex));
const random = countingRandom();
const serverKeys = exchangeKeyPairOf(new Uint8Array(32).fill(1));
const clientKeys = exchangeKeyPairOf(new Uint8Array(32).fill(2));
const account = signingKeyPairOf(new Uint8Array(32).fill(3));

describe('no input makes a decoder throw', () => {
  it('decodeFrame, from both sides and in both states; what it accepts can be written and read again', () => {
    check(RUNS.frame, hostileBytes(frames), (bytes) => {
      for (const from of ['client', 'server'] as const) {
        for (const state of ['anonymous', 'authenticated'] as const) {
          const decoded = decodeFrame(bytes, from, state);
          if (!decoded.ok || !decoded.value) continue;
          expect(decodeFrame(encodeFrame(decoded.value), from, state)).toEqual(decoded);
        }
      }
    });
  });

  it('FrameDecoder, for every way of cutting the stream; it never holds more than one frame and one push', () => {
    const streams = [Buffer.concat(frames.map(frameToStream)), ...frames.map(frameToStream)];
    const input = fc.tuple(hostileBytes(streams), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }));
    check(RUNS.stream, input, ([bytes, sizes]) => {
      const inPieces = new FrameDecoder(600);
      const seen: string[] = [];
      for (let at = 0, index = 0; at < bytes.length && seen.at(-1) !== 'too-large'; index++) {
        const size = sizes[index % sizes.length]!;
        inPieces.push(bytes.subarray(at, at + size));
        seen.push(...drainDecoder(inPieces));
        expect(inPieces.bufferedBytes).toBeLessThanOrEqual(600 + 8 + size);
        at += size;
      }
      const atOnce = new FrameDecoder(600);
      atOnce.push(bytes);
      expect(seen).toEqual(drainDecoder(atOnce));
    });
  });

  it('decodeContent; what it accepts can be written and read again', () => {
    check(RUNS.content, hostileBytes(contents), (bytes) => {
      const decoded = decodeContent(bytes);
      if (!decoded.ok || decoded.value.type === 'unsupported') return;
      expect(decodeContent(encodeContent(decoded.value))).toEqual(decoded);
    });
  });

  it('parseServerAddress; what it accepts can be written and read again', () => {
    const pin = pinOf(serverKeys.publicKey);
    const valid = ['chat.example.org:10000', `10.0.0.1:1#${pin}`, `[2001:db8::1]:65535#${pin}`, 'localhost'];
    const texts = mutate(valid.map((text) => new TextEncoder().encode(text))).map((bytes) => Buffer.from(bytes));
    const input = fc.oneof(
      texts.map((bytes) => bytes.toString('utf8')),
      texts.map((bytes) => bytes.toString('latin1')),
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: fc.constantFrom('[', ']', ':', '#', '.', '1', 'a', '-'), maxLength: 40 }),
    );
    check(RUNS.address, input, (text) => {
      const address = parseServerAddress(text);
      if (address) expect(parseServerAddress(serverAddressText(address))).toEqual(address);
    });
  });

  it('verifyDeviceList; nothing but the signed bytes themselves is accepted', () => {
    const device = { exchangeKey: serverKeys.publicKey, signKey: account.publicKey };
    const list = { accountKey: account.publicKey, version: 3, previousHash: new Uint8Array(32) };
    const valid = [
      signDeviceList({ ...list, devices: [] }, account.secretKey),
      signDeviceList({ ...list, devices: [device] }, account.secretKey),
      signDeviceList(
        { ...list, devices: [device, { ...device, exchangeKey: clientKeys.publicKey }] },
        account.secretKey,
      ),
    ];
    check(RUNS.deviceList, hostileBytes(valid, 600), (blob) => {
      const verified = verifyDeviceList(blob, account.publicKey);
      expect(verified.ok).toBe(valid.some((one) => toHex(one) === toHex(blob)));
    });
  });
});

describe('no bytes make a link throw, and none but the right ones get through', () => {
  it('a responder, in the preamble, in the handshake and waiting for the first record', () => {
    const valid = [...handshakeOf('IK'), ...handshakeOf('XX')];
    check(RUNS.responder, fc.tuple(hostileBytes(valid), fc.nat({ max: 200 })), ([bytes, cut]) => {
      const server = SecureLink.responder({ staticKey: serverKeys, random, features: 0, now });
      server.handleBytes(bytes.subarray(0, cut), now);
      server.handleBytes(bytes.subarray(cut), now);
      server.handleTimeout((now + 100_000) as Instant);
      const ended = drain(server);
      if (ended.at(-1)?.type === 'failed') expect(server.open).toBe(false);
      expect(ended.filter((event) => event.type === 'frame')).toEqual([]);
      server.handleBytes(bytes, now);
      expect(drain(server)).toEqual([]);
    });
  });

  it('an initiator, whatever answers it', () => {
    const answers = [
      SecureLink.responder({ staticKey: serverKeys, random, features: 0, now }),
      SecureLink.responder({ staticKey: serverKeys, random, features: 0, now }),
    ].map((server, index) => {
      server.handleBytes(handshakeOf(index === 0 ? 'IK' : 'XX')[0]!, now);
      return server.pollOutput() ?? new Uint8Array(0);
    });
    check(RUNS.initiator, fc.tuple(hostileBytes(answers), fc.boolean()), ([bytes, known]) => {
      const client = SecureLink.initiator({
        staticKey: clientKeys,
        random,
        features: 0,
        now,
        ...(known ? { remoteStatic: serverKeys.publicKey } : {}),
      });
      client.handleBytes(bytes, now);
      client.acceptServerKey(now);
      client.handleTimeout((now + 100_000) as Instant);
      expect(drain(client).map((event) => event.type)).toEqual(['failed']);
    });
  });

  it('an established responder, with records that were changed on the way: nothing of them is delivered', () => {
    check(RUNS.record, fc.tuple(mutateWith(), fc.nat({ max: 100 })), ([change, cut]) => {
      const { server, seal } = establishedServer();
      const record = framed(seal(frameToStream(frames[0]!)));
      const changed = change(record);
      // Judged before the link has the bytes: it opens records where they lie.
      const intact = toHex(changed.subarray(0, record.length)) === toHex(record);
      server.handleBytes(changed.subarray(0, cut), now);
      server.handleBytes(changed.subarray(cut), now);
      const delivered = drain(server).filter((event) => event.type === 'frame').length;
      expect(delivered).toBe(intact ? 1 : 0);
    });
  });

  it('an established responder, with hostile frames under the right key: each is delivered as it came, or the link ends', () => {
    const streams = [Buffer.concat(frames.slice(0, 6).map(frameToStream)), ...frames.map(frameToStream)];
    check(RUNS.plaintext, fc.array(hostileBytes(streams), { minLength: 1, maxLength: 3 }), (plaintexts) => {
      const { server, seal } = establishedServer();
      const expected: string[] = [];
      const decoder = new FrameDecoder(FRAME_BYTES_MAX_BEFORE_LOGIN);
      for (const plaintext of plaintexts) {
        const part = plaintext.subarray(0, LINK_RECORD_BYTES_MAX - 16);
        decoder.push(part);
        expected.push(...drainDecoder(decoder));
        // A rekey frame changes the key; the hostile client here does not follow, so later records do not open.
        server.handleBytes(framed(seal(part)), now);
      }
      const delivered = drain(server).flatMap((event) => (event.type === 'frame' ? [toHex(event.bytes)] : []));
      expect(delivered.every((frame) => frame !== '' && !frame.startsWith('03'))).toBe(true);
      const wanted = expected.filter((frame) => frame !== '03');
      expect(wanted.slice(0, delivered.length)).toEqual(delivered);
      if (server.open) expect(delivered).toEqual(expected.filter((frame) => !frame.startsWith('03')));
    });
  });
});

function check<T>(runs: number, input: fc.Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(fc.property(input, holds), { numRuns: runs });
}

/** A change to one record that is not known yet. */
function mutateWith(): fc.Arbitrary<(record: Uint8Array) => Uint8Array> {
  return fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 40 }))
    .map(([kind, place, value, bytes]) => (record) => {
      const at = place % record.length;
      switch (kind) {
        case 0:
          return record.with(at, record[at]! ^ value);
        case 1:
          return record.subarray(0, at);
        case 2:
          return new Uint8Array(Buffer.concat([record.subarray(0, at), bytes, record.subarray(at)]));
        default:
          return bytes;
      }
    });
}

/** Frames in hex, up to and with 'too-large'. */
function drainDecoder(decoder: FrameDecoder): string[] {
  const all: string[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
    if (frame === 'too-large') return [...all, frame];
    all.push(toHex(frame));
  }
  return all;
}

function drain(link: SecureLink): LinkEvent[] {
  const all: LinkEvent[] = [];
  for (let event = link.pollEvent(); event; event = link.pollEvent()) all.push(event);
  while (link.pollOutput());
  return all;
}

/** What a client sends first: with the preamble and message 1, and with the preamble alone. */
function handshakeOf(pattern: 'IK' | 'XX'): readonly Uint8Array[] {
  const client = SecureLink.initiator({
    staticKey: clientKeys,
    random,
    features: 0,
    now,
    ...(pattern === 'IK' ? { remoteStatic: serverKeys.publicKey } : {}),
  });
  const preamble = client.pollOutput()!;
  return [new Uint8Array(Buffer.concat([preamble, client.pollOutput()!])), preamble];
}

/** A responder past its handshake, and the client's sealing key in our hands. */
function establishedServer(): { server: SecureLink; seal: (plaintext: Uint8Array) => Uint8Array } {
  const server = SecureLink.responder({ staticKey: serverKeys, random, features: 0, now });
  const prologue = encodePreamble('IK');
  const client = new NoiseHandshake({
    pattern: 'IK',
    role: 'initiator',
    staticKey: clientKeys,
    remoteStatic: serverKeys.publicKey,
    prologue,
    random,
  });
  server.handleBytes(prologue, now);
  server.handleBytes(framed(client.writeMessage(encodeHello(0))), now);
  client.readMessage(server.pollOutput()!.subarray(2));
  const cipher = new CipherState(client.split().sendKey);
  const seal = (plaintext: Uint8Array): Uint8Array => {
    const sealed = new Uint8Array(plaintext.length + 16);
    cipher.sealInto(sealed, plaintext);
    return sealed;
  };
  server.handleBytes(framed(seal(new Uint8Array(0))), now);
  expect(drain(server).map((event) => event.type)).toEqual(['established']);
  return { server, seal };
}

function framed(message: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 0xff), message]));
}

function countingRandom(): RandomSource {
  let count = 0;
  return { bytes: (length) => blake2b(64, new Uint8Array(Uint32Array.of(++count).buffer)).slice(0, length) };
}
