import type { AccountNumber, DeviceId, Incarnation, MailId, MessageId } from '@magpie/common/ids.ts';
import { err, ok } from '@magpie/common/result.ts';
import type { Instant, WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';
import type { StoredMessage } from '../store/store.ts';
import { type Mail, MailPost, type Posted } from './mail-post.ts';
import { MailSender, type MailSenderOptions } from './mail-sender.ts';
import { Unsent } from './unsent.ts';

const BOB = 10_002 as AccountNumber;
const DEVICE = '0b'.repeat(16) as DeviceId;
const STORED: Posted = { kind: 'stored', expiresAt: 1_000 as WallMs };
const FULL: Posted = { kind: 'refused', reason: 'mailbox-full' };
const NO_KEY: Posted = { kind: 'refused', reason: 'no-mail-key' };

describe('messages into a mailbox (DL)', () => {
  it('[DL20] [DL21] puts a committed message in the same turn, and notes it when the server has it', async () => {
    const world = setUp();
    world.commit(1);
    expect(world.put).toEqual([1]);
    expect(world.noted).toEqual([]);
    await world.answer(STORED);
    expect(world.noted).toEqual([1]);
  });

  it('[DL21] has 16 under way, in order, and notes many with one call', async () => {
    const world = setUp();
    for (let n = 1; n <= 40; n++) world.commit(n);
    expect(world.put).toEqual(range(1, 16));
    await world.answer(STORED);
    expect(world.noteCalls).toBeLessThan(16);
    await world.answer(STORED);
    await world.answer(STORED);
    expect(world.put).toEqual(range(1, 40));
    expect(world.noted.toSorted((a, b) => a - b)).toEqual(range(1, 40));
  });

  it('[DL21] reads on from the store when more waits than is kept in memory', async () => {
    const world = setUp();
    for (let n = 1; n <= 200; n++) world.commit(n);
    for (let round = 0; round < 20; round++) await world.answer(STORED);
    expect(world.noted.toSorted((a, b) => a - b)).toEqual(range(1, 200));
  });

  it('[DL23] says that a mailbox is full, waits a minute, then two, and tries at once after a receipt', async () => {
    const world = setUp();
    world.commit(1);
    await world.answer(FULL);
    expect(world.refused).toEqual(['1 mailbox-full']);
    world.commit(2);
    expect(world.refused).toEqual(['1 mailbox-full', '2 mailbox-full']);
    expect(world.put).toEqual([1]);
    await world.pass(59_000);
    expect(world.put).toEqual([1]);
    await world.pass(16_001);
    expect(world.put).toEqual([1, 1, 2]);
    await world.answer(FULL);
    await world.pass(119_000);
    expect(world.put).toHaveLength(3);
    world.sender.handleReceipt(DEVICE, false);
    await world.pass(0);
    expect(world.put.slice(3)).toEqual([1, 2]);
    await world.answer(STORED);
    expect(world.noted).toEqual([1, 2]);
  });

  it('[DL24] seals again ever later, also for a device that receipts what was receipted', async () => {
    const world = setUp();
    world.commit(1);
    await world.answer(STORED);
    const lose = async (): Promise<number> => {
      world.expire(1);
      world.sender.handleCannotOpen(DEVICE);
      const before = world.put.length;
      await world.pass(1_000);
      await world.answer(STORED);
      return world.put.length - before;
    };
    expect(await lose()).toBe(1);
    world.sender.handleReceipt(DEVICE, false);
    expect(await lose()).toBe(0);
    await world.pass(10_000);
    await world.answer(STORED);
    world.sender.handleReceipt(DEVICE, true);
    expect(await lose()).toBe(1);
  });

  it('[DL23] says that a device has no key yet, asks after a second, then two, and at once on news of it', async () => {
    const world = setUp();
    world.commit(1);
    await world.answer(NO_KEY);
    world.commit(2);
    expect(world.refused).toEqual(['1 no-mail-key', '2 no-mail-key']);
    await world.pass(1_251);
    expect(world.put).toEqual([1, 1, 2]);
    await world.answer(NO_KEY);
    await world.pass(1_999);
    expect(world.put).toHaveLength(3);
    world.sender.handleNews(DEVICE);
    await world.pass(0);
    expect(world.put.slice(3)).toEqual([1, 2]);
    await world.answer(NO_KEY);
    // From the beginning again.
    await world.pass(1_251);
    expect(world.put.slice(5)).toEqual([1, 2]);
    for (let n = 0; n < 12; n++) {
      await world.answer(NO_KEY);
      await world.pass(75_001);
    }
    expect(world.put.slice(7 + 22)).toEqual([1, 2]);
    world.sender.handleNews('0c'.repeat(16) as DeviceId);
  });

  it('[DL23] lets a full mailbox be although there is news of the device', async () => {
    const world = setUp();
    world.commit(1);
    await world.answer(FULL);
    world.sender.handleNews(DEVICE);
    await world.pass(0);
    expect(world.put).toEqual([1]);
  });

  it('[DL22] looks again soon when its store fails as the link comes, and puts nothing new before what waits', async () => {
    const world = setUp();
    world.linkUp = false;
    world.commit(1);
    world.commit(2);
    world.linkUp = true;
    world.writesToFail = 2;
    const up = world.sender.handleLinkUp();
    world.commit(3);
    await up;
    await world.pass(0);
    expect(world.put).toEqual([1, 2, 3]);
    await world.answer(STORED);
    await world.pass(10_000);
    expect(world.writesToFail).toBe(-1);
  });

  it('[DL23] puts again what a lost link left open', async () => {
    const world = setUp();
    world.commit(1);
    world.linkUp = false;
    world.sender.handleLinkDown();
    await world.answer({ kind: 'not-now' });
    world.linkUp = true;
    await world.sender.handleLinkUp();
    await world.pass(0);
    expect(world.put).toEqual([1, 1]);
  });

  it('[DL21] puts again what was numbered anew while it was under way', async () => {
    const world = setUp();
    world.commit(1);
    world.sender.handleRenumbered();
    await world.answer(STORED);
    expect(world.noted).toEqual([]);
    await world.sender.handleLinkUp();
    await world.pass(0);
    expect(world.put).toEqual([1, 1]);
    await world.answer(STORED);
    expect(world.noted).toEqual([1]);
  });

  it('[DL22] looks every hour for what has expired', async () => {
    const world = setUp();
    await world.sender.handleLinkUp();
    world.commit(1);
    await world.answer(STORED);
    world.expire(1);
    await world.pass(3_600_001);
    expect(world.put).toEqual([1, 1]);
  });

  it('[DL33] leaves out what is being cancelled', () => {
    const world = setUp();
    world.unsent.add(idOf(1));
    world.unsent.hold(idOf(1));
    world.commit(1);
    expect(world.left).toEqual([]);
    expect(world.unsent.has(idOf(1))).toBe(true);
  });
});

describe('one mail (DL)', () => {
  it('[DL23] is sealed again at once with a newer key, and not for ever', async () => {
    let seals = 0;
    let stale = 0;
    const refused = err({ kind: 'refused', code: 'stale-mail-key', retryAfterMs: 0 } as const);
    const answers = [refused, ok({ type: 'mail-stored', requestId: 1 as never, expiresWallMs: 7 as WallMs } as const)];
    const cipher = {
      seal: async () => ok({ generation: 1, step: ++seals, envelope: new Uint8Array(8) }),
      handleStaleKey: () => void stale++,
      open: () => err({ kind: 'cannot-open', id: undefined } as const),
    };
    const mail: Mail = {
      to: { account: BOB, device: DEVICE },
      id: idOf(1) as string as MailId,
      kind: 'slot',
      contents: [],
    };
    const once = new MailPost({ cipher, request: async () => answers.shift()! });
    expect(await once.put(mail)).toEqual({ kind: 'stored', expiresAt: 7 });
    expect([seals, stale]).toEqual([2, 1]);
    const always = new MailPost({ cipher, request: async () => refused });
    expect(await always.put(mail)).toEqual({ kind: 'later', retryAfterMs: 0 });
    expect(seals).toBeLessThan(8);
  });

  it('[DL23] puts a mail ever more seldom while the store cannot note that the mailbox has it', async () => {
    const world = setUp();
    world.notesToFail = 1_000;
    world.commit(1);
    for (let turn = 0; turn < 1_200; turn++) {
      await world.answer(STORED);
      await world.pass(500);
    }
    expect(world.put.length).toBeLessThan(25);
    world.notesToFail = 0;
    await world.pass(75_000);
    await world.answer(STORED);
    expect(world.noted).toEqual([1]);
  });

  it('[DL24] puts again what cannot be opened before it was noted, or before the server has answered', async () => {
    for (const isAnswered of [false, true]) {
      const world = setUp();
      world.commit(1);
      if (isAnswered) {
        world.commit(2);
        world.holdNotes = true;
        await world.answer(STORED);
      }
      world.sender.handleLost(DEVICE, [idOf(isAnswered ? 2 : 1)]);
      world.sender.handleCannotOpen(DEVICE);
      world.releaseNotes();
      await world.answer(STORED);
      await world.pass(3_000);
      await world.answer(STORED);
      expect(world.put).toEqual(isAnswered ? [1, 2, 2] : [1, 1]);
      expect(world.noted).toEqual(isAnswered ? [1, 2] : [1]);
    }
  });

  it('[DL24] leaves out what it was told too often, puts the rest, and looks at it again each hour', async () => {
    const world = setUp();
    world.barred.add(1);
    for (let n = 1; n <= 3; n++) world.queue(n);
    world.sender.kick(DEVICE);
    await world.pass(0);
    await world.answer(STORED);
    expect(world.put).toEqual([2, 3]);
    for (let n = 100; n < 200; n++) world.barred.add(n);
    for (let n = 100; n < 200; n++) world.queue(n);
    await world.sender.handleLinkUp();
    await world.pass(0);
    expect(world.put).toEqual([2, 3]);
    world.barred.clear();
    await world.pass(3_600_001);
    expect(world.put.slice(2, 4)).toEqual([1, 100]);
  });
});

function setUp() {
  const time = new VirtualTime();
  const clock = new ProcessClock(time, { startMs: 0, wallSkewMs: 0 });
  const unsent = new Unsent();
  const mailed = new Set<number>();
  const committed: number[] = [];
  const open: ((posted: Posted) => void)[] = [];
  const world = {
    linkUp: true,
    put: [] as number[],
    left: [] as number[],
    noted: [] as number[],
    noteCalls: 0,
    refused: [] as string[],
    /** The store takes nothing, so many times. */
    writesToFail: 0,
    notesToFail: 0,
    barred: new Set<number>(),
    holdNotes: false,
    releaseNotes: () => {},
  };
  const options: MailSenderOptions = {
    clock,
    random: new SeededRandom(1, 'mail sender'),
    log: { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} },
    unsent,
    wallNow: () => 0 as WallMs,
    needsMail: () => (world.linkUp ? { account: BOB, device: DEVICE } : undefined),
    isBarred: (_device, id) => world.barred.has(numberOf(id)),
    onMessages: () => {},
    store: {
      unmailedTo: async (_chat, _device, limit) =>
        committed
          .filter((n) => !mailed.has(n))
          .slice(0, limit)
          .map(message),
      openings: async () => [],
      devicesBehind: async () => (committed.length > 0 ? [{ chat: BOB, device: DEVICE }] : []),
      expireMailed: async () => {
        if (world.writesToFail-- > 0) throw new Error('no space left');
        return [];
      },
      noteMailed: async (_device, ids) => {
        world.noteCalls++;
        if (world.notesToFail-- > 0) throw new Error('no space left');
        if (world.holdNotes) {
          world.holdNotes = false;
          await new Promise<void>((resolve) => {
            world.releaseNotes = resolve;
          });
        }
        for (const id of ids) {
          mailed.add(numberOf(id));
          world.noted.push(numberOf(id));
        }
        return [];
      },
      noteMailRefused: async (_device, id, reason) => {
        world.refused.push(`${numberOf(id)} ${reason}`);
        return [];
      },
    },
    post: {
      put: ({ id, mayLeave }) => {
        world.put.push(numberOf(id));
        if (mayLeave?.() === false) return Promise.resolve({ kind: 'not-now' });
        world.left.push(numberOf(id));
        return new Promise((resolve) => open.push(resolve));
      },
    },
  };
  const sender = new MailSender(options);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  return Object.assign(world, {
    sender,
    unsent,
    commit: (n: number) => {
      committed.push(n);
      sender.handleCommitted(message(n), DEVICE);
    },
    queue: (n: number) => committed.push(n),
    expire: (n: number) => mailed.delete(n),
    answer: async (posted: Posted) => {
      for (const resolve of open.splice(0)) resolve(posted);
      await settle();
    },
    pass: async (ms: number) => {
      const endMs = time.nowMs + ms;
      for (let next = time.nextAtMs; next !== undefined && next <= endMs; next = time.nextAtMs) {
        time.runNext();
        await settle();
      }
      time.jumpTo(endMs);
      await settle();
    },
    now: (): Instant => clock.now(),
  });
}

function message(n: number): StoredMessage {
  return {
    id: idOf(n),
    chat: BOB,
    direction: 'out',
    device: '0a'.repeat(16) as DeviceId,
    incarnation: '01'.repeat(8) as Incarnation,
    // Each the first of its numbering, so that no opening is looked for.
    sequence: 1,
    stamp: { wallMs: n as WallMs, counter: 0 },
    kind: 'text',
    text: `text ${n}`,
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
    change: n,
    born: n,
  };
}

function idOf(n: number): MessageId {
  return n.toString(16).padStart(32, '0') as MessageId;
}

function numberOf(id: MessageId | MailId): number {
  return Number.parseInt(id, 16);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
