import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import { silentLog } from '@magpie/common/log.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../store/store-error.ts';
import { NoRoomError } from './intake.ts';
import { type KeptMail, MailReader } from './mail-reader.ts';
import { settled, TestMailbox, TestTime } from './test-incoming.ts';

describe('mail reader (DL)', () => {
  let time: TestTime;
  let mailbox: TestMailbox;
  let disk: TestDisk;
  let visible: boolean;
  let left: number[];
  let reader: MailReader;
  beforeEach(() => {
    time = new TestTime();
    mailbox = new TestMailbox();
    disk = new TestDisk();
    visible = true;
    left = [];
    reader = new MailReader({
      clock: time.clock,
      log: silentLog,
      request: mailbox.request,
      takeMail: disk.take,
      mayAck: () => visible,
      onAcked: (acked) => left.push(acked.left),
    });
    mailbox.onPush = (frame) => reader.handlePush(frame);
  });

  it('[DL46] reads the log from its beginning, page by page, and acknowledges all of it when all of it is durable', async () => {
    mailbox.put(200);
    disk.instant = true;
    reader.handleLinkUp();
    await time.pass(1_000);
    expect(disk.taken).toEqual(upTo(200));
    expect(mailbox.gets).toEqual([0, 64, 128, 192]);
    expect(mailbox.acks.at(-1)).toBe(200);
    expect(mailbox.entries).toEqual([]);
    expect(left.at(-1)).toBe(0);
  });

  it('[DL47] acknowledges nothing before it is durable, and nothing behind the first that is not', async () => {
    mailbox.put(3);
    reader.handleLinkUp();
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([]);
    disk.land(1);
    disk.land(3);
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([1]);
    disk.land(2);
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([1, 3]);
  });

  it('[DL47] acknowledges a burst at once, and a single one within 200 ms', async () => {
    disk.instant = true;
    reader.handleLinkUp();
    await time.pass(0);
    mailbox.put(1);
    await time.pass(199);
    expect(mailbox.acks).toEqual([]);
    await time.pass(1);
    expect(mailbox.acks).toEqual([1]);
    mailbox.put(64);
    await time.pass(0);
    expect(mailbox.acks).toEqual([1, 65]);
  });

  it('[DL46] takes what is pushed at once, also when it comes with the last page', async () => {
    disk.instant = true;
    mailbox.put(1);
    const request = mailbox.request;
    mailbox.request = async (asked) => {
      const answer = await request(asked);
      if (mailbox.gets.length === 1) mailbox.put(1);
      return answer;
    };
    reader = new MailReader({
      clock: time.clock,
      log: silentLog,
      request: (asked) => mailbox.request(asked),
      takeMail: disk.take,
      mayAck: () => true,
      onAcked: () => {},
    });
    reader.handleLinkUp();
    await settled();
    await settled();
    expect(disk.taken).toEqual([1, 2]);
    mailbox.put(1);
    expect(disk.taken).toEqual([1, 2, 3]);
    expect(mailbox.gets).toEqual([0]);
  });

  it('[DL46] gets the rest from where it stands when the server could not push everything', async () => {
    disk.instant = true;
    reader.handleLinkUp();
    await time.pass(0);
    mailbox.put(2);
    mailbox.pushNothing();
    mailbox.put(2);
    await time.pass(0);
    expect(disk.taken).toEqual([1, 2, 3, 4]);
    expect(mailbox.gets).toEqual([0, 2]);
  });

  it('[DL46] has at most two pages on their way to the disk, however much is pushed, and misses nothing', async () => {
    reader.handleLinkUp();
    await time.pass(0);
    for (let n = 0; n < 10; n++) mailbox.put(64);
    await time.pass(0);
    expect(disk.taken.length).toBeLessThanOrEqual(128);
    disk.instant = true;
    disk.landAll();
    await time.pass(1_000);
    expect(disk.taken).toEqual(upTo(640));
    expect(mailbox.acks.at(-1)).toBe(640);
  });

  it('[DL56] takes what follows a mail that is kept, and acknowledges none of it before that may go', async () => {
    mailbox.put(200);
    const release = disk.keep(2);
    disk.instant = true;
    reader.handleLinkUp();
    await time.pass(1_000);
    expect(disk.taken).toEqual(upTo(200));
    expect(mailbox.acks).toEqual([1]);
    mailbox.put(1);
    await time.pass(1_000);
    expect(disk.taken.at(-1)).toBe(201);
    expect(mailbox.acks).toEqual([1]);
    release();
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([1, 201]);
  });

  it('[DL56] reads a mail that is kept again with a new link, and not when the store failed', async () => {
    mailbox.put(3);
    const release = disk.keep(1);
    reader.handleLinkUp();
    await time.pass(0);
    disk.land(2);
    disk.fail(3, new StoreError('full', 'the disk took nothing'));
    disk.instant = true;
    await time.pass(2_000);
    expect(disk.taken).toEqual([1, 2, 3, 3]);
    mailbox.disconnect();
    reader.handleLinkUp();
    await time.pass(1_000);
    expect(disk.taken).toEqual([1, 2, 3, 3, 1, 2, 3]);
    expect(mailbox.acks).toEqual([]);
    release();
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([3]);
  });

  it('[DL48] begins again behind what is acknowledged when the store failed, after a wait, and acknowledges nothing else', async () => {
    mailbox.put(5);
    reader.handleLinkUp();
    await time.pass(0);
    disk.land(1);
    disk.land(3);
    disk.fail(2, new StoreError('full', 'the disk took nothing'));
    await time.pass(900);
    expect(mailbox.acks).toEqual([1]);
    expect(mailbox.gets).toEqual([0]);
    disk.instant = true;
    await time.pass(1_000);
    expect(mailbox.gets).toEqual([0, 1]);
    expect(disk.taken).toEqual([1, 2, 3, 4, 5, 2, 4, 5]);
    expect(mailbox.acks.at(-1)).toBe(5);
  });

  it('[DL48] reads the log ever more seldom while the disk takes nothing, and soon again once it has', async () => {
    mailbox.put(3);
    disk.always = () => new StoreError('full', 'the disk took nothing');
    reader.handleLinkUp();
    await time.pass(600_000);
    expect(mailbox.gets.length).toBeLessThan(20);
    disk.always = () => undefined;
    await time.pass(61_000);
    expect(mailbox.acks.at(-1)).toBe(3);
    const before = mailbox.gets.length;
    disk.always = () => new StoreError('full', 'the disk took nothing');
    mailbox.put(1);
    await time.pass(3_500);
    expect(mailbox.gets.length).toBe(before + 2);
  });

  it('[DL48] a mail that breaks whatever takes it holds up no other', async () => {
    mailbox.put(3);
    reader.handleLinkUp();
    await time.pass(0);
    disk.fail(2, new TypeError('a bug'));
    disk.land(1);
    disk.land(3);
    await time.pass(1_000);
    expect(mailbox.acks.at(-1)).toBe(3);
  });

  it('[DL48] a mail on which the store fails again and again for no reason of the disk is given up', async () => {
    mailbox.put(2);
    disk.always = (position) => (position === 1 ? new StoreError('internal', 'a constraint') : undefined);
    reader.handleLinkUp();
    await time.pass(600_000);
    expect(mailbox.acks.at(-1)).toBe(2);
  });

  it('[DL45] reads on behind a mail that has no room, does not acknowledge it, and reads it again later', async () => {
    mailbox.put(100);
    disk.always = (position) => (position === 2 ? new NoRoomError('full') : undefined);
    reader.handleLinkUp();
    await time.pass(1_000);
    expect(new Set(disk.taken).size).toBe(100);
    expect(mailbox.acks.at(-1)).toBe(1);
    disk.always = () => undefined;
    disk.taken.length = 0;
    await time.pass(61_000);
    expect(disk.taken).toEqual([2]);
    expect(mailbox.acks.at(-1)).toBe(100);
  });

  it('[DL45] lets a mail go that had no room for an hour', async () => {
    mailbox.put(3);
    disk.always = (position) => (position === 2 ? new NoRoomError('full') : undefined);
    reader.handleLinkUp();
    await time.pass(3_500_000);
    expect(mailbox.acks.at(-1)).toBe(1);
    await time.pass(300_000);
    expect(mailbox.acks.at(-1)).toBe(3);
  });

  it('[DL49] reads while invisible, acknowledges nothing, and all of it once visible', async () => {
    visible = false;
    disk.instant = true;
    mailbox.put(100);
    reader.handleLinkUp();
    await time.pass(60_000);
    expect(disk.taken).toEqual(upTo(100));
    expect(mailbox.acks).toEqual([]);
    visible = true;
    reader.handleVisible();
    await time.pass(0);
    expect(mailbox.acks).toEqual([100]);
  });

  it('[DL46] with a new link everything that is not acknowledged is read again, and late news of the old one change nothing', async () => {
    mailbox.put(2);
    reader.handleLinkUp();
    await time.pass(0);
    reader.handleLinkDown();
    mailbox.disconnect();
    await time.pass(0);
    reader.handleLinkUp();
    await time.pass(0);
    expect(disk.taken).toEqual([1, 2, 1, 2]);
    disk.landAll();
    await time.pass(1_000);
    expect(mailbox.acks).toEqual([2]);
  });

  it('asks again, ever more slowly, while the server gives no page', async () => {
    mailbox.failing = { kind: 'timed-out' };
    mailbox.put(1);
    disk.instant = true;
    reader.handleLinkUp();
    await time.pass(5_000);
    mailbox.failing = undefined;
    await time.pass(5_000);
    expect(disk.taken).toEqual([1]);
    expect(mailbox.acks).toEqual([1]);
  });

  it('does nothing any more once stopped', async () => {
    mailbox.put(70);
    reader.handleLinkUp();
    await time.pass(0);
    reader.stop();
    disk.landAll();
    await time.pass(60_000);
    expect(mailbox.acks).toEqual([]);
  });
});

/** Takes mails and lands them when a test says so. */
class TestDisk {
  readonly taken: number[] = [];
  /** Everything is durable at once. */
  instant = false;
  /** What becomes of a position each time; others are durable at once when this is set. */
  always: ((position: number) => Error | undefined) | undefined;
  readonly #kept = new Map<number, Promise<void>>();
  readonly #waiting = new Map<number, { resolve(): void; reject(cause: Error): void }>();

  take = async ({ position }: MailEntry): Promise<KeptMail | undefined> => {
    this.taken.push(position);
    const until = this.#kept.get(position);
    if (until) return { until };
    const failure = this.always?.(position);
    if (failure) throw failure;
    if (this.instant || this.always) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.set(position, { resolve: () => resolve(undefined), reject });
    });
  };

  /** The mailbox is to keep it. @returns ends that */
  keep(position: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#kept.set(position, promise);
    return resolve;
  }

  land(position: number): void {
    this.#waiting.get(position)!.resolve();
    this.#waiting.delete(position);
  }

  fail(position: number, cause: Error): void {
    this.#waiting.get(position)!.reject(cause);
    this.#waiting.delete(position);
  }

  landAll(): void {
    for (const position of [...this.#waiting.keys()]) this.land(position);
  }
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
