import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { decodeSessionFrames } from '@magpie/common/packets/decode-packet.ts';
import { encodeSessionFrames } from '@magpie/common/packets/encode-packet.ts';
import {
  decodeInit,
  decodeResponse,
  encodeInit,
  encodeResponse,
  type InitPacket,
  initPrologue,
  type ResponsePacket,
  responsePrologue,
} from '@magpie/common/packets/handshake-packet.ts';
import { decodeHeader, encodeHeader, packetTypeOf } from '@magpie/common/packets/header.ts';
import type { PacketHeader, SessionFrame } from '@magpie/common/packets/packet.ts';
import { describe, expect, it } from 'vitest';
import { type Golden, goldenValue, loadGolden } from './golden.ts';

const goldens = loadGolden('packets');
const outerTypes = new Set(['header', 'init', 'response']);
const frames = goldens.filter((golden) => !outerTypes.has(golden.type));

/** Every frame type; a name that is missing here or too many does not compile. */
const FRAME_TYPES = Object.keys({
  padding: 0,
  ping: 0,
  ack: 0,
  credit: 0,
  'stream-credit': 0,
  data: 0,
  reset: 0,
  stop: 0,
  datagram: 0,
  'path-challenge': 0,
  'path-response': 0,
  'new-index': 0,
  'retire-index': 0,
  close: 0,
  rekey: 0,
  candidates: 0,
  path: 0,
} satisfies Record<SessionFrame['type'], 0>);

function only(type: string): Golden {
  return goldens.find((golden) => golden.type === type)!;
}

describe('golden bytes of frames inside packets', () => {
  it('are there for every frame type', () => {
    expect(new Set(frames.map((golden) => golden.type))).toEqual(new Set(FRAME_TYPES));
  });

  for (const [index, golden] of frames.entries()) {
    it(`${golden.type} (${index}) is written as exactly these bytes, and read back`, () => {
      const frame = goldenValue(golden) as SessionFrame;
      expect(toHex(encodeSessionFrames([frame]))).toBe(golden.hex);
      expect(decodeSessionFrames(fromHex(golden.hex))).toEqual({ ok: true, value: [frame] });
    });
  }

  it('follow one another in one payload, every one of them', () => {
    const all = frames.filter((golden) => golden.type !== 'padding');
    const decoded = decodeSessionFrames(fromHex(all.map((golden) => golden.hex).join('')));
    expect(decoded).toEqual({ ok: true, value: all.map(goldenValue) });
  });

  it('[TR2] cut anywhere, a payload is refused as a whole', () => {
    for (const golden of frames.filter((each) => each.type !== 'padding')) {
      const bytes = fromHex(`01${golden.hex}`);
      for (let length = 2; length < bytes.length; length++) {
        expect(decodeSessionFrames(bytes.subarray(0, length)).ok, `${golden.type} to ${length}`).toBe(false);
      }
    }
  });
});

describe('session frames that break the rules', () => {
  it('[TR2] an unknown id below 40 is malformed, from 40 on it is skipped with its length', () => {
    expect(decodeSessionFrames(fromHex('011b')).ok).toBe(false);
    expect(decodeSessionFrames(fromHex('013f')).ok).toBe(false);
    expect(decodeSessionFrames(fromHex('4003aabbcc01'))).toEqual({ ok: true, value: [{ type: 'ping' }] });
    expect(decodeSessionFrames(fromHex('4004aabbcc')).ok).toBe(false);
  });

  it('[TR2] 512 frames are taken, 513 are not; a run of padding is one', () => {
    expect(decodeSessionFrames(fromHex('01'.repeat(512))).ok).toBe(true);
    expect(decodeSessionFrames(fromHex('01'.repeat(513)))).toMatchObject({ ok: false, error: { kind: 'too-long' } });
    expect(decodeSessionFrames(new Uint8Array(1_100))).toEqual({
      ok: true,
      value: [{ type: 'padding', length: 1_100 }],
    });
  });

  it('[TR3] ack ranges below 0, touching from above by underflow, or over 32 are malformed', () => {
    for (const hex of [
      '0205000000000006', // first range longer than its largest number
      '020500000000000105', // count 1, first length 5, then nothing left
      '02050000000000010100050000', // gap under 0
      `02ff0000000000000000000000002000${'0000'.repeat(32)}`, // number over 2^53, and 33 ranges
      `024064000000000020${'00'.repeat(65)}`, // 33 ranges
    ]) {
      expect(decodeSessionFrames(fromHex(hex)).ok, hex).toBe(false);
    }
    expect(decodeSessionFrames(fromHex(`02406400000000001f${'00'.repeat(63)}`))).toMatchObject({ ok: true });
  });

  it('data without a length goes to the end; offset 0 is never written, a class over 3 is malformed', () => {
    const decoded = decodeSessionFrames(fromHex('0900010568656c6c6f'));
    expect(decoded).toMatchObject({
      ok: true,
      value: [{ type: 'data', fin: true, opening: { class: 1, totalBytes: 5 } }],
    });
    expect(decodeSessionFrames(fromHex('0e000001aa')).ok).toBe(false);
    expect(decodeSessionFrames(fromHex('0b0004050568656c6c6f')).ok).toBe(false);
  });

  it('17 candidates, an unknown kind, rekey step 3 and a long rekey message are malformed', () => {
    const candidate = `000100${'00'.repeat(10)}ffff010203041388`;
    expect(decodeSessionFrames(fromHex(`190110${candidate.repeat(16)}`)).ok).toBe(true);
    expect(decodeSessionFrames(fromHex(`190111${candidate.repeat(17)}`)).ok).toBe(false);
    expect(decodeSessionFrames(fromHex(`190101${candidate.replace('000100', '000106')}`)).ok).toBe(false);
    expect(decodeSessionFrames(fromHex('18030000000100')).ok).toBe(false);
    expect(decodeSessionFrames(fromHex(`1801000000014201${'00'.repeat(513)}`)).ok).toBe(false);
  });

  it('a close reason of ill-formed UTF-8 or over 128 bytes is malformed', () => {
    expect(decodeSessionFrames(fromHex('170102c328')).ok).toBe(false);
    expect(decodeSessionFrames(fromHex(`17014081${'61'.repeat(129)}`)).ok).toBe(false);
  });
});

