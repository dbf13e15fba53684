import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { StoredMessage } from '../store/store.ts';
import type { Mail, Posted } from './mail-post.ts';
import { mailIdOf, slotId } from './message-content.ts';
import { OwnCopiesOut, type OwnCopiesOutOptions } from './own-copies-out.ts';
import { A, BOB, TestTime } from './test-incoming.ts';

const LAPTOP = { account: 10_001 as AccountNumber, device: 'dd'.repeat(16) as DeviceId };
const CAROL = 10_003 as AccountNumber;
const STORED = { kind: 'stored', expiresAt: 9 as WallMs } as const;

describe('copies for an own device that cannot open them (DL)', () => {
  let time: TestTime;
  let put: string[];
  let answers: Posted[];
  let count: number;
  let copiedTo: number;
  let whilePut: () => void;
  let owed: () => Awaited<ReturnType<OwnCopiesOutOptions['store']['copyStatesOwed']>>;
  let copies: OwnCopiesOut;
  beforeEach(async () => {
    whilePut = () => {};
    owed = () => [];
    time = new TestTime();
    put = [];
    answers = [];
    count = 4;
    copiedTo = 4;
    copies = new OwnCopiesOut({
      ...{ clock: time.clock, random: new SeededRandom(1, 'copies'), log: silentLog, linkUp: () => true },
      others: () => [LAPTOP],
      post: {
        put: async ({ id }: Mail) => {
          put.push(mailIdOf(messageId(numberOf(id))) === id ? `${numberOf(id)}` : `slot ${numberOf(id)}`);
          whilePut();
          return answers.shift() ?? STORED;
        },
      },
      store: {
        meetOwnDevices: async () => {},
        uncopiedTo: async (_device: DeviceId, limit: number) =>
          Array.from({ length: Math.min(limit, count - copiedTo) }, (_, index) => ({
            ...message(copiedTo + 1 + index),
            copyPlace: copiedTo + 1 + index,
          })),
        noteCopied: async (_device: DeviceId, copyPlace: number) => {
          copiedTo = Math.max(copiedTo, copyPlace);
        },
        forgetCopied: async (_device: DeviceId, ids: readonly MessageId[], further: number) => {
          const oldest = Math.min(...ids.map(numberOf));
          copiedTo = Math.max(0, Math.min(copiedTo, oldest - 1 - further));
        },
        copyStatesOwed: async () => owed(),
        copyStates: async () => [{ incarnation: A, deliveredUpTo: 2, readUpTo: 0 }],
        noteCopyStatesTold: async (_device: DeviceId, told: AccountNumber) => {
          const left = owed().filter(({ chat }) => chat !== told);
          owed = () => left;
        },
      },
    });
    await copies.handleDevices();
    await time.pass(10);
  });

  it('[DL24] seals them all anew, also what is named a moment later', async () => {
    await copies.handleCannotOpen(LAPTOP.device, ids(4), false);
    await time.pass(500);
    await copies.handleCannotOpen(LAPTOP.device, ids(2, 3, 4), false);
    await time.pass(30_000);
    expect(put).toEqual(['4']);
    await time.pass(600_000);
    expect(put).toEqual(['4', '2', '3', '4']);
  });

  it('[DL24] goes on with what was not taken, and behind what is named while others are put', async () => {
    answers = [{ kind: 'later', retryAfterMs: 0 }];
    await copies.handleCannotOpen(LAPTOP.device, ids(3), false);
    count = 5;
    copies.handleCommitted();
    await time.pass(10_000);
    expect(put.slice(1)).toEqual(expect.arrayContaining(['3', '4', '5']));
    expect(copiedTo).toBe(5);
  });

  it('[DL24] goes further back where more is lacked than can be named', async () => {
    await copies.handleCannotOpen(LAPTOP.device, ids(3, 4), true);
    await time.pass(10);
    expect(put).toEqual(['1', '2', '3', '4']);
  });

  it('[DL31] tells what rests on a recall behind its copy, also when it is recalled just then', async () => {
    owed = () => {
      count = 5;
      return [{ chat: BOB, incarnation: A, deliveredUpTo: 4, readUpTo: 4 }];
    };
    copies.handleStates();
    await time.pass(1_000);
    expect(put.slice(0, 2)).toEqual(['5', `slot ${BOB}`]);
  });

  it('[DL31] tells states behind copies that are lacked while others are put', async () => {
    owed = () => [{ chat: BOB, incarnation: A, deliveredUpTo: 4, readUpTo: 4 }];
    count = 5;
    whilePut = lacking(4);
    copies.handleStates();
    await time.pass(600_000);
    expect(put).toEqual(['5', '4', '5', `slot ${BOB}`]);
  });

  it('[DL31] tells states behind copies that are lacked while those of another chat are told', async () => {
    owed = () => [BOB, CAROL].map((chat) => ({ chat, incarnation: A, deliveredUpTo: 4, readUpTo: 4 }));
    whilePut = lacking(4);
    copies.handleStates();
    await time.pass(600_000);
    expect(put.slice(0, 3)).toEqual([`slot ${BOB}`, '4', `slot ${CAROL}`]);
  });

  it('[DL31] tells states that could not be looked up once they can', async () => {
    owed = () => {
      owed = () => [{ chat: BOB, incarnation: A, deliveredUpTo: 4, readUpTo: 4 }];
      throw new Error('the disk is full');
    };
    copies.handleStates();
    await time.pass(120_000);
    expect(put).toEqual([`slot ${BOB}`]);
  });

  it('[DL31] tells the states of a chat again whose slot could not be opened', async () => {
    await copies.handleCannotOpen(LAPTOP.device, [slotId(BOB) as string as MessageId], false);
    await time.pass(10);
    expect(put).toEqual([`slot ${BOB}`]);
  });

  function lacking(n: number): () => void {
    return () => {
      whilePut = () => {};
      void copies.handleCannotOpen(LAPTOP.device, ids(n), false);
    };
  }
});

function ids(...numbers: readonly number[]): readonly MessageId[] {
  return numbers.map((n) => messageId(n));
}

/** As the real ones, which begin with the time. */
function messageId(n: number): MessageId {
  return `01${n.toString(16).padStart(30, '0')}` as MessageId;
}

function numberOf(id: string): number {
  return Number.parseInt(id.slice(2), 16);
}

function message(n: number): StoredMessage {
  const numbered = { id: messageId(n), chat: BOB, device: 'a0'.repeat(16) as DeviceId, incarnation: A, sequence: n };
  const nothing = { replyTo: undefined, target: undefined, road: undefined, editedAt: undefined };
  return {
    ...{ ...numbered, ...nothing, direction: 'out', kind: 'text', text: 'said', on: false, state: 'stored' },
    ...{ stamp: { wallMs: n as WallMs, counter: 0 }, reason: '', recalled: false, reactions: [], pendingChanges: 0 },
    ...{ returned: false, change: n, born: n },
  };
}
