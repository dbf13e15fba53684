import { describe, expect, it } from 'vitest';
import type { AccountNumber, DeviceId, MailId, RequestId } from '../ids.ts';
import { DEVICES_MAX, ENVELOPE_BYTES_MAX, FRAME_BYTES_MAX, MAIL_PAGE_MAX, MAILBOX_KEY_BYTES_MAX } from '../limits.ts';
import type { WallMs } from '../time.ts';
import { decodeFrame, encodeFrame, type Frame } from './frame.ts';
import type { MailEntry } from './mail-frames.ts';

const requestId = 1 as RequestId;
const device = '202122232425262728292a2b2c2d2e2f' as DeviceId;
const account = 10_002 as AccountNumber;
const id = '01992f3a5b007abc8def0123456789ab' as MailId;

describe('mail frames', () => {
  it('the largest envelope fits its frame, and one byte more is too large', () => {
    const put = (bytes: number): Frame => {
      const envelope = new Uint8Array(bytes);
      return { type: 'mail-put', requestId, to: device, id, kind: 'message', generation: 1, step: 0, envelope };
    };
    expect(fromClient(put(ENVELOPE_BYTES_MAX))).toEqual({ ok: true, value: put(ENVELOPE_BYTES_MAX) });
    expect(fromClient(put(ENVELOPE_BYTES_MAX + 1))).toMatchObject({ ok: false, error: { kind: 'malformed' } });
    expect(fromClient(put(ENVELOPE_BYTES_MAX + 200))).toMatchObject({ ok: false, error: { kind: 'too-large' } });
  });

  it('the largest keys of all devices of an account fit one answer', () => {
    const entries = (count: number) =>
      Array.from({ length: count }, () => ({ device, key: new Uint8Array(MAILBOX_KEY_BYTES_MAX) }));
    const keys: Frame = { type: 'mail-keys', requestId, account, entries: entries(DEVICES_MAX) };
    expect(fromServer(keys)).toEqual({ ok: true, value: keys });
    expect(() => encodeFrame({ ...keys, entries: entries(DEVICES_MAX + 1) })).toThrow(RangeError);
    const set: Frame = { type: 'mail-key-set', requestId, generation: 1, step: 0, key: entries(1)[0]!.key };
    expect(fromClient(set)).toEqual({ ok: true, value: set });
  });

  it('a page holds as many mails as are allowed, or three of the largest, and is then within a frame', () => {
    const pages = [
      Array.from({ length: MAIL_PAGE_MAX }, () => mail(1_300)),
      Array.from({ length: 3 }, () => largest()),
    ];
    for (const entries of pages) {
      const page: Frame = { type: 'mail', requestId, last: false, entries };
      expect(encodeFrame(page).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
      expect(fromServer(page)).toEqual({ ok: true, value: page });
    }
    const tooMany = Array.from({ length: MAIL_PAGE_MAX + 1 }, () => mail(1));
    expect(() => encodeFrame({ type: 'mail', requestId, last: false, entries: tooMany })).toThrow(RangeError);
  });

  it('a count or length over its limit is malformed before anything of it is read', () => {
    const mailHead = [0x0b, 0, 0, 0, 1, 1];
    expect(decoded([...mailHead, 0x40, MAIL_PAGE_MAX + 1], 'server')).toBe('malformed');
    const entryHead = [...mailHead, 1, ...new Uint8Array(8 + 4 + 16 + 6)];
    expect(decoded([...entryHead, 0x80, 0x02, 0, 0], 'server')).toBe('malformed');
    const putHead = [0x05, ...new Uint8Array(4 + 16 + 16)];
    expect(decoded([...putHead, 2, ...new Uint8Array(9)], 'client')).toBe('malformed');
  });

  it('positions and times are whole numbers below 2^53', () => {
    expect(decoded([0x07, 0, 0, 0, 1, 0, 0x20, 0, 0, 0, 0, 0, 0], 'client')).toBe('malformed');
    const ack: Frame = { type: 'mail-ack', requestId, upTo: Number.MAX_SAFE_INTEGER };
    expect(fromClient(ack)).toEqual({ ok: true, value: ack });
  });
});

function mail(bytes: number): MailEntry {
  return { position: 7, fromAccount: account, from: device, atWallMs: 9 as WallMs, envelope: new Uint8Array(bytes) };
}

function largest(): MailEntry {
  return mail(ENVELOPE_BYTES_MAX);
}

function fromClient(frame: Frame) {
  return decodeFrame(encodeFrame(frame), 'client', 'authenticated');
}

function fromServer(frame: Frame) {
  return decodeFrame(encodeFrame(frame), 'server', 'authenticated');
}

function decoded(bytes: readonly number[], from: 'client' | 'server'): string {
  const frame = decodeFrame(Uint8Array.from(bytes), from, 'authenticated');
  return frame.ok ? 'decoded' : frame.error.kind;
}
