import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { ok, type Result } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';
import type { Answer, RequestError } from '../server-link/server-connection.ts';
import { type Contact, NO_NOTES } from '../store/store.ts';
import { ContactBook } from './contact-book.ts';
import { LastSeen } from './last-seen.ts';

describe('when friends were last here (SV92)', () => {
  it('[SV92] is asked once per connection, in batches, of friends who are offline and of whom nothing is known', async () => {
    const world = lastSeenWorld(300);
    world.presence(10_000, 'online');
    world.presence(10_001, 'offline', 600_000);
    world.lastSeen.handleLinkUp();
    await world.run(10_000);
    expect(world.asked.map((accounts) => accounts.length)).toEqual([128, 128, 42]);
    expect(world.asked.flat()).not.toContain(10_000);
    expect(world.asked.flat()).not.toContain(10_001);
    world.lastSeen.handleContacts();
    await world.run(10_000);
    expect(world.asked).toHaveLength(3);
    world.lastSeen.handleLinkUp();
    await world.run(10_000);
    // Who told is known; the others may tell now.
    expect(world.asked.slice(3).flat()).toHaveLength(149);
  });

  it('[SV92] is what the answer says, and nothing of who does not tell', async () => {
    const world = lastSeenWorld(2);
    world.lastSeen.handleLinkUp();
    await world.run(10_000);
    expect(world.book.lastSeenOf(10_000 as AccountNumber)).toBe(1_200_000);
    expect(world.book.lastSeenOf(10_001 as AccountNumber)).toBeUndefined();
  });

  it('[SV92] of an answer that comes after the connection has ended is forgotten', async () => {
    const world = lastSeenWorld(1);
    world.answerMs = 1_000;
    world.lastSeen.handleLinkUp();
    await world.run(2_500);
    expect(world.asked).toHaveLength(1);
    world.lastSeen.handleLinkDown();
    await world.run(10_000);
    expect(world.book.lastSeenOf(10_000 as AccountNumber)).toBeUndefined();
  });
});

/** Friends from number 10000 up, all offline; who has an even number tells. */
function lastSeenWorld(friends: number) {
  const time = new VirtualTime();
  const book = new ContactBook();
  book.load(Array.from({ length: friends }, (_, i) => friend(10_000 + i)));
  book.beginPresence();
  const asked: (readonly number[])[] = [];
  const world = {
    book,
    asked,
    answerMs: 10,
    presence: (account: number, status: 'online' | 'offline', lastSeenWallMs = 0) =>
      void book.setPresence({ account: account as AccountNumber, status, devices: [], text: '', lastSeenWallMs }),
    lastSeen: undefined as unknown as LastSeen,
    run: async (ms: number) => {
      const until = time.nowMs + ms;
      time.schedule(until, () => {});
      while (time.nowMs < until) {
        time.runNext();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  world.lastSeen = new LastSeen({
    clock: new ProcessClock(time, { startMs: 0, wallSkewMs: 0 }),
    book,
    request: (request): Promise<Result<Answer, RequestError>> => {
      if (request.type !== 'last-seen-get') throw new Error('another question');
      asked.push(request.accounts);
      const telling = request.accounts.filter((account) => account % 2 === 0);
      const entries = telling.map((account) => ({ account, atWallMs: 1_200_000 }));
      const answer = { type: 'last-seen', requestId: 1, entries } as unknown as FrameOf<'last-seen'>;
      return new Promise((resolve) => time.schedule(time.nowMs + world.answerMs, () => resolve(ok(answer))));
    },
  });
  return world;
}

function friend(account: number): Contact {
  return {
    account: account as AccountNumber,
    name: `friend${account}` as AccountName,
    displayName: '',
    state: 'member',
    version: 1,
    accountKey: new Uint8Array(32),
    deviceList: new Uint8Array(0),
    text: '',
    signatureLine: '',
    pinnedKey: new Uint8Array(32),
    unread: 0,
    local: NO_NOTES,
  };
}
