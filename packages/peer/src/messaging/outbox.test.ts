import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { Instant, WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../store/store.ts';
import { Outbox } from './outbox.ts';

const A = 'aa'.repeat(8) as Incarnation;
const B = '0b'.repeat(8) as Incarnation;

describe('outbox: what goes next', () => {
  it('sends nothing without a session, then everything, lowest sequence first', () => {
    const outbox = filled([3, 1, 2]);
    expect(outbox.pollSend(at(0))).toBeUndefined();
    outbox.sessionUp(at(0));
    expect(drain(outbox, at(0))).toEqual([1, 2, 3]);
    expect(drain(outbox, at(0))).toEqual([]);
  });

  it('offers the same message until it is on a stream', () => {
    const outbox = filled([1, 2]);
    outbox.sessionUp(at(0));
    expect(outbox.pollSend(at(0))?.sequence).toBe(1);
    expect(outbox.pollSend(at(0))?.sequence).toBe(1);
    outbox.sent(messageId(1), 4, at(0));
    expect(outbox.pollSend(at(0))?.sequence).toBe(2);
  });

  it('takes a message once', () => {
    const outbox = filled([1, 1, 1]);
    outbox.enqueue({ ...message(1), id: messageId(99) });
    expect(outbox.size).toBe(1);
  });

  it('has at most 64 messages on the way without a receipt', () => {
    const outbox = filled(range(1, 100));
    outbox.sessionUp(at(0));
    expect(drain(outbox, at(0))).toEqual(range(1, 64));
    for (const sequence of range(1, 64)) outbox.handleStreamAcked(sequence, at(1));
    expect(drain(outbox, at(1))).toEqual([]);
    outbox.handleReceipt(A, [{ from: 1, to: 10 }], at(2));
    expect(drain(outbox, at(2))).toEqual(range(65, 74));
  });

  it('has at most 256 KiB of text on the way, but always room for one message', () => {
    const outbox = new Outbox();
    for (const sequence of range(1, 6)) outbox.enqueue(message(sequence, { text: 'x'.repeat(65_536) }));
    outbox.sessionUp(at(0));
    expect(drain(outbox, at(0))).toEqual([1, 2, 3, 4]);
    const small = new Outbox({ windowTextBytes: 10 });
    small.enqueue(message(1, { text: 'longer than the window' }));
    small.enqueue(message(2));
    small.sessionUp(at(0));
    expect(drain(small, at(0))).toEqual([1]);
  });

  it('keeps numberings apart, in the order in which they came', () => {
    const outbox = filled([5, 6]);
    outbox.enqueue(message(1, { incarnation: B, id: messageId(101) }));
    outbox.enqueue(message(4));
    outbox.sessionUp(at(0));
    expect(drain(outbox, at(0))).toEqual([4, 5, 6, 1]);
    expect(outbox.handleReceipt(B, [{ from: 1, to: 9 }], at(0))).toEqual([messageId(101)]);
    expect(outbox.size).toBe(3);
  });
});

describe('outbox: receipts and sessions', () => {
  it('forgets what is receipted, whatever its progress, and tells which', () => {
    const outbox = filled(range(1, 4));
    outbox.sessionUp(at(0));
    outbox.sent(messageId(1), 1, at(0));
    const done = outbox.handleReceipt(
      A,
      [
        { from: 1, to: 2 },
        { from: 4, to: 2 ** 53 - 1 },
      ],
      at(1),
    );
    expect(done).toEqual([messageId(1), messageId(2), messageId(4)]);
    expect(drain(outbox, at(1))).toEqual([3]);
    outbox.handleReceipt(A, [{ from: 3, to: 3 }], at(1));
    expect(outbox.idle).toBe(true);
    expect(outbox.pollTimeout()).toBeUndefined();
  });

  it('sends again on a new session all that has no receipt, acknowledged by the old transport or not', () => {
    const outbox = filled([1, 2, 3]);
    outbox.sessionUp(at(0));
    drain(outbox, at(0));
    outbox.handleStreamAcked(1, at(1));
    outbox.handleReceipt(A, [{ from: 2, to: 2 }], at(2));
    outbox.sessionDown(at(3));
    expect(outbox.pollSend(at(3))).toBeUndefined();
    expect(outbox.pollTimeout()).toBeUndefined();
    outbox.sessionUp(at(4));
    expect(drain(outbox, at(4))).toEqual([1, 3]);
  });

  it('does not take a stream of the last session for one of this', () => {
    const outbox = filled([1]);
    outbox.sessionUp(at(0));
    outbox.sent(messageId(1), 7, at(0));
    outbox.sessionDown(at(1));
    outbox.sessionUp(at(1));
    outbox.handleStreamAcked(7, at(2));
    expect(outbox.pollTimeout()).toBeUndefined();
    expect(drain(outbox, at(2))).toEqual([1]);
  });

  it('sends again when the receipt stays away for 5 s, then 10, 20, 40, 60, 60', () => {
    const outbox = filled([1]);
    outbox.sessionUp(at(0));
    let now = 0;
    const waits: number[] = [];
    for (let stream = 1; stream <= 6; stream++) {
      outbox.sent(messageId(1), stream, at(now));
      expect(outbox.pollTimeout()).toBeUndefined();
      outbox.handleStreamAcked(stream, at(now));
      const next = outbox.pollTimeout()!;
      expect(next.reason).toBe('receipt');
      waits.push(next.at - now);
      outbox.handleTimeout(at(next.at - 1));
      expect(outbox.pollSend(at(now))).toBeUndefined();
      now = next.at;
      outbox.handleTimeout(at(now));
      expect(outbox.pollSend(at(now))?.sequence).toBe(1);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });
});

describe('outbox: refusals', () => {
  it('[R16] tries a refused stamp again after 60 s, and holds back what is numbered after it', () => {
    const outbox = filled(range(1, 70));
    outbox.sessionUp(at(0));
    drain(outbox, at(0));
    outbox.handleRefusal(A, 1, 'clock', at(10));
    expect(drain(outbox, at(10))).toEqual([]);
    expect(outbox.pollTimeout()).toEqual({ at: 60_010, reason: 'clock' });
    outbox.handleReceipt(A, [{ from: 2, to: 30 }], at(20));
    expect(drain(outbox, at(20))).toEqual([]);
    outbox.handleTimeout(at(60_010));
    expect(drain(outbox, at(60_010))).toEqual([1, ...range(65, 70)]);
  });

  it('[R17] fills the number of a finally refused message with a void until it is receipted', () => {
    const outbox = filled([1, 2]);
    outbox.sessionUp(at(0));
    drain(outbox, at(0));
    outbox.handleRefusal(A, 1, 'too-large', at(1));
    expect(outbox.pollSend(at(1))).toMatchObject({ sequence: 1, kind: 'void', text: '', state: 'refused' });
    outbox.sent(messageId(1), 9, at(1));
    outbox.handleReceipt(A, [{ from: 1, to: 2 }], at(2));
    expect(outbox.idle).toBe(true);
  });

  it('does not quarrel: a refused void waits 60 s', () => {
    const outbox = filled([1]);
    outbox.sessionUp(at(0));
    drain(outbox, at(0));
    outbox.handleRefusal(A, 1, 'not-friends', at(0));
    drain(outbox, at(0));
    outbox.handleRefusal(A, 1, 'not-friends', at(1));
    expect(outbox.pollSend(at(1))).toBeUndefined();
    expect(outbox.pollTimeout()?.at).toBe(60_001);
  });

  it('ignores refusals and receipts for what it does not have', () => {
    const outbox = filled([1]);
    outbox.handleRefusal(A, 2, 'clock', at(0));
    outbox.handleRefusal(B, 1, 'clock', at(0));
    expect(outbox.handleReceipt(B, [{ from: 1, to: 1 }], at(0))).toEqual([]);
    outbox.handleStreamAcked(1, at(0));
    outbox.sent(messageId(9), 1, at(0));
    expect(outbox.size).toBe(1);
  });
});

describe('outbox: room', () => {
  it('leaves to the store what has no room, never with a hole, and asks for it when half is free', () => {
    const outbox = new Outbox({ messages: 4 });
    for (const sequence of range(1, 6)) outbox.enqueue(message(sequence));
    expect(outbox.size).toBe(4);
    expect(outbox.pollRefill()).toBe(false);
    outbox.handleReceipt(A, [{ from: 1, to: 1 }], at(0));
    outbox.enqueue(message(7));
    expect(outbox.size).toBe(3);
    outbox.handleReceipt(A, [{ from: 1, to: 2 }], at(0));
    expect(outbox.pollRefill()).toBe(true);
    expect(outbox.pollRefill()).toBe(false);
    for (const sequence of range(3, 7)) outbox.enqueue(message(sequence));
    outbox.sessionUp(at(0));
    expect(drain(outbox, at(0))).toEqual([3, 4, 5, 6]);
  });

  it('counts text too', () => {
    const outbox = new Outbox({ textBytes: 100 });
    outbox.enqueue(message(1, { text: 'x'.repeat(90) }));
    outbox.enqueue(message(2, { text: '好好好好' }));
    expect(outbox.size).toBe(1);
    outbox.handleReceipt(A, [{ from: 1, to: 1 }], at(0));
    expect(outbox.pollRefill()).toBe(true);
  });
});

function filled(sequences: readonly number[]): Outbox {
  const outbox = new Outbox();
  for (const sequence of sequences) outbox.enqueue(message(sequence));
  return outbox;
}

/** Puts all that may go on streams numbered like the messages. */
function drain(outbox: Outbox, now: Instant): readonly number[] {
  const sent: number[] = [];
  for (let next = outbox.pollSend(now); next; next = outbox.pollSend(now)) {
    outbox.sent(next.id, next.sequence, now);
    sent.push(next.sequence);
  }
  return sent;
}

function message(sequence: number, changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    id: messageId(sequence),
    chat: 10_002 as AccountNumber,
    direction: 'out',
    device: '0a'.repeat(16) as DeviceId,
    incarnation: A,
    sequence,
    stamp: { wallMs: 1 as WallMs, counter: sequence },
    kind: 'text',
    text: `text ${sequence}`,
    replyTo: undefined,
    target: undefined,
    on: false,
    state: 'queued',
    reason: '',
    road: undefined,
    editedAt: undefined,
    recalled: false,
    reactions: [],
    pendingChanges: 0,
    returned: false,
    change: sequence,
    born: sequence,
    ...changes,
  };
}

function messageId(n: number): MessageId {
  return n.toString(16).padStart(32, '0') as MessageId;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function at(ms: number): Instant {
  return ms as Instant;
}