describe('golden bytes of packets', () => {
  for (const golden of goldens.filter((each) => each.type === 'header')) {
    it(`the header ${golden.hex} is written and read`, () => {
      const { packet, ...rest } = golden.fields;
      const header = { ...rest, type: packet } as unknown as PacketHeader;
      expect(toHex(encodeHeader(header))).toBe(golden.hex);
      expect(decodeHeader(fromHex(golden.hex))).toEqual(header);
    });
  }

  it('init and response are written as exactly these bytes, and read back', () => {
    const { type: _init, ...init } = goldenValue(only('init')) as unknown as InitPacket & { type: string };
    expect(toHex(encodeInit(init))).toBe(only('init').hex);
    expect(decodeInit(fromHex(only('init').hex))).toEqual(init);
    expect(toHex(initPrologue(init))).toBe(only('init').hex.slice(0, 51 * 2));
    const { type: _response, ...response } = goldenValue(only('response')) as unknown as ResponsePacket & {
      type: string;
    };
    expect(toHex(encodeResponse(response))).toBe(only('response').hex);
    expect(decodeResponse(fromHex(only('response').hex))).toEqual(response);
    expect(toHex(responsePrologue(response))).toBe(only('response').hex.slice(0, 11 * 2));
  });

  it('[TR6] a first byte without both top bits, with a key phase, the last bit or an unknown type is no packet', () => {
    const header = 'c001020304000000000000';
    for (const first of ['00', '40', '80', 'c4', 'c1', 'f0', 'f8']) {
      expect(decodeHeader(fromHex(first + header.slice(2))), first).toBeUndefined();
      expect(packetTypeOf(fromHex(first)), first).toBeUndefined();
    }
    expect(decodeHeader(fromHex(header.slice(0, 20)))).toBeUndefined();
    expect(decodeHeader(new Uint8Array(0))).toBeUndefined();
  });

  it('[TR7] handshake packets of a wrong length, with bytes where zeros belong, or of the other type are refused', () => {
    const init = fromHex(only('init').hex);
    const response = fromHex(only('response').hex);
    expect(decodeInit(init.subarray(0, init.length - 1))).toBeUndefined();
    expect(decodeInit(new Uint8Array(1_201).fill(0, 1).fill(0xc8, 0, 1))).toBeUndefined();
    expect(decodeInit(response)).toBeUndefined();
    expect(decodeResponse(response.subarray(0, response.length - 1))).toBeUndefined();
    expect(decodeResponse(init)).toBeUndefined();
    for (const at of [0, 5, 10]) expect(decodeInit(init.with(at, 1)), `init ${at}`).toBeUndefined();
    for (const at of [0, 9, 10]) expect(decodeResponse(response.with(at, 1)), `response ${at}`).toBeUndefined();
  });

  it('[TR7] the longest response is as long as the shortest init', () => {
    const longest = encodeResponse({ receiverIndex: 1, senderIndex: 2, noise: new Uint8Array(136) });
    expect(longest.length).toBe(fromHex(only('init').hex).length);
    expect(decodeResponse(new Uint8Array([...longest, 0]))).toBeUndefined();
  });
});
