import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryState } from '../store/memory-state.ts';
import type { IncomingOutcome, MessageRoad } from '../store/store.ts';
import { Inbox, type Settled } from './inbox.ts';

const BOB = 10_002 as AccountNumber;
const DEVICE = 'b0'.repeat(16) as DeviceId;
const A = 'aa'.repeat(8) as Incarnation;
const B = 'bb'.repeat(8) as Incarnation;
const ROAD: MessageRoad = { kind: 'relay', lan: false, rttMs: 40 };
const MAILBOX: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };

describe('inbox', () => {
  let inbox: Inbox;
  let disk: MemoryState;
  beforeEach(() => {
    inbox = new Inbox({ device: DEVICE, chat: BOB });
    disk = new MemoryState();
  });

  it('hands contents to the store in order, one batch at a time', () => {
    receive(2, 1);
    const batch = inbox.pollCommit();
    expect(batch?.map((item) => [item.chat, item.device, item.content.sequence, item.road])).toEqual([
      [BOB, DEVICE, 1, ROAD],
      [BOB, DEVICE, 2, ROAD],
    ]);
    receive(3);
    expect(inbox.pollCommit()).toBeUndefined();
    inbox.handleOutcomes(disk.commitIncoming(batch!, wall()));
    expect(sequences(inbox.pollCommit())).toEqual([3]);
  });

  it('owes a receipt only for what the store has committed, once, cumulatively', () => {
    receive(1, 2);
    expect(inbox.pollReceipt()).toBeUndefined();
    const batch = inbox.pollCommit()!;
    expect(inbox.pollReceipt()).toBeUndefined();
    inbox.handleOutcomes(disk.commitIncoming(batch, wall()));
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 2 }]);
    expect(inbox.pollReceipt()).toBeUndefined();
  });

  it('holds what is ahead of a gap and commits all of it when the missing one comes', () => {
    receive(1, 3, 4);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 1 }]);
    expect(inbox.pollCommit()).toBeUndefined();
    receive(2);
    expect(sequences(inbox.pollCommit())).toEqual([2, 3, 4]);
  });

  it('[DL19] commits what it holds once the numbering is opened there, and receipts from there on', () => {
    receive(6, 7);
    commitAll();
    expect(inbox.pollReceipt()).toBeUndefined();
    disk.openNumbering(BOB, DEVICE, A, 6);
    inbox.handleOpening(A, 6);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 7 }]);
    receive(5);
    expect(inbox.pollCommit()).toBeUndefined();
  });

  it('owes the receipt again for a double of what is committed, without asking the store', () => {
    receive(1, 2);
    commitAll();
    inbox.pollReceipt();
    receive(1);
    expect(inbox.pollCommit()).toBeUndefined();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 2 }]);
  });

  it('after a restart learns from the store what is a double, and does not take later ones for a gap', () => {
    receive(1, 2, 3, 4);
    commitAll();
    inbox = new Inbox({ device: DEVICE, chat: BOB });
    receive(2);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 2 }]);
    receive(5);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 5 }]);
  });

  it('asks again about what it holds when something of the numbering arrives, since another road may have filled the gap', () => {
    receive(2);
    commitAll();
    expect(
      disk.commitIncoming([{ chat: BOB, device: DEVICE, content: content(1), road: ROAD, hold: false }], wall())[0]
        ?.kind,
    ).toBe('committed');
    expect(inbox.pollCommit()).toBeUndefined();
    receive(2);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 2 }]);
  });

  it('keeps what the store could not commit, and tries again when the sender sends anything again', () => {
    receive(1, 2);
    inbox.pollCommit();
    inbox.handleCommitFailed();
    expect(inbox.pollReceipt()).toBeUndefined();
    expect(inbox.pollCommit()).toBeUndefined();
    receive(1);
    expect(sequences(inbox.pollCommit())).toEqual([1, 2]);
  });

  it('[R17] keeps numberings apart', () => {
    receive(1);
    inbox.handleContent(content(1, { incarnation: B, messageId: messageId(77) }), ROAD, false);
    inbox.handleContent(content(3, { incarnation: B, messageId: messageId(78) }), ROAD, false);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([
      { incarnation: A, to: 1 },
      { incarnation: B, to: 1 },
    ]);
  });

  it('never has a sequence 0', () => {
    receive(0);
    expect(inbox.pollCommit()).toBeUndefined();
    expect(inbox.pollReceipt()).toBeUndefined();
  });

  it('holds at most 256 messages, and drops the farthest rather than the missing one', () => {
    receive(...Array.from({ length: 300 }, (_, n) => n + 2));
    receive(1);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 256 }]);
    receive(257);
    expect(sequences(inbox.pollCommit())).toEqual([257]);
  });

  it('holds at most 1 MiB of text', () => {
    for (let sequence = 2; sequence <= 40; sequence++) {
      inbox.handleContent(content(sequence, { text: 'x'.repeat(65_536) }), ROAD, false);
    }
    receive(1);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 16 }]);
  });

  it('remembers at most 16 numberings, and still receipts what a forgotten one has committed', () => {
    for (let n = 0; n < 100; n++) {
      const incarnation = n.toString(16).padStart(16, '0') as Incarnation;
      inbox.handleContent(content(1, { incarnation, messageId: messageId(n) }), ROAD, false);
      commitAll();
      expect(inbox.pollReceipt()).toEqual([{ incarnation, to: 1 }]);
    }
    const first = '0'.repeat(16) as Incarnation;
    inbox.handleContent(content(1, { incarnation: first, messageId: messageId(0) }), ROAD, false);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: first, to: 1 }]);
  });

  it('a device that begins numberings without end takes no more than its room', () => {
    for (let n = 0; n < 1_000; n++) {
      const incarnation = n.toString(16).padStart(16, '0') as Incarnation;
      inbox.handleContent(content(2, { incarnation, messageId: messageId(n) }), ROAD, false);
    }
    expect(inbox.pollCommit()).toHaveLength(16);
  });

  it('[DL42] has what came by mail held ahead of a gap, and it follows what was missing', () => {
    mail(3, 5);
    expect(sequences(inbox.pollCommit())).toEqual([3, 5]);
    inbox.handleCommitFailed();
    mail(3, 5);
    commitAll();
    expect(inbox.pollSettled()).toEqual([durable(3), durable(5)]);
    expect(inbox.pollReceipt()).toBeUndefined();
    expect(inbox.idle).toBe(true);
    receive(1, 2);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 3 }]);
    receive(4);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 5 }]);
  });

  it('[DL42] what waits in memory is held as well when it comes by mail', () => {
    receive(2);
    commitAll();
    expect(inbox.pollSettled()).toEqual([]);
    mail(2);
    commitAll();
    expect(inbox.pollSettled()).toEqual([durable(2)]);
  });

  it('[DL42] also when it comes by mail while the store is asked about it', () => {
    receive(2);
    const batch = inbox.pollCommit()!;
    mail(2);
    inbox.handleOutcomes(disk.commitIncoming(batch, wall()));
    expect(inbox.pollSettled()).toEqual([]);
    commitAll();
    expect(inbox.pollSettled()).toEqual([durable(2)]);
  });

  it('[DL40] what one road brings behind what the other has brought is committed without being asked for again', () => {
    mail(2, 3);
    commitAll();
    receive(4);
    commitAll();
    mail(1);
    commitAll();
    expect(inbox.pollReceipt()).toEqual([{ incarnation: A, to: 4 }]);
  });

  it('[DL45] says that there was no room for a mail when the store held no more', () => {
    mail(2);
    inbox.pollCommit();
    inbox.handleOutcomes([{ kind: 'gap', next: 1 }]);
    expect(inbox.pollSettled()).toEqual([{ incarnation: A, sequence: 2, how: 'no-room' }]);
    expect(inbox.idle).toBe(true);
  });

  it('[DL45] drops what a sender repeats for what a mailbox would have to keep, and never the other way round', () => {
    receive(...Array.from({ length: 256 }, (_, n) => n + 2));
    mail(300);
    expect(inbox.pollSettled()).toEqual([{ incarnation: A, sequence: 257, how: 'dropped' }]);
    for (let sequence = 301; sequence < 600; sequence++) mail(sequence);
    const settled = inbox.pollSettled();
    expect(settled.filter(({ how }) => how === 'dropped').every(({ sequence }) => sequence <= 256)).toBe(true);
    expect(settled.filter(({ how }) => how === 'no-room').map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 44 }, (_, n) => n + 556),
    );
    receive(1);
    expect(inbox.pollSettled()).toEqual([{ incarnation: A, sequence: 1, how: 'dropped' }]);
  });

  it('makes room in a numbering that its device no longer uses', () => {
    for (let n = 0; n < 16; n++) {
      const incarnation = (n + 1).toString(16).padStart(16, '0') as Incarnation;
      for (let sequence = 2; sequence < 66; sequence++) {
        const id = messageId(1_000 * n + sequence);
        inbox.handleContent(content(sequence, { incarnation, messageId: id }), ROAD, false);
      }
    }
    disk.openNumbering(BOB, DEVICE, A, 10_000);
    receive(10_000);
    commitAll();
    expect(inbox.pollReceipt()).toContainEqual({ incarnation: A, to: 10_000 });
  });

  function receive(...numbers: readonly number[]): void {
    for (const sequence of numbers) inbox.handleContent(content(sequence), ROAD, false);
  }

  function mail(...numbers: readonly number[]): void {
    for (const sequence of numbers) inbox.handleContent(content(sequence), MAILBOX, true);
  }

  function commitAll(): void {
    for (let batch = inbox.pollCommit(); batch; batch = inbox.pollCommit()) {
      const outcomes: readonly IncomingOutcome[] = disk.commitIncoming(batch, wall());
      inbox.handleOutcomes(outcomes);
    }
  }
});

function durable(sequence: number): Settled {
  return { incarnation: A, sequence, how: 'durable' };
}

function sequences(batch: ReturnType<Inbox['pollCommit']>): readonly number[] | undefined {
  return batch?.map((item) => item.content.sequence);
}

interface Changes {
  readonly incarnation?: Incarnation;
  readonly messageId?: MessageId;
  readonly text?: string;
}

function content(sequence: number, changes: Changes = {}): NumberedContent {
  return {
    type: 'text',
    messageId: messageId(sequence),
    conversation: 0,
    incarnation: A,
    sequence,
    stamp: { wallMs: 1 as WallMs, counter: sequence },
    text: `text ${sequence}`,
    replyTo: undefined,
    ...changes,
  };
}

function messageId(n: number): MessageId {
  return n.toString(16).padStart(32, '0') as MessageId;
}

function wall(): WallMs {
  return 1 as WallMs;
}
